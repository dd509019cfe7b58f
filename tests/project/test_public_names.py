"""A public name has a caller: what only its own tests use is no part of the program.

Kivy calls what begins with `on_`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("tosca_kiosk", "hardware", "simulators", "configs")
CALLERS = (*PRODUCT, "benchmarks")
_WORD = re.compile(r"\w+")

BY_OTHERS = {
    "list_commands": "click calls it",
    "get_command": "click calls it",
    "reset_input_buffer": "a serial port has it, and whoever is given one may call it",
    "reset_output_buffer": "a serial port has it, and whoever is given one may call it",
    "unanswered_questions": "what a driver made of its line: its tests ask",
    "refused_answers": "what a driver made of its line: its tests ask",
    "LOST_WAYS": "the papers print it",
    "steady_state_power_curve": "what the shipped calibrations are held to",
}
"""Names that somebody outside calls, and who."""


def _texts() -> dict[Path, str]:
    paths = (
        path for folder in CALLERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".kv")
    )
    return {path: path.read_text(encoding="utf-8") for path in paths}


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a decorator registers it, as click's do with commands and Alembic's runs with upgrades."""
    return any("command" in ast.unparse(decorator) for decorator in node.decorator_list)


def _defined(text: str) -> Iterator[str]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and not _decorated(node):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from (method.name for method in node.body if isinstance(method, ast.FunctionDef))
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


@pytest.mark.slow
def test_every_public_name_has_a_caller() -> None:
    texts = _texts()
    used = Counter[str]()
    for text in texts.values():
        used.update(_WORD.findall(text))
    lonely = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in texts.items()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in PRODUCT
        and "versions" not in path.parts
        for name in _defined(text)
        if not name.startswith(("_", "on_")) and used[name] == 1 and name not in BY_OTHERS
    ]
    assert not lonely, "nobody uses these; make them private, or take them out"


def test_nobody_is_named_for_what_is_gone() -> None:
    words = set(_WORD.findall(" ".join(_texts().values())))
    assert BY_OTHERS.keys() <= words
