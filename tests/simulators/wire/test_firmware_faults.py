"""What goes wrong inside a simulated device, as a host at its line sees it."""

import pytest

from simulators.wire.arroyo_box import BOOT_S
from simulators.wire.arroyo_laser import ArroyoLaser
from simulators.wire.arroyo_tec import ArroyoTec
from simulators.wire.board import InterlockBoard
from simulators.wire.xeryon import XeryonStage
from tests.simulators.wire.wire_bench import Bench, Host, framed


@pytest.fixture
def bench():
    bench = Bench()
    bench.gate.contact.move(True)
    return bench


@pytest.fixture
def laser(bench):
    return ArroyoLaser(bench)


@pytest.fixture
def at_laser(bench, laser):
    host = Host(bench, laser.line)
    for line in ("ONDELAY 0", "LAS:LDI 2000", "LAS:OUT 1"):
        host.say(line)
    assert bench.diode.driven_a == 2.0
    return host


# --- Arroyo ---------------------------------------------------------------------------------------------


def test_a_code_put_into_the_queue_is_read_once(laser, at_laser):
    laser.queue_error(801)
    assert at_laser.ask("ERR?") == "801"
    assert at_laser.ask("ERR?") == "0"
    laser.queue_error(801)
    assert at_laser.ask("ERRSTR?") == '801,"Error"'


def test_an_ignored_command_is_taken_without_an_error_and_changes_nothing(laser, at_laser, bench):
    laser.ignores = "LASER:OUTPUT"
    at_laser.say("las:out 0;ldi 1000")
    assert bench.diode.driven_a == 1.0
    assert at_laser.ask("LAS:OUT?;:ERR?") == "1,0"
    at_laser.say("LAS:OUT 7")
    assert at_laser.ask("ERR?") == "201"
    laser.ignores = "nothing"
    at_laser.say("LAS:OUTPUT 0")
    assert bench.diode.driven_a == 0.0


def test_a_busy_device_answers_nothing_and_overflows_but_its_interlock_still_works(laser, at_laser, bench):
    laser.busy = True
    assert at_laser.ask("LAS:OUT?") == ""
    at_laser.say("LAS:OUT 0")
    assert bench.diode.driven_a == 2.0
    for _ in range(20):
        at_laser.say("LAS:COND?")
    bench.gate.contact.move(False)
    assert bench.diode.driven_a == 0.0
    laser.busy = False
    at_laser.wait(0.1)
    assert "102" in at_laser.ask("ERR?")


def test_a_reboot_is_off_deaf_and_as_from_the_factory(laser, at_laser, bench):
    at_laser.say("LAS:LIM:LDI 3000")
    laser.queue_error(123)
    laser.reboot()
    assert bench.diode.driven_a == 0.0
    assert at_laser.ask("LAS:OUT?", BOOT_S - 0.1) == ""
    at_laser.wait(0.2)
    assert at_laser.ask("LAS:OUT?;:LAS:SET:LDI?;:LAS:LIM:LDI?;:ONDELAY?;:ERR?") == "0,0,20000,3000,0"


def test_a_reboot_ends_a_hang(laser, at_laser):
    laser.busy = True
    at_laser.say("LAS:OUT?")
    laser.reboot()
    at_laser.wait(BOOT_S + 0.1)
    assert at_laser.ask("LAS:OUT?") == "0"


def test_lies_change_what_is_told_and_nothing_else(laser, at_laser, bench):
    laser.lying_readback_ma = 300.0
    laser.lying_measured_ma = -500.0
    laser.lying_output = "says_off"
    set_ma, measured_ma, output = at_laser.ask("LAS:SET:LDI?;:LAS:LDI?;:LAS:OUT?").split(",")
    assert set_ma == "2300"
    assert float(measured_ma) == pytest.approx(1500.0, abs=10.0)
    assert output == "0"
    assert bench.diode.driven_a == 2.0


def test_a_frozen_condition_register_still_protects_the_diode(laser, at_laser, bench):
    laser.stale_condition = True
    before = at_laser.ask("LAS:COND?")
    bench.gate.contact.move(False)
    assert at_laser.ask("LAS:COND?") == before
    assert bench.diode.driven_a == 0.0
    laser.stale_condition = False
    assert at_laser.ask("LAS:COND?") != before


def test_a_drifted_shunt_is_seen_by_the_diode_alone(laser, at_laser, bench):
    laser.current_gain = 1.2
    assert bench.diode.driven_a == pytest.approx(2.4)
    assert float(at_laser.ask("LAS:LDI?")) == pytest.approx(2000.0, abs=10.0)
    at_laser.say("LAS:LDI 1000")
    assert bench.diode.driven_a == pytest.approx(1.2)


@pytest.mark.parametrize(("plug", "gate", "open_bit"), [("open", True, 1), ("closed", False, 0)])
def test_a_plug_out_or_bridged_hides_the_gate(laser, at_laser, bench, plug, gate, open_bit):
    laser.fail_interlock_plug(plug)
    bench.gate.contact.move(gate)
    assert int(at_laser.ask("LAS:COND?")) >> 4 & 1 == open_bit
    assert (bench.diode.driven_a == 0.0) == (plug == "open")


def test_a_lying_temperature_is_not_the_one_that_is_regulated(bench):
    tec = ArroyoTec(bench)
    host = Host(bench, tec.line)
    tec.lying_measured_c, tec.lying_readback_c = 4.0, -2.0
    measured_c, setpoint_c = map(float, host.ask("TEC:T?;:TEC:SET:T?").split(","))
    assert measured_c == pytest.approx(29.0, abs=0.1)
    assert setpoint_c == 23.0
    host.say("TEC:T 20")
    assert bench.tec.regulated == (False, 20.0, 5.0)


# --- stage ----------------------------------------------------------------------------------------------


@pytest.fixture
def stage(bench):
    return XeryonStage(bench)


@pytest.fixture
def at_stage(bench, stage):
    host = Host(bench, stage.line)
    for line in ("INFO=0", "ENBL=1", "INDX=0"):
        host.say(line, 0.2)
    host.wait(5.0)
    return host


def value(host, tag):
    return int(host.ask(f"{tag}=?").split("=")[1])


def test_a_frozen_stat_says_arrived_while_the_stage_moves(stage, at_stage, bench):
    before = value(at_stage, "STAT")
    stage.stale_stat = True
    at_stage.say("DPOS=8000", 0.2)
    assert bench.stage.moving()
    assert value(at_stage, "STAT") == before
    stage.stale_stat = False
    at_stage.wait(0.1)
    assert value(at_stage, "STAT") != before


def test_a_busy_stage_says_and_takes_nothing(stage, at_stage, bench):
    stage.busy = True
    assert at_stage.ask("EPOS=?") == ""
    at_stage.say("DPOS=800", 0.5)
    assert bench.stage.position_um() == pytest.approx(0.0, abs=2.0)
    stage.busy = False
    assert value(at_stage, "DPOS") == 0


def test_an_ignored_move_leaves_the_stage_where_it_is(stage, at_stage):
    stage.ignores = "DPOS"
    at_stage.say("DPOS=800", 0.5)
    assert value(at_stage, "DPOS") == value(at_stage, "EPOS") == 0


def test_a_lying_position_and_a_slipped_encoder_are_told_alike(stage, at_stage, bench):
    stage.lying_readback_um = 100.0
    assert value(at_stage, "EPOS") == 80
    stage.lying_readback_um = 0.0
    stage.slip_encoder_to(-100.0)
    assert value(at_stage, "EPOS") == 80
    assert bench.stage.position_um() == pytest.approx(0.0, abs=2.0)
    at_stage.say("INDX=0", 5.0)
    assert value(at_stage, "EPOS") == 0


# --- board ----------------------------------------------------------------------------------------------


@pytest.fixture
def board():
    bench = Bench()
    board = InterlockBoard(bench)
    host = Host(bench, board.line)
    host.wait(0.5)
    host.read()
    return bench, board, host


def statuses(host):
    lines = host.read().split(b"\n")
    return [line[4:-5].split(b",") for line in lines if line.startswith(b"$ST,") and line[-5:-4] == b"*"]


def test_a_frozen_status_comes_on_with_one_number_and_one_time(board):
    _, device, host = board
    device.stale_status = True
    host.wait(0.5)
    told = statuses(host)
    assert len(told) > 40
    assert len({tuple(fields) for fields in told[2:]}) == 1


def test_inverted_flags_are_told_and_not_acted_on(board):
    bench, device, host = board
    device.lying_flags = 0b10
    host.wait(0.1)
    assert not int(statuses(host)[-1][2], 16) & 0b10
    assert bench.stop_loop.closed
    assert device.faults == 0


def test_an_ignored_command_is_answered_all_the_same(board):
    bench, device, host = board
    device.ignores = "MO"
    host.type(framed("MO,7,127"))
    host.wait(0.1)
    assert b"$OK,7*" in host.read()
    assert bench.smoothing.pwm == 0


def test_a_frozen_board_keeps_its_outputs_until_it_is_reset(board):
    bench, device, host = board
    host.type(framed("MO,7,127"))
    host.wait(0.1)
    device.busy = True
    host.read()
    host.wait(5.0)
    assert host.read() == b""
    assert bench.smoothing.pwm == 127
    device.busy = False
    host.wait(0.5)
    assert bench.smoothing.pwm == 0
    assert len(statuses(host)) > 40


def test_a_fault_put_into_the_board_is_latched_and_cleared_as_any(board):
    _, device, host = board
    device.fail(1 << 6)
    host.wait(0.1)
    assert int(statuses(host)[-1][-1], 16) == 1 << 6
    host.type(framed("CL,9"))
    host.wait(0.1)
    assert device.faults == 0
