"""What a device model can is told once by the drivers and once, read apart, by the simulators."""

from __future__ import annotations

import ast
from pathlib import Path

HOME = "hardware/arroyo/models.py"
_READINGS = (("hardware", "tosca_kiosk", "configs"), ("simulators",))


def _keys(path: Path) -> set[str]:
    """Return the texts that tables in a file are keyed by."""
    return {
        key.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def second_homes(root: Path) -> list[str]:
    """Return a line for each file that tells again what a device model can."""
    models = {key for key in _keys(root / HOME) if key.isdigit()}
    found = []
    for folders in _READINGS:
        homes = [
            name
            for folder in folders
            for path in sorted((root / folder).rglob("*.py"))
            if _keys(path) & models and (name := path.relative_to(root).as_posix())
        ]
        home = HOME if HOME in homes else next(iter(homes), "")
        found += [
            f"{name} tells again what a device model can: its home is {home}, read it from there"
            for name in homes
            if name != home
        ]
    return found
