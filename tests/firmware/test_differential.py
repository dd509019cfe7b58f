"""Simulator and firmware, each written from WIRE.md, say the same to the same pins and bytes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.firmware.chip import framed
from benchmarks.firmware.comparison import (
    Pins,
    Restart,
    Say,
    Settle,
    Step,
    Wait,
    Want,
    differences,
    play_to_both,
    treating,
)
from benchmarks.firmware.scripts import LONGEST_BODY, RELEASED, Script, scripts

pytestmark = pytest.mark.process

BOTH_OPEN = Pins((("no", 0), ("nc", 0)))
BOTH_CLOSED = Pins((("no", 1), ("nc", 1)))


def say(body: str) -> Say:
    return Say(framed(body).encode("latin-1"))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=scripts(most_steps=8))
def test_both_boards_say_the_same_to_the_same_pins_and_bytes(firmware_build: str, script: Script) -> None:
    assert differences(play_to_both(*script)) == []


TOLD_APART: list[tuple[str, list[Step], list[str]]] = [
    ("a NUL is no end of a number", [say("HB,7,1\0,1"), say("MO,7,1\0")], ["ER,7,2", "ER,7,2"]),
    ("a NUL is no end of a name", [say("M\0,7,1"), say("ID\0,7")], ["ER,7,1", "ER,7,1"]),
    (
        "a longest line counts from its $",
        [Say(b"noise " + framed("XX,7,".ljust(LONGEST_BODY, "0")).encode())],
        ["ER,7,1"],
    ),
    ("a line of 81 characters is dropped", [say("XX,7,".ljust(LONGEST_BODY + 1, "0"))], []),
    (
        "a fault 2 is not cleared while motor runs and nothing shakes",
        [*treating(), Settle((("vibration_mg", 0),)), RELEASED, say("CL,2")],
        ["OK,1", "ER,2,3"],
    ),
    (
        "a fault 0 is not cleared while the contacts are no sound pair",
        [BOTH_CLOSED, Wait(4), RELEASED, BOTH_OPEN, say("CL,2"), RELEASED, say("CL,3")],
        ["ER,2,3", "OK,3"],
    ),
    (
        "a fault 3 is not cleared before the host speaks again",
        [*treating(), Wait(19), RELEASED, say("CL,2"), Want(1), say("CL,3")],
        ["OK,1", "ER,2,3", "OK,3"],
    ),
    (
        "a fault 4 is not cleared while the gate stays closed",
        [*treating(), Pins((("relay", "welded"),)), RELEASED, Wait(4), say("CL,2")],
        ["OK,1", "ER,2,3"],
    ),
    (
        "a fault 5 leaves no cause",
        [*treating(), Wait(3), Pins((("relay", "stuck"),)), RELEASED, say("CL,2")],
        ["OK,1", "OK,2"],
    ),
    (
        "a fault 6 is not cleared while the motor runs without an accelerometer",
        [*treating(), Settle((("accelerometer", "none"),)), RELEASED, say("CL,2")],
        ["OK,1", "ER,2,3"],
    ),
    (
        "an accelerometer that never was there is not lost",
        [Settle((("accelerometer", "none"),)), say("MO,1,127"), say("CL,2")],
        ["OK,1", "OK,2"],
    ),
]


@pytest.mark.parametrize(
    ("steps", "answers"), [row[1:] for row in TOLD_APART], ids=[row[0] for row in TOLD_APART]
)
def test_both_boards_read_the_page_alike(firmware_build: str, steps: list[Step], answers: list[str]) -> None:
    records = play_to_both(steps)
    assert differences(records) == []
    assert records["firmware"].answers == answers


BEATS = (("1", "0", "1"), ("0", "1", "0"), ("0", "1", "1"), ("1", "1", "0"))


@pytest.mark.parametrize("wants", BEATS)
@pytest.mark.parametrize("closed", [True, False])
def test_heartbeats_in_one_write_move_both_gates_alike(
    firmware_build: str, closed: bool, wants: tuple[str, ...]
) -> None:
    before = treating() if closed else [*treating(), Want(0), Wait(2)]
    beats = "".join(framed(f"HB,{number},{want}") for number, want in enumerate(wants))
    assert differences(play_to_both([*before, Say(beats.encode()), Want(int(wants[-1]))])) == []


def test_of_60_questions_in_one_write_both_answer_alike_many_and_tell_every_status(
    firmware_build: str,
) -> None:
    """Which of them depends on when each board's status was due."""
    questions = "".join(framed(f"ID,{number}") for number in range(60)).encode()
    records = play_to_both([Say(questions), Wait(10), say("AI,61,0")])
    answered = {kind: len(record.answers) for kind, record in records.items()}
    assert abs(answered["simulator"] - answered["firmware"]) <= 3, answered
    for record in records.values():
        assert record.gaps == 0
        assert [answer.split(",")[1] for answer in record.answers[:3]] == ["0", "1", "2"]
        assert record.answers[-1] == "OK,61"


@pytest.mark.parametrize("by_watchdog", [True, False])
def test_a_restart_leaves_both_boards_alike(firmware_build: str, by_watchdog: bool) -> None:
    records = play_to_both([*treating(), RELEASED], Restart(by_watchdog))
    assert differences(records) == []
    left = records["firmware"].after_restart
    assert left is not None
    assert left.faults == (0x80 if by_watchdog else 0)


def test_a_board_that_reads_the_page_otherwise_is_told_apart(
    firmware_build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time, a limit or an answer of the simulator changed, each of which must be found."""
    steps = [*treating(), Wait(17), say("MO,2,153"), say("CL,3"), BOTH_CLOSED, Wait(4)]
    assert differences(play_to_both(steps)) == []
    for name, changed, found in (
        ("board.HOST_SILENCE_S", 0.230, "fault 3"),
        ("board.MOTOR_SPIN_UP_S", 0.650, "gate"),
        ("board_lines.VALUE_RANGES", {"HB": (0, 1), "MO": (0, 152), "CL": None}, "answers"),
        ("board_lines.NOT_NOW", 2, "answers"),
        ("board_pedal.PRESS_DEBOUNCE_S", 0.026, "pedal"),
        ("board_pedal.BOTH_CLOSED_FAULT_S", 0.070, "fault 0"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(f"simulators.wire.{name}", changed)
            assert [line for line in differences(play_to_both(steps)) if line.startswith(found)], name


def test_the_scripts_begin_with_a_gate_that_closes(firmware_build: str) -> None:
    for record in play_to_both(treating()).values():
        assert [change.value for change in record.changes["gate"]] == [1]
