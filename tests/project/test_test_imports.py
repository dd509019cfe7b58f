"""Test files find each other by whole names, `tests.folder.module`: no folder is put on Python's path."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "tests").rglob("*.py"))
EDIT = re.compile(r"^\s*sys\.path\b", flags=re.MULTILINE)


def test_no_test_file_edits_the_path() -> None:
    assert len(SOURCES) > 100
    edited = [path for path in SOURCES if EDIT.search(path.read_text(encoding="utf-8"))]
    assert edited == [], "import by the whole name instead: from tests.folder.module import ..."
