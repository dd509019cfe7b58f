"""The simulated interlock board tells its status, answers commands and restarts as WIRE.md says."""

import pytest

from simulators.wire.board import BoardOptions, InterlockBoard
from tests.simulators.wire.sim_board_rig import ACCELEROMETER, AIMING, ALIVE, GATE, LOOP, MOTOR, WANTED
from tests.simulators.wire.wire_bench import Bench, Host, framed

# Status lines.


def test_a_healthy_board_at_rest_reports_a_closed_loop_and_an_accelerometer(rig):
    assert rig.newest.flags == LOOP | ACCELEROMETER | ALIVE
    assert rig.newest.faults == 0
    assert rig.newest.pd == 17


def test_a_status_comes_every_10_ms_with_its_own_count_of_them(rig):
    rig.statuses.clear()
    rig.run(5.0)
    assert len(rig.statuses) == pytest.approx(500, abs=1)
    for one, following in zip(rig.statuses, rig.statuses[1:], strict=False):
        assert (following.seq - one.seq, following.ms - one.ms) == (1, 10)


def test_the_sequence_wraps_at_65536(rig):
    rig.run(66.0)
    rig.statuses.clear()
    rig.run(600.0)
    sequences = [status.seq for status in rig.statuses]
    assert max(sequences) == 65535
    assert sequences[sequences.index(65535) + 1] == 0


def test_an_edge_is_reported_at_once(rig):
    rig.statuses.clear()
    rig.kernel.after(0.0035, lambda: rig.bench.stop_loop.move(False))
    rig.run(0.05)
    (edge,) = [
        following.ms - one.ms
        for one, following in zip(rig.statuses, rig.statuses[1:], strict=False)
        if one.flags & LOOP and not following.flags & LOOP
    ]
    assert 0 <= edge < 10


def test_the_page_s_check_value_of_the_crc():
    assert framed("123456789") == b"$123456789*29B1\n"


# Commands.


def test_the_board_names_itself(rig):
    assert rig.command("ID,{n}") == "ID,TOSCA-IL,1,1.0-sim,SIM-BOARD"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("MO,{n},0", "OK"),
        ("MO,{n},153", "OK"),
        ("MO,{n},154", "ER,2"),
        ("MO,{n},-1", "ER,2"),
        ("MO,{n},x", "ER,2"),
        ("MO,{n}", "ER,2"),
        ("MO,{n},1,2", "ER,2"),
        ("AI,{n},1", "OK"),
        ("AI,{n},2", "ER,2"),
        ("VT,{n},50", "OK"),
        ("VT,{n},49", "ER,2"),
        ("VT,{n},2000", "OK"),
        ("VT,{n},2001", "ER,2"),
        ("HB,{n},2", "ER,2"),
        ("CL,{n}", "OK"),
        ("XX,{n}", "ER,1"),
        ("mo,{n},1", "ER,1"),
    ],
)
def test_commands_are_answered_with_their_number(rig, command, answer):
    assert rig.command(command) == answer


def test_a_heartbeat_has_no_answer(rig):
    rig.answers.clear()
    rig.run(1.0)
    assert rig.answers == []


def test_motor_and_aiming_beam_follow_and_show(rig):
    rig.command("MO,{n},127")
    rig.command("AI,{n},1")
    assert (rig.bench.smoothing.pwm, rig.bench.aiming) == (127, True)
    assert rig.newest.flags & (MOTOR | AIMING) == MOTOR | AIMING
    rig.command("MO,{n},0")
    rig.command("AI,{n},0")
    assert (rig.bench.smoothing.pwm, rig.bench.aiming) == (0, False)


@pytest.mark.parametrize(
    "line",
    [
        b"$MO,1,127*0000\n",
        framed("MO,1,127").lower(),
        framed("MO,1,127")[1:],
        framed("MO,1,127").replace(b"\n", b"\r\n"),
        framed("MO,1,127," + "0" * 80),
        framed("MO,70000,127"),
        framed("MO"),
        framed("MO,,127"),
    ],
)
def test_a_damaged_or_overlong_line_is_dropped_and_counted(rig, line):
    rig.answers.clear()
    rig.type(line)
    rig.run(0.05)
    assert (rig.answers, rig.bench.smoothing.pwm, rig.board.dropped_lines) == ([], 0, 1)


def test_80_characters_still_fit(rig):
    body = "MO,1," + "0" * (80 - 6 - 5)
    assert len(framed(body)) == 81
    rig.answers.clear()
    rig.type(framed(body))
    rig.run(0.05)
    assert rig.answers == ["ER,1,2"]


# Restarts.


def test_a_hung_processor_is_reset_by_its_watchdog_with_every_output_off(firing):
    firing.command("AI,{n},1")
    hung_s = firing.kernel.now_s
    firing.board.hang()
    firing.beating, firing.want = False, 0
    firing.run(0.119)
    assert firing.gate.coil
    firing.run(0.002)
    assert firing.gate.coil_moves[-1] == (pytest.approx(hung_s + 0.12), False)
    assert (firing.bench.smoothing.pwm, firing.bench.aiming) == (0, False)
    firing.run(0.2)
    status = firing.newest
    assert status.faults == 1 << 7
    assert status.ms < 300
    assert not status.flags & (MOTOR | AIMING | WANTED | ALIVE | GATE)


def test_after_a_power_cycle_counts_start_anew_without_a_fault(rig):
    rig.run(1.0)
    rig.board.reboot()
    rig.run(0.2)
    assert rig.newest.faults == 0
    assert rig.newest.ms < 250


def test_a_restart_with_the_loop_open_or_the_pedal_held_opens_nothing_new(firing):
    firing.bench.stop_loop.move(False)
    firing.board.reboot()
    firing.run(2.0)
    assert not firing.gate.coil
    assert firing.newest.faults == 1 << 1


def test_a_board_whose_line_is_cut_says_nothing_and_opens_its_gate(firing):
    firing.board.line.mute = firing.board.line.deaf = True
    firing.run(0.01)
    firing.statuses.clear()
    firing.run(1.0)
    assert firing.statuses == []
    assert not firing.gate.coil


def test_the_identity_may_be_another():
    bench = Bench()
    board = InterlockBoard(bench, BoardOptions(serial="X1", firmware="9.9", protocol=2))
    host = Host(bench, board.line)
    host.wait(0.02)
    host.type(framed("ID,7"))
    host.wait(0.05)
    assert framed("ID,7,TOSCA-IL,2,9.9,X1") in host.read()
