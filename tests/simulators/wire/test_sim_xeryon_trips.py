"""The simulated stage trips, and is enabled, reset and told nonsense as WIRE.md says."""

import pytest

from simulators.wire.xeryon_tags import Stat
from tests.simulators.wire.xeryon_rig import Rig


@pytest.mark.parametrize(
    "bit",
    [
        Stat.THERMAL_1,
        Stat.THERMAL_2,
        Stat.ENCODER_ERROR,
        Stat.FOLLOWING_ERROR,
        Stat.SAFETY_TIMEOUT,
        Stat.POSITION_FAIL,
    ],
)
def test_a_trip_stops_the_motor_until_it_is_enabled_again(bit):
    rig = Rig()
    rig.home()
    rig.say("DPOS=4000", 0.3)
    rig.device.trip(bit)
    stopped_um = rig.plant.position_um()
    rig.say("DPOS=100", 1.0)
    assert rig.stat() & (bit | Stat.ENABLED | Stat.FORCE_ZERO) == bit | Stat.ENABLED | Stat.FORCE_ZERO
    assert rig.plant.position_um() == stopped_um
    rig.say("ENBL=1", 0.2)
    assert rig.stat() & (bit | Stat.ENABLED) == Stat.ENABLED


def test_stat_is_what_was_seen_on_a_carts_stage():
    rig = Rig()
    assert rig.value("STAT") == 17
    rig.home()
    rig.device.trip(Stat.THERMAL_1)
    rig.say("RSET", 0.3)
    assert rig.value("STAT") == 17
    rig.device.trip(Stat.THERMAL_2)
    rig.wait(0.1)
    assert rig.value("STAT") == 29
    rig.say("INDX=0", 0.2)
    assert rig.value("STAT") == 1117
    assert not rig.plant.moving()
    rig.say("ENBL=1", 0.2)
    assert rig.value("STAT") == 1


def test_a_motor_on_for_longer_than_tou2_trips():
    rig = Rig(TOU2=2)
    rig.say("ENBL=1")
    rig.say("SSPD=100")
    rig.say("STEP=4000", 1.5)
    assert not rig.stat() & Stat.SAFETY_TIMEOUT
    rig.wait(1.0)
    assert rig.stat() & Stat.SAFETY_TIMEOUT


def test_a_stuck_stage_trips_the_following_error_limit_when_there_is_one():
    rig = Rig(ELIM=400)
    rig.home()
    rig.plant.stuck = True
    rig.say("DPOS=4000", 0.4)
    assert rig.stat() & Stat.FOLLOWING_ERROR


def test_a_stage_that_follows_trips_nothing():
    rig = Rig(ELIM=40)
    rig.home()
    rig.say("DPOS=8000", 5.0)
    assert rig.stat() & Stat.POSITION_REACHED


def test_a_missed_position_fails_after_tou3():
    rig = Rig(TOU3=500)
    rig.home()
    rig.plant.settled_off_um = 100.0
    rig.say("DPOS=400", 1.0)
    assert rig.stat() & Stat.POSITION_FAIL


@pytest.mark.parametrize("order", ["STOP", "STOP=0", "STOP=1"])
def test_an_order_is_an_order_whatever_its_value(order):
    rig = Rig()
    rig.say("SCAN=1", 0.5)
    rig.say(order, 0.2)
    assert not rig.plant.moving()


def test_a_reset_loses_the_index_the_settings_and_the_enable():
    rig = Rig(enabled=False)
    rig.home()
    rig.say("DPOS=800", 1.0)
    rig.say("HLIM=5")
    rig.say("RSET", 0.1)
    rig.read()
    rig.say("ENBL=1", 0.2)
    assert rig.value("HLIM") == 36000
    assert rig.value("EPOS") == 0
    assert not rig.stat() & (Stat.ENCODER_VALID | Stat.ENABLED)


def test_saved_settings_survive_a_reset():
    rig = Rig()
    rig.say("HLIM=2400")
    rig.say("SAVE")
    rig.say("RSET=0", 0.3)
    assert rig.value("HLIM") == 2400


@pytest.mark.parametrize(
    "line", ["ABCD=5", "LFRQ=84000", "Y:DPOS=5", "dpos=5", "DPOS", "DPOS=", "DPOS=1.5", "DPOS=00000000000005"]
)
def test_what_is_unknown_is_taken_silently(line):
    rig = Rig()
    rig.home()
    rig.say("DPOS=100", 1.0)
    rig.say("INFO=0", 0.1)
    rig.read()
    rig.say(line, 1.0)
    assert rig.lines() == []
    assert rig.value("DPOS") == 100


@pytest.mark.parametrize(
    "line", ["DPOS=-200\r", "X:DPOS=-200", "X:DPOS=-00000200\r", "DPOS=-200\t\t", "X:DPOS=-00000200\t\t\r"]
)
def test_a_host_may_name_the_only_axis_and_end_lines_with_tabs_and_cr_too(line):
    rig = Rig()
    rig.home()
    rig.say(line, 1.0)
    assert rig.plant.position_um() == pytest.approx(-250.0)
    assert rig.value("DPOS") == -200
    rig.say("X:DPOS=?\r", 0.02)
    assert rig.lines() == [("DPOS", -200)]
