"""What the board's driver makes of what simulator and firmware say: whole, missing, after a restart."""

import pytest

from hardware.interfaces import LinkState
from hardware.interlock_board.wire import CONVERTER_V_PER_COUNT
from tests.hardware.board_rig import words


def test_at_rest_the_board_says_what_is_there(ready):
    ready.board.set(accelerometer="mpu6050")
    ready.tick(10)
    status = ready.status
    assert status.stop_loop_closed
    assert status.accelerometer_present
    assert [name for name in status._fields[:9] if getattr(status, name)] == [
        "stop_loop_closed",
        "accelerometer_present",
    ]
    assert status.faults == 0


def test_while_it_treats_every_flag_is_set(treating):
    treating.driver.set_aiming(True)
    treating.tick(3)
    assert all(treating.status[:9])
    assert treating.status.vibration_mg == pytest.approx(2400, rel=0.05)


@pytest.mark.parametrize(
    ("millivolts", "saturated"), [(0, False), (5, False), (2500, False), (4970, False), (4998, True)]
)
def test_the_photodiode_is_what_lies_at_the_converter(ready, millivolts, saturated):
    ready.board.set(photodiode_mv=millivolts)
    ready.tick(4)
    # The emulated converter divides its reference by 1023: one count more than a step.
    assert ready.status.photodiode_v == pytest.approx(millivolts / 1000, abs=2.01 * CONVERTER_V_PER_COUNT)
    assert ready.status.photodiode_saturated is saturated


def test_on_a_good_wire_nothing_is_missed_damaged_or_late(ready):
    ages_s = []
    for _ in range(300):
        ready.tick()
        reading = ready.driver.status
        ages_s.append(ready.now_s - reading.asked_s)
        assert reading.asked_s <= reading.received_s <= ready.now_s
    assert max(ages_s) < 0.025
    assert (ready.driver.sequence_gaps, ready.driver.crc_errors, ready.driver.silences) == (0, 0, 0)


def test_opening_in_the_middle_of_a_line_is_no_error(wired):
    wired.board.run_ms(37.3)
    wired.connect()
    assert wired.driver.crc_errors == 0


def test_missing_lines_are_counted(ready):
    ready.wire.cut_to_host = True
    ready.tick(8)
    ready.wire.cut_to_host = False
    ready.tick(3)
    missing = ready.driver.sequence_gaps
    assert 7 <= missing <= 9
    ready.tick(20)
    assert ready.driver.sequence_gaps == missing


def test_silences_are_counted_and_so_is_the_loss_that_ends_in_one(ready):
    counted = []
    for ticks in (7, 12, 60):
        ready.wire.cut_to_host = True
        ready.tick(ticks)
        ready.wire.cut_to_host = False
        if ticks < 60:
            ready.tick(2)
        counted.append(ready.driver.silences)
    assert counted == [0, 1, 2]
    assert ready.driver.link is LinkState.LOST


def test_a_stop_between_two_polls_is_seen(ready):
    ready.board.run_ms(3)
    ready.board.set(stop=0)
    ready.board.run_ms(2)
    ready.board.set(stop=1)
    seen = []
    for _ in range(4):
        ready.tick()
        seen.append(ready.status.stop_loop_closed)
    assert False in seen[:2]
    assert seen[2:] == [True, True]
    assert ready.status.faults == 0x02


def test_a_release_between_two_polls_is_seen(treating):
    treating.board.run_ms(3)
    treating.release()
    treating.board.run_ms(2)
    treating.press()
    treating.tick(2)
    assert not treating.status.pedal_pressed
    treating.tick(4)
    assert treating.status.pedal_pressed


def test_a_restart_by_its_watchdog_is_noted_and_switches_nothing_on_again(treating):
    treating.driver.set_aiming(True)
    treating.tick(3)
    treating.take_sent()
    gaps = treating.driver.sequence_gaps
    treating.board.hang()
    treating.tick(30)
    sent = [word for word in words(treating.take_sent()) if word[0] != b"HB"]
    assert sent == [[b"MO", b"0"], [b"AI", b"0"], [b"VT", b"800"]]
    driver = treating.driver
    assert driver.link is LinkState.READY
    assert (driver.restarts, driver.sequence_gaps) == (1, gaps)
    assert "restarted by itself" in driver.problem
    assert treating.status.faults == 0x80
    assert treating.board.outputs() == (0, 0, 0)
    assert treating.now_s - driver.status.asked_s < 0.025
    treating.release()
    treating.tick(5)
    driver.clear_faults()
    treating.tick(5)
    assert (driver.problem, treating.status.faults) == (None, 0)


def test_a_restart_of_which_no_fault_tells_is_a_lost_board_that_is_met_anew(treating):
    """Its supply blinked. Nothing in its status says so, and what it held is gone."""
    driver = treating.driver
    driver.set_aiming(True)
    treating.tick(3)
    treating.take_sent()
    treating.board.push_reset_button()
    for _ in range(30):
        treating.tick()
        if driver.link is LinkState.LOST:
            break
    assert (driver.link, driver.status, driver.restarts) == (LinkState.LOST, None, 1)
    assert driver.problem == (
        "board on sim://board: restarted by itself, its outputs are off; check its supply"
    )
    assert treating.board.outputs() == (0, 0, 0)
    treating.tick(150)
    assert (driver.link, driver.problem) == (LinkState.READY, None)
    assert treating.board.outputs() == (0, 0, 0), "and nothing is on again"
