"""The firmware speaks as WIRE.md says: statuses, commands, error codes and what it drops."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
import serial

from benchmarks.firmware.chip import (
    CYCLES_PER_MS,
    SERIAL_NUMBER,
    SimulatedBoardChip,
    answers,
    framed,
    statuses,
)
from benchmarks.firmware.host import ACCELEROMETER, AIMING, ALIVE, MOTOR, PRESSED, STOP, WANTED, Host

pytestmark = pytest.mark.process

LINE_MS = 5.0  # a line and its answer on the wire


def dropped(chip: SimulatedBoardChip) -> int:
    return chip.read_variable("reader", 84) >> 8 * 81 & 0xFFFF


def test_a_status_comes_every_10_ms_and_they_are_numbered(chip: SimulatedBoardChip) -> None:
    chip.run_ms(1000)
    came = statuses(chip.take_lines())
    assert [status.seq for status in came] == list(range(len(came)))
    gaps_ms = [(b.cycle - a.cycle) / CYCLES_PER_MS for a, b in pairwise(came[1:])]
    assert len(gaps_ms) > 90
    assert all(9.0 < gap_ms < 11.0 for gap_ms in gaps_ms)
    assert [b.ms - a.ms for a, b in pairwise(came[1:])] == [10] * len(gaps_ms)


def test_sequence_and_uptime_wrap(chip: SimulatedBoardChip) -> None:
    chip.run_ms(105)
    chip.write_variable("sequence", 2, 65534)
    chip.write_variable("since_start_ms", 4, 2**32 - 15)
    chip.take_lines()
    chip.run_ms(60)
    came = statuses(chip.take_lines())[1:]
    assert [status.seq for status in came][:3] == [65535, 0, 1]
    assert came[-1].ms < 60
    assert all((b.ms - a.ms) % 2**32 == 10 for a, b in pairwise(came))


@pytest.mark.parametrize(("name", "before", "after"), [("pedal", 0, PRESSED), ("stop", STOP, 0)])
def test_an_edge_is_told_at_once(chip: SimulatedBoardChip, name: str, before: int, after: int) -> None:
    chip.run_ms(101.5)
    chip.take_lines()
    edge = chip.cycle
    if name == "pedal":
        chip.press()
        edge += 20 * CYCLES_PER_MS
    else:
        chip.set(stop=0)
    chip.run_ms(30)
    told = statuses(chip.take_lines())
    first = next(status for status in told if status.flags & (before | after) == after)
    assert 0 <= (first.cycle - edge) / CYCLES_PER_MS < 2.0


def test_it_identifies_itself(host: Host) -> None:
    assert host.ask("ID") == f"ID,1,TOSCA-IL,1,1.0.0,{SERIAL_NUMBER}"


def test_a_board_without_a_serial_number_says_so(firmware_build: str) -> None:
    with SimulatedBoardChip(serial_number="") as chip:
        assert Host(chip).ask("ID").endswith(",UNSET")


@pytest.mark.parametrize("pwm", [0, 1, 127, 153])
def test_the_motor_takes_its_pwm(host: Host, pwm: int) -> None:
    assert host.ask("MO", pwm) == "OK,1"
    assert host.chip.outputs().pwm == pwm
    assert bool(host.status().flags & MOTOR) == (pwm > 0)


def test_the_aiming_beam_goes_on_and_off(host: Host) -> None:
    for on in (1, 0):
        assert host.ask("AI", on).startswith("OK")
        assert host.chip.outputs().aiming == on
        assert bool(host.status().flags & AIMING) == bool(on)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("XX,7", "ER,7,1"),
        ("HBX,7,1", "ER,7,1"),
        (",7", "ER,7,1"),
        ("hb,7,1", "ER,7,1"),
        ("HB,7,2", "ER,7,2"),
        ("HB,7", "ER,7,2"),
        ("MO,7,154", "ER,7,2"),
        ("MO,7,-1", "ER,7,2"),
        ("MO,7,65663", "ER,7,2"),
        ("MO,7,4294967423", "ER,7,2"),
        ("MO,7,", "ER,7,2"),
        ("MO,7,1.5", "ER,7,2"),
        ("MO,7,1,1", "ER,7,2"),
        ("AI,7,2", "ER,7,2"),
        ("VT,7,49", "ER,7,2"),
        ("VT,7,50", "OK,7"),
        ("VT,7,2000", "OK,7"),
        ("VT,7,2001", "ER,7,2"),
        ("CL,7,0", "ER,7,2"),
        ("CL,0", "OK,0"),
        ("CL,65535", "OK,65535"),
    ],
)
def test_each_command_is_answered_by_its_number(host: Host, body: str, answer: str) -> None:
    assert host.say(body) == [answer]
    assert dropped(host.chip) == 0
    assert host.chip.outputs().pwm == 0


def test_a_heartbeat_has_no_answer_but_its_flags(host: Host) -> None:
    host.wants = 1
    assert host.ask("HB", 1) == ""
    assert host.status().flags & (WANTED | ALIVE) == WANTED | ALIVE


@pytest.mark.parametrize(
    "raw",
    [
        b"$MO,7,127*0000\n",
        framed("MO,7,127").lower().encode(),
        b"MO,7,127*" + framed("MO,7,127")[-5:].encode(),
        b"$MO,7,127\n",
        b"$*FFFF\n",
        b"$\n",
        framed("MO,7,127").replace("\n", "\r\n").encode(),
        framed("MO").encode(),
        framed("MO,,127").encode(),
        framed("MO,65536,127").encode(),
        framed("MO,x,127").encode(),
        framed("MO,7,127" + "0" * 68).encode(),
        b"\xff\x00 noise\n",
    ],
)
def test_a_line_that_is_not_sound_is_dropped_and_counted(host: Host, raw: bytes) -> None:
    host.chip.run_ms(15)
    host.chip.write(raw)
    host.chip.run_ms(20)
    assert answers(host.chip.take_lines()) == []
    assert host.chip.outputs().pwm == 0
    assert dropped(host.chip) == 1
    assert host.ask("ID").startswith("ID,1,TOSCA-IL")


def test_a_line_of_80_characters_is_read_and_one_of_81_is_not(host: Host) -> None:
    longest = "XX,7," + "0" * 69
    assert len(framed(longest)) - 1 == 80
    assert host.say(longest) == ["ER,7,1"]
    assert host.say(longest + "0") == []
    assert dropped(host.chip) == 1


def test_a_dollar_sign_begins_a_new_line(host: Host) -> None:
    host.chip.write(b"$MO,1,1" + framed("MO,2,100").encode())
    host.chip.run_ms(20)
    assert answers(host.chip.take_lines()) == ["OK,2"]
    assert host.chip.outputs().pwm == 100
    assert dropped(host.chip) == 1


def test_the_photodiode_is_the_newest_conversion(host: Host) -> None:
    for millivolts, counts in ((0, 0), (2500, 512), (5000, 1023)):
        host.chip.set(photodiode_mv=millivolts)
        assert abs(host.status().photodiode - counts) <= 1


def test_the_same_calls_give_the_same_bytes(firmware_build: str) -> None:
    def run() -> object:
        with SimulatedBoardChip() as chip:
            Host(chip).close_gate()
            chip.release()
            chip.run_ms(50)
            return chip.take_lines(), chip.take_changes(), chip.cycle

    assert run() == run()


def test_a_flood_of_questions_is_answered_or_dropped_and_never_holds_up_a_heartbeat(host: Host) -> None:
    host.wants = 1
    for _ in range(5):
        host.chip.write(framed("ID,9").encode() * 40)
        host.heartbeat()
        host.chip.run_ms(90)
        flags = statuses(host.chip.take_lines())[-1].flags
        assert flags & (ALIVE | WANTED) == ALIVE | WANTED
    assert dropped(host.chip) > 0
    assert host.status().flags & ACCELEROMETER == 0


def test_it_runs_in_real_time_behind_a_pseudo_terminal(firmware_build: str) -> None:
    with SimulatedBoardChip(real_time=True) as chip, serial.Serial(chip.port, 115200, timeout=5.0) as port:
        port.readline()  # opening a terminal throws away what had come: the line under way may be cut
        assert port.readline().startswith(b"$ST,")
        port.write(framed("MO,5,99").encode())
        lines = [port.readline() for _ in range(20)]
        assert framed("OK,5").encode() in lines
        assert chip.outputs().pwm == 99
        chip.press()
        flags = [int(port.readline().split(b",")[3], 16) for _ in range(20)]
        assert flags[-1] & PRESSED


def test_under_a_flood_the_periodic_status_keeps_coming(host: Host) -> None:
    host.chip.run_ms(50)
    host.chip.take_lines()
    host.chip.write(framed("ID,9").encode() * 200)
    host.chip.run_ms(200)
    came = statuses(host.chip.take_lines())
    assert [b.seq - a.seq for a, b in pairwise(came)] == [1] * (len(came) - 1)
    assert len(came) >= 18


def test_a_damaged_heartbeat_is_none(host: Host) -> None:
    """Everything else is in order, so a damaged line that was taken for one would close the gate."""
    host.spin_up()
    host.chip.press()
    host.chip.run_ms(300)
    line = framed("HB,7,1").encode()
    bits = range(8 * len(line))
    random = Random(3)
    damages = [[bit] for bit in bits] + [random.sample(bits, random.choice((2, 3))) for _ in range(200)]
    for damage in damages:
        number = int.from_bytes(line, "big") ^ sum(1 << bit for bit in damage)
        host.chip.write(number.to_bytes(len(line), "big") + random.randbytes(random.randint(0, 3)))
    host.chip.run_ms(0.11 * 15 * len(damages))
    assert [change for change in host.chip.take_changes() if (change.name, change.value) == ("gate", 1)] == []
    assert dropped(host.chip) > len(damages) / 2
    host.chip.write(b"\n")
    assert host.ask("ID").split(",")[2] == "TOSCA-IL"
    host.wants = 1
    host.heartbeat()
    host.chip.run_ms(10)
    assert host.chip.outputs().gate == 1
