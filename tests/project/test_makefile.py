"""Every target that is called by name says in `make help` what it is for."""

from __future__ import annotations

import re
from pathlib import Path

MAKEFILE = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8")
CALLED_BY_NAME = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)[0].split())
EXPLAINED = re.findall(r"^([a-z]+):.*## \S", MAKEFILE, flags=re.MULTILINE)


def test_each_target_has_its_line_in_the_help() -> None:
    assert sorted(EXPLAINED) == sorted(CALLED_BY_NAME)


def test_the_help_is_what_make_alone_prints() -> None:
    assert ".DEFAULT_GOAL := help" in MAKEFILE
