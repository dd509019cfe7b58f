"""What a device model can is told once by the drivers and once, read apart, by the simulators."""

from __future__ import annotations

import ast
from pathlib import Path

HOME = "hardware/arroyo/models.py"
HOMES = frozenset(
    {
        HOME,
        "simulators/wire/arroyo_models.py",
        "simulators/wire/arroyo_laser.py",
        "simulators/wire/arroyo_tec.py",
    }
)
_FOLDERS = ("hardware", "simulators", "tosca_kiosk", "configs")


def _constants(path: Path) -> set[object]:
    """Return every constant that stands in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def _models(root: Path) -> set[object]:
    """Return the names that the tables of models are keyed by."""
    return {
        key.value
        for node in ast.walk(ast.parse((root / HOME).read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }


def second_homes(root: Path) -> list[str]:
    """Return a line for each other file that names a device model."""
    models = _models(root)
    paths = (path for folder in _FOLDERS for path in sorted((root / folder).rglob("*.py")))
    named = {path.relative_to(root).as_posix(): _constants(path) & models for path in paths}
    return [
        f"{name} names {', '.join(sorted(map(str, found)))}: what a device model can is told in {HOME}, "
        "read it from there"
        for name, found in named.items()
        if found and name not in HOMES
    ]
