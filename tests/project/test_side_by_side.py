"""Tests side by side: they run at the same time, and each fails alone."""

from itertools import count
from threading import Barrier
from types import SimpleNamespace

import msgspec
import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import bench as simulated_bench
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.journal_lines import ChainReader, ChainWriter, TickLine
from tosca_kiosk.journal import JOURNAL_NAME

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


def test_a_body_that_would_not_run_is_no_success(tmp_path):
    trials = SideBySide()

    @trials.test
    def generates(folder):
        yield
        raise AssertionError("nobody comes here")

    with (
        trials.running(session_of(tmp_path, "generates"), lambda: tmp_path) as outcome,
        pytest.raises(AssertionError, match="generates returns <generator"),
    ):
        generates(outcome)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The journal of a session in which nothing happens."""
    folder = tmp_path_factory.mktemp("session")
    with simulated_bench() as cart:
        cart.run(cart.operator.prepare())
        cart.open(folder, constant(5.0, 2.0))
        cart.wait(0.2)
        cart.controller.submit(Command(0, CommandType.CLOSE_SESSION))
        cart.wait(0.1)
        cart.controller.end_session()
    return (folder / JOURNAL_NAME).read_bytes()


def decided_otherwise(journal):
    """The same with an output that was not decided, in a chain that is whole."""
    reader, writer = ChainReader(journal), ChainWriter()
    lines = [writer.header(reader.header)]
    for number, line in enumerate(reader.ticks_json()):
        tick = msgspec.json.decode(line, type=TickLine)
        if number == 5:
            tick = msgspec.structs.replace(tick, o=msgspec.structs.replace(tick.o, laser_output=True))
        lines.append(writer.tick(tick))
    return b"".join(lines)


@pytest.mark.parametrize("place", [".", "data/sessions/1_20261130_120000"])
def test_a_journal_that_decides_otherwise_fails_its_test_and_a_damaged_one_does_not(tmp_path, journal, place):
    """Nobody closes it in this process: as one of a process of the test's own."""
    contents = {
        "same": journal,
        "other": decided_otherwise(journal),
        "damaged": journal[:200] + journal[210:],
    }
    trials = SideBySide()

    @trials.cases([(name,) for name in contents])
    def leaves(folder, name):
        path = folder / place / JOURNAL_NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[name])

    names = session_of(tmp_path, "leaves", cases=[(name,) for name in contents])
    folders = (tmp_path / str(number) for number in count())

    def folder_anew():
        made = next(folders)
        made.mkdir()
        return made

    with trials.running(names, folder_anew) as outcome:
        leaves(outcome, ("same",))
        leaves(outcome, ("damaged",))
        with pytest.raises(AssertionError, match="laser_output"):
            leaves(outcome, ("other",))
