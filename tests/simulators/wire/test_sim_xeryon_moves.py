"""The simulated stage finds its index, moves, and stops as WIRE.md says; 1 count is 1.25 um."""

import pytest

from simulators.wire.xeryon_tags import Stat
from tests.simulators.wire.xeryon_rig import Rig


def test_absolute_moves_are_refused_before_the_index():
    rig = Rig()
    rig.say("ENBL=1")
    rig.say("DPOS=800", 5.0)
    assert rig.plant.position_um() == 7000.0


def test_nothing_moves_before_it_is_enabled():
    rig = Rig(enabled=False)
    for command in ("INDX=0", "STEP=100", "SCAN=1", "MOVE=1"):
        rig.say(command, 1.0)
    assert rig.plant.position_um() == 7000.0


def test_epos_counts_from_the_power_up_position_until_the_index_is_found():
    rig = Rig()
    assert rig.value("EPOS") == 0
    rig.say("ENBL=1")
    rig.say("STEP=800", 2.0)
    assert rig.value("EPOS") == 800
    assert rig.plant.position_um() == pytest.approx(7000 + 800 * 1.25)
    rig.home()
    assert rig.value("EPOS") == 0
    assert rig.plant.position_um() == pytest.approx(0.0, abs=1.25)


@pytest.mark.parametrize("start_um", [8000.0, -8000.0])
@pytest.mark.parametrize("direction", [0, 1])
def test_the_index_is_found_from_either_side_within_30_s(start_um, direction):
    rig = Rig(start_um)
    rig.say("ENBL=1")
    rig.say(f"INDX={direction}", 1.0)
    assert rig.stat() & Stat.SEARCHING_INDEX
    assert not rig.stat() & Stat.ENCODER_VALID
    rig.wait(32.0)
    assert rig.stat() & (
        Stat.ENCODER_VALID | Stat.SEARCHING_INDEX | Stat.AT_INDEX | Stat.POSITION_REACHED
    ) == (Stat.ENCODER_VALID | Stat.AT_INDEX | Stat.POSITION_REACHED)


def test_ispd_sets_the_speed_of_the_search():
    rig = Rig(ISPD=500)
    rig.say("ENBL=1")
    rig.say("INDX=0", 1.0)
    assert rig.plant.speed_um_per_s == 500
    rig.wait(12.0)
    assert rig.stat() & Stat.SEARCHING_INDEX
    rig.wait(2.0)
    assert rig.stat() & Stat.ENCODER_VALID


def test_1600_counts_are_2_mm():
    rig = Rig()
    rig.home()
    rig.say("DPOS=1600", 1.0)
    assert rig.plant.position_um() == pytest.approx(2000.0)
    assert (rig.value("EPOS"), rig.value("DPOS")) == (1600, 1600)
    rig.say("STEP=-600", 1.0)
    assert rig.plant.position_um() == pytest.approx(1250.0)


def test_sspd_is_micrometres_a_second():
    rig = Rig()
    rig.home()
    rig.say("SSPD=1000")
    rig.say("DPOS=1600", 1.0)
    assert 900.0 < rig.plant.position_um() <= 1000.0


def test_position_reached_is_cleared_by_a_move_and_set_after_dlay():
    rig = Rig(INFO=7, POLI=1, DLAY=50)
    rig.home()
    rig.say("DPOS=400", 0.02)
    assert not rig.device.motion.stat() & Stat.POSITION_REACHED
    rig.wait(0.1 + 0.02)
    assert not rig.device.motion.stat() & Stat.POSITION_REACHED
    rig.wait(0.05)
    assert rig.device.motion.stat() & Stat.POSITION_REACHED


def test_stat_is_stale_for_up_to_one_period():
    rig = Rig(INFO=0)
    rig.home()
    assert rig.stat() & Stat.POSITION_REACHED
    stale = 0
    for counts in (400, 0) * 10:
        rig.say(f"DPOS={counts}", 0.005)
        rig.read()
        rig.say("STAT=?", 0.005)
        stale += bool(rig.lines()[0][1] & Stat.POSITION_REACHED)
        rig.wait(1.0 + 0.013)
    assert stale > 10


@pytest.mark.parametrize(
    ("off_counts", "wait_s", "reached"), [(2, 0.2, True), (4, 0.2, False), (4, 1.2, True), (9, 5.0, False)]
)
def test_arrival_takes_ptol_or_after_tout_pto2(off_counts, wait_s, reached):
    rig = Rig()
    rig.home()
    rig.plant.settled_off_um = off_counts * 1.25
    rig.say("DPOS=400", 0.1 + wait_s)
    assert bool(rig.device.motion.stat() & Stat.POSITION_REACHED) == reached


@pytest.mark.parametrize(("asked", "limit", "end"), [(5000, 2400, Stat.RIGHT_END), (-9, 0, Stat.LEFT_END)])
def test_moves_are_clamped_by_the_soft_limits(asked, limit, end):
    rig = Rig()
    rig.home()
    rig.say("LLIM=0")
    rig.say("HLIM=2400")
    rig.say(f"DPOS={asked}", 2.0)
    assert rig.value("DPOS") == limit
    assert rig.plant.position_um() == pytest.approx(limit * 1.25)
    assert rig.stat() & (Stat.END_STOP | end) == Stat.END_STOP | end
    rig.say("DPOS=800", 2.0)
    assert not rig.stat() & Stat.END_STOP


def test_stop_halts_and_cont_resumes():
    rig = Rig()
    rig.home()
    rig.say("DPOS=4000", 0.5)
    rig.say("STOP", 1.0)
    halted_um = rig.plant.position_um()
    assert 0.0 < halted_um < 5000.0
    rig.say("CONT", 2.0)
    assert rig.plant.position_um() == pytest.approx(5000.0)


def test_zero_forces_zero_until_the_next_move():
    rig = Rig()
    rig.home()
    rig.say("ZERO=0", 0.2)
    assert rig.stat() & (Stat.FORCE_ZERO | Stat.CLOSED_LOOP | Stat.MOTOR_ON) == Stat.FORCE_ZERO
    rig.say("HOME", 0.2)
    assert not rig.stat() & Stat.FORCE_ZERO


def test_scan_runs_freely_to_the_soft_limit():
    rig = Rig()
    rig.home()
    rig.say("HLIM=2400")
    rig.say("SCAN=1", 0.1)
    assert rig.device.motion.stat() & Stat.SCANNING
    rig.wait(2.0)
    assert rig.plant.position_um() == pytest.approx(3000.0)
    rig.say("SCAN=-1", 0.2)
    rig.say("SCAN=0", 0.2)
    assert 0.0 < rig.plant.position_um() < 3000.0
    assert not rig.stat() & Stat.SCANNING


@pytest.mark.parametrize(("direction", "end"), [(1, Stat.RIGHT_END), (-1, Stat.LEFT_END)])
@pytest.mark.parametrize("tag", ["SCAN", "MOVE"])
def test_a_free_run_shows_the_soft_limit_it_ends_at_and_leaves(tag, direction, end):
    rig = Rig(LLIM=-2400, HLIM=2400)
    rig.home()
    rig.say(f"{tag}={direction}", 0.3)
    assert not rig.stat() & (Stat.END_STOP | end)
    rig.wait(2.0)
    assert rig.stat() & (Stat.END_STOP | end) == Stat.END_STOP | end
    rig.say(f"{tag}={-direction}", 0.2)
    assert not rig.stat() & (Stat.END_STOP | end)


@pytest.mark.parametrize("leaving", ["SCAN=-1", "MOVE=-1", "INDX=0"])
def test_whatever_leaves_a_soft_limit_clears_its_bits(leaving):
    rig = Rig(HLIM=2400)
    rig.home()
    rig.say("DPOS=9999", 2.0)
    assert rig.stat() & Stat.RIGHT_END
    rig.say(leaving, 0.2)
    assert not rig.stat() & (Stat.END_STOP | Stat.RIGHT_END)


def test_an_index_search_survives_a_stage_that_is_held_for_a_while():
    rig = Rig(6000.0)
    rig.say("ENBL=1")
    rig.say("INDX=0", 0.5)
    rig.plant.halt()
    rig.wait(3.0)
    assert not rig.stat() & Stat.ENCODER_VALID
    rig.plant.move_to_um(-45000.0, 3000.0, 1.0)
    rig.wait(3.0)
    assert rig.stat() & Stat.ENCODER_VALID
    assert rig.plant.position_um() == pytest.approx(0.0, abs=1.25)
