"""A record with several values of one type is made by keyword: two that are swapped would fit, too.

Rows of tables stay positional where a table's columns are told above it; each is named here, with what holds
its values by name.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("tosca_kiosk", "hardware", "simulators")

TABLES = {
    "Interlock": "printed by name in domain/INTERLOCKS.md",
    "FirstFault": "printed by name in domain/INTERLOCKS.md",
    "BeamRow": "printed by name in domain/STATES.md",
    "Check": "each is failed by its name, tests/control/test_self_test.py",
    "Column": "printed by name in exports/EXPORTS.md",
    "Table": "printed by name in exports/EXPORTS.md",
    "Written": "printed by name in exports/EXPORTS.md",
    "Range": "every edge is tried, tests/config/test_config_fields.py",
}
"""Tables in which a row is a line."""

PAIRS = {
    "PathError": "where, and what is said of it",
    "TurnedAway": "what was asked, and why not",
    "Origin": "a table, and a column of it",
    "Reading": "a value, when it was asked for, when it came",
    "StatusLine": "in the order of the wire; tests/hardware/test_board_status.py holds each by name",
}
"""In the order in which they are read or happen."""

Fields = list[tuple[str, str]]


def _records(trees: dict[str, ast.Module]) -> dict[tuple[str, str], Fields]:
    """Return the fields and types of every dataclass, NamedTuple and Struct, by module and name."""
    found = {}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            made_by = " ".join(ast.unparse(part) for part in (*node.bases, *node.decorator_list))
            if any(kind in made_by for kind in ("Struct", "NamedTuple", "dataclass")):
                found[module, node.name] = [
                    (line.target.id, ast.unparse(line.annotation))
                    for line in node.body
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                    if "ClassVar" not in ast.unparse(line.annotation)
                ]
    return found


def _blind(module: str, tree: ast.Module, records: dict[tuple[str, str], Fields]) -> Iterator[str]:
    """Yield every call that gives a record several values of one type by position."""
    homes = {
        name.asname or name.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        name = node.func.id
        fields = records.get((homes.get(name, module), name)) or records.get((module, name))
        if fields is None or name in TABLES or name in PAIRS:
            continue
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            continue  # unpacked by the same order in which it was packed
        kinds = Counter(kind for _, kind in fields[: len(node.args)])
        if any(count > 1 for count in kinds.values()):
            yield f"{module}, line {node.lineno}: {name}"


@pytest.mark.slow
def test_values_of_one_type_are_named() -> None:
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for folder in PRODUCT
        for path in (ROOT / folder).rglob("*.py")
    }
    trees = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in paths.items()}
    records = _records(trees)
    assert len(records) > 100
    blind = [call for module, tree in trees.items() for call in _blind(module, tree, records)]
    assert not blind, "name the values: Record(first=..., second=...)"
