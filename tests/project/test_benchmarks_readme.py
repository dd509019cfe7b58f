"""What the benchmarks' README says is there, is there, and every command of theirs is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
README = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
ROOMS = re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE)
MODULES = sorted(set(re.findall(r"python -m (benchmarks[.\w]+)", README)))
MUTATION = (BENCHMARKS / "exhaustive" / "mutation.sh").read_text(encoding="utf-8")
FILES = sorted(set(re.findall(r"(?:tests|benchmarks|tosca_kiosk)/[\w/]+\.(?:py|sh)", README + MUTATION)))
PROGRAMS = {
    "benchmarks.exhaustive.power_cut_work",
    "benchmarks.rigs.daily_questions",
    "benchmarks.rigs.standin_kiosk",
    "benchmarks.rigs.treating_kiosk",
}
"""Started by other programs, never by a person."""


def runnable() -> list[str]:
    """Return how each command is called."""
    found = []
    for path in sorted(BENCHMARKS.rglob("*.py")):
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8"):
            parts = path.relative_to(BENCHMARKS.parent).with_suffix("").parts
            found.append(".".join(parts).removesuffix(".__main__"))
    return found


def test_every_room_is_described() -> None:
    assert sorted(ROOMS) == sorted(path.parent.name for path in BENCHMARKS.glob("*/__init__.py"))


def test_every_command_is_named() -> None:
    assert sorted(set(runnable()) - PROGRAMS) == MODULES


def test_every_suite_is_named() -> None:
    suites = {f"benchmarks/bench/{path.name}" for path in (BENCHMARKS / "bench").glob("test_bench_*.py")}
    assert suites <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_a_file_it_names_is_there(file: str) -> None:
    assert (BENCHMARKS.parent / file).is_file()
