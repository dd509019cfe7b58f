"""Every package has a floor, and no import climbs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

CONTAINER = "tosca_kiosk"
_NAME = re.compile(r"\w+")
_BROKEN = re.compile(r"^(.+?)\s+BROKEN", flags=re.MULTILINE)


def _floors(root: Path) -> set[str]:
    linted = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers: dict[str, Any] = next(one for one in linted["contracts"] if one.get("exhaustive"))
    return {name for layer in layers["layers"] for name in _NAME.findall(layer)}


def packages_without_a_floor(root: Path) -> list[str]:
    """Return a line for each package of `tosca_kiosk` that the contract of layers does not name."""
    packages = {path.parent.name for path in (root / CONTAINER).glob("*/__init__.py")}
    return [
        f"{CONTAINER}/{name} stands on no floor: give it one in the layers of [tool.importlinter] in "
        f"pyproject.toml, and a line in {CONTAINER}/ARCHITECTURE.md"
        for name in sorted(packages - _floors(root))
    ]


def broken_contracts(root: Path) -> list[str]:
    """Return a line for each contract that import-linter finds broken."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "200"},  # a contract on a line
    )
    if linted.returncode == 0:
        return []
    names = _BROKEN.findall(linted.stdout) or [(linted.stderr or linted.stdout).strip()]
    return [f"imports: {name} - broken; `lint-imports` shows which import, take it out" for name in names]
