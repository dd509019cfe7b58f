"""Tests side by side: they run at the same time, and each fails alone."""

from threading import Barrier
from types import SimpleNamespace

import pytest

from tests.side_by_side import SideBySide

WITHIN_S = 30.0


def session_of(path, *names, cases=((),)):
    """What a fixture's request says of a session that has chosen these tests of a file, in these cases."""
    items = [
        SimpleNamespace(path=path, originalname=name, callspec=SimpleNamespace(params={"case": case}))
        for name in names
        for case in cases
    ]
    return SimpleNamespace(path=path, session=SimpleNamespace(items=items))


def test_two_that_wait_for_each_other_meet(tmp_path):
    trials, met = SideBySide(), Barrier(2, timeout=WITHIN_S)

    @trials.cases([("one",), ("other",)])
    def waits(folder, name):
        met.wait()

    both = session_of(tmp_path, "waits", cases=[("one",), ("other",)])
    with trials.running(both, lambda: tmp_path) as outcome:
        waits(outcome, ("one",))
        waits(outcome, ("other",))
    assert not met.broken


def test_one_that_fails_fails_alone_and_what_was_not_chosen_does_not_run(tmp_path):
    trials, ran = SideBySide(), []

    @trials.test
    def passes(folder):
        ran.append("passes")

    @trials.test
    def fails(folder):
        ran.append("fails")
        pytest.fail("as it should")

    @trials.test
    def was_not_chosen(folder):
        ran.append("was not chosen")

    with trials.running(session_of(tmp_path, "passes", "fails"), lambda: tmp_path) as outcome:
        passes(outcome)
        with pytest.raises(pytest.fail.Exception, match="as it should"):
            fails(outcome)
    assert sorted(ran) == ["fails", "passes"]
