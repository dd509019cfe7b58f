"""The life of the link to the interlock board, at simulator and firmware: start, refusal, loss, stop."""

from dataclasses import replace

import pytest

from benchmarks.firmware.boards import ChipBoard
from benchmarks.firmware.chip import SERIAL_NUMBER, SimulatedBoardChip
from hardware.interfaces import LinkState
from hardware.trace import WireTrace
from hardware.transport import SerialPort
from tests.firmware.tools import build_or_skip
from tests.hardware.board_bench import SETTINGS
from tests.hardware.board_rig import Rig, words
from tosca_kiosk.machine.clock import RealClock


def test_start_identifies_the_board_makes_everything_off_and_sets_the_threshold(wired):
    assert wired.connect() == [b"ID,0", b"HB,1,0", b"MO,2,0", b"AI,3,0", b"VT,4,800"]
    identity = wired.driver.identity
    assert (identity.model, identity.serial_number, identity.firmware) == ("TOSCA-IL", "SIM-0001", "1.0.0")
    assert wired.driver.problem is None
    assert wired.driver.found_at_start == ()


def test_nothing_is_sent_before_the_board_was_heard(wired):
    wired.wire.cut_to_host = True
    wired.tick(20)
    assert wired.take_sent() == []


@pytest.mark.parametrize(
    ("configured", "named"),
    [
        ({"serial_number": "SIM-0002"}, "serial number is SIM-0001, configured is SIM-0002"),
        ({"protocol_version": "2"}, "protocol version 1, this program speaks 2; load the firmware"),
    ],
)
def test_another_board_is_refused_by_name_and_nothing_more_is_sent(wired, configured, named):
    wired.configure(replace(SETTINGS, **configured))
    wired.tick(30)
    assert wired.driver.link is LinkState.REFUSED
    assert named in wired.driver.problem
    assert wired.driver.status is None
    assert wired.take_sent() == [b"ID,0"]


def test_a_threshold_the_board_refuses_is_a_refused_link(wired):
    wired.configure(replace(SETTINGS, vibration_threshold_mg=2001))
    wired.tick(30)
    assert wired.driver.link is LinkState.REFUSED
    assert "VT 2001 is refused: value out of range (ER 2)" in wired.driver.problem


def test_a_question_is_asked_three_times_and_then_the_link_is_lost(wired):
    wired.wire.cut_to_board = True
    wired.tick(165)
    assert wired.take_sent() == [b"ID,0"] * 3
    assert wired.driver.link is LinkState.LOST
    assert "no answer to ID" in wired.driver.problem


def test_faults_found_at_start_are_recorded_and_not_cleared(wired):
    wired.board.set(stop=0)
    wired.board.run_ms(20)
    sent = wired.connect()
    assert wired.driver.found_at_start == ("board: fault: stop loop opened",)
    assert [b"CL"] not in words(sent)
    assert wired.status.faults == 0x02


def test_half_a_second_of_silence_loses_the_link_and_every_reading(ready):
    ready.wire.cut_to_host = True
    ready.tick(49)
    assert ready.driver.link is LinkState.READY
    ready.tick(2)
    assert ready.driver.link is LinkState.LOST
    assert ready.driver.status is None
    assert ready.driver.identity is None
    assert "board on sim://board: nothing heard for 0.5 s" in ready.driver.problem


def test_a_board_that_is_heard_late_is_waited_for(wired):
    wired.wire.cut_to_host = True
    wired.tick(250)
    wired.wire.cut_to_host = False
    wired.connect()


def test_a_board_that_is_plugged_in_again_is_made_off_before_anything_else(treating):
    treating.driver.set_aiming(True)
    treating.tick(3)
    treating.wire.unplugged = True
    treating.tick(40)
    assert treating.driver.link is LinkState.LOST
    assert not treating.board.outputs().gate
    assert treating.board.outputs().pwm == SETTINGS.motor_pwm
    treating.wire.unplugged = False
    treating.wants = None
    treating.take_sent()
    treating.tick(40)
    assert treating.driver.link is LinkState.READY
    assert words(treating.take_sent())[:4] == [[b"ID"], [b"HB", b"0"], [b"MO", b"0"], [b"AI", b"0"]]
    assert treating.board.outputs() == (0, 0, 0)
    assert treating.driver.found_at_start == ("board: fault: host fell silent while it wanted the gate",)


def test_a_port_that_breaks_in_a_heartbeat_is_a_lost_link_not_an_exception(ready):
    ready.wire.unplugged = True
    ready.driver.heartbeat(True)
    assert ready.driver.link is LinkState.LOST


def test_stop_wants_no_gate_switches_off_and_closes(treating):
    treating.driver.set_aiming(True)
    treating.tick(3)
    treating.take_sent()
    treating.driver.begin_stop()
    assert treating.driver.link is LinkState.STOPPING
    treating.wants = None
    treating.tick(5)
    assert words(treating.take_sent()) == [[b"HB", b"0"], [b"MO", b"0"], [b"AI", b"0"]]
    assert treating.board.outputs() == (0, 0, 0)
    assert treating.driver.link is LinkState.CLOSED
    assert not treating.wire.is_open


def test_stop_ends_even_when_the_board_is_silent(ready):
    ready.wire.cut_to_host = True
    ready.driver.begin_stop()
    ready.tick(60)
    assert ready.driver.link is LinkState.CLOSED


def test_closed_stays_closed(ready):
    ready.driver.close()
    ready.tick(100)
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.wire.is_open


@pytest.mark.process
def test_the_port_that_ships_meets_the_firmware_behind_a_pseudo_terminal():
    build_or_skip()
    clock = RealClock()
    with SimulatedBoardChip(real_time=True) as chip:
        settings = replace(SETTINGS, port=chip.port, serial_number=SERIAL_NUMBER)
        port = SerialPort(settings.port, settings.baud, WireTrace(clock.now_s))
        rig = Rig(ChipBoard(chip), port)
        rig.configure(settings)
        driver = rig.driver

        def go_on(until):
            for _ in range(1000):
                if until():
                    return
                clock.sleep_until(clock.now_s() + 0.01)
                driver.poll(clock.now_s())
                driver.flush(clock.now_s())
            pytest.fail(f"not within 1000 ticks: {driver.link} {driver.problem}")

        go_on(lambda: driver.link is LinkState.READY)
        driver.set_motor(True)
        chip.press()
        go_on(lambda: driver.status is not None and driver.status.value.pedal_pressed)
        go_on(lambda: driver.status is not None and driver.status.value.motor_on)
        assert chip.outputs().pwm == SETTINGS.motor_pwm
        driver.begin_stop()
        go_on(lambda: driver.link is LinkState.CLOSED)
        assert chip.outputs().pwm == 0
