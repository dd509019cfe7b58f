"""`make long` knows every campaign that can be run by hand, and goes on after one that failed."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from benchmarks.long import RUNS, Run, run_all

ROOT = Path(__file__).parents[2]
# One with arguments that are no options is a process of another run.
BY_HAND = sorted(
    {
        module
        for path in (ROOT / "benchmarks").rglob("*.py")
        for module in re.findall(
            r"^    python -m (benchmarks[\w.]+)(?![\w.]| [A-Z])",
            path.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }
    - {"benchmarks.long"}
)


def test_there_is_something_to_look_at() -> None:
    assert len(BY_HAND) > 10


@pytest.mark.parametrize("module", BY_HAND)
def test_what_is_run_by_hand_is_in_the_list(module: str) -> None:
    assert module in {word for run in RUNS for word in run.command}


def test_each_has_a_name_of_its_own() -> None:
    assert len({run.name for run in RUNS}) == len(RUNS)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_what_the_list_runs_is_there(run: Run) -> None:
    program, kind, what = run.command[:3]
    if kind == "-m":
        assert importlib.util.find_spec(what) is not None
    else:
        assert program == "sh"
        assert (ROOT / kind).is_file()


def test_the_next_is_run_after_one_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    ran = []

    def call(command: list[str]) -> int:
        ran.append(command)
        return 3 if command == ["sh", "second"] else 0

    runs = [Run(name, f"{name} of all", f"sh {name}") for name in ("first", "second", "third")]
    assert run_all(runs, call) == ["second"]
    assert [words[1] for words in ran] == ["first", "second", "third"]
    said = capsys.readouterr().out
    assert "2 of 3: second: second of all\n$ sh second\n" in said
    assert re.search(r"^second +0 s  FAILED, exit code 3$", said, re.MULTILINE)
