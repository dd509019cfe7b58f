"""The simulated Xeryon controller says and does what WIRE.md says; 1 count is 1.25 um."""

import re

import pytest

from simulators.wire.xeryon import StageOptions, XeryonStage
from simulators.wire.xeryon_tags import Stat
from tests.simulators.wire.wire_bench import Bench, Host

LINE = re.compile(rb"[A-Z0-9]{4,5}=[+-]\d{8}\n")


class Rig(Host):
    def __init__(
        self,
        start_um=7000.0,
        seed=1,
        *,
        enabled=True,
        padded=True,
        slot_alone=False,
        shows_enabled=True,
        **settings,
    ):
        self.bench = Bench(seed, start_um)
        options = StageOptions(
            settings=settings,
            enabled_at_power_up=enabled,
            padded=padded,
            answers_in_slot_alone=slot_alone,
            shows_enabled=shows_enabled,
        )
        self.device = XeryonStage(self.bench, options)
        self.plant = self.bench.stage
        super().__init__(self.bench, self.device.line, 115200)

    def lines(self):
        data = self.read()
        lines = data.splitlines(keepends=True)
        assert all(LINE.fullmatch(line) for line in lines), data
        return [(line[:-1].split(b"=")[0].decode(), int(line[:-1].split(b"=")[1])) for line in lines]

    def value(self, tag):
        """Ask for one value with the stream off."""
        self.say("INFO=0", 0.1)
        self.read()
        self.say(f"{tag}=?", 0.02)
        lines = self.lines()
        assert [name for name, _ in lines] == [tag]
        return lines[0][1]

    def stat(self):
        return Stat(self.value("STAT"))

    def home(self):
        self.say("ENBL=1")
        self.say("INDX=0", 60.0)
        assert self.stat() & Stat.ENCODER_VALID


@pytest.mark.parametrize(
    ("mode", "tags"),
    [
        (1, "SRNO SOFT STAGE STAT SYNC"),
        (2, "SRNO SOFT STAGE STAT FREQ SYNC EPOS DPOS TIME"),
        (3, "EPOS DPOS STAT"),
        (4, "EPOS STAT DPOS TIME"),
        (5, "STAT FREQ EPOS DPOS TIME"),
        (7, "EPOS STAT"),
    ],
)
def test_info_chooses_what_is_streamed_every_97_ms(mode, tags):
    rig = Rig()
    rig.say(f"INFO={mode}", 0.2)
    rig.read()
    names = []
    for _ in range(20):
        rig.wait(0.485)
        names += [name for name, _ in rig.lines()]
    first = names.index(tags.split()[0])
    period = names[first : first + len(tags.split())]
    assert period == tags.split()
    assert len(names) == 100 * len(tags.split())


@pytest.mark.parametrize(
    ("mode", "tags"),
    [
        (2, "SRNO SOFT STAGE STAT FREQ SYNC EPOS DPOS PTOL TIME"),
        (5, "STAT FREQ EPOS DPOS PTOL TIME"),
        (6, "PTOL"),
    ],
)
def test_the_slot_repeats_the_last_question(mode, tags):
    rig = Rig(POLI=100)
    rig.say("INFO=0", 0.2)
    rig.say("LLIM=?")
    rig.say("PTOL=?")
    rig.say(f"INFO={mode}", 0.2)
    rig.read()
    rig.wait(1.0)
    assert [name for name, _ in rig.lines()] == tags.split() * 10


@pytest.mark.parametrize(
    ("mode", "beside", "within"),
    [
        (0, True, False),
        (2, False, True),
        (3, False, False),
        (5, False, True),
        (6, False, True),
        (7, False, False),
    ],
)
def test_a_controller_may_answer_in_the_slot_alone(mode, beside, within):
    rig = Rig(INFO=mode, POLI=500, slot_alone=True)
    rig.device._poll()  # the next is half a second away
    rig.wait(0.1)
    rig.read()
    rig.say("HLIM=?", 0.05)
    assert (rig.lines() == [("HLIM", 36000)]) == beside
    rig.wait(0.5)
    assert (("HLIM", 36000) in rig.lines()) == within


def test_a_controller_may_answer_in_plain_numbers():
    rig = Rig(padded=False)
    rig.say("INFO=0", 0.2)
    rig.read()
    rig.say("LLIM=?", 0.02)
    assert rig.read() == b"LLIM=-36000\n"
    rig.say("FREQ=?", 0.02)
    assert rig.read() == b"FREQ=86000\n"


def test_a_controller_may_never_show_bit_0():
    rig = Rig(shows_enabled=False)
    rig.home()
    assert not rig.stat() & Stat.ENABLED


def test_info_0_is_silent_and_a_query_is_answered_alone():
    rig = Rig()
    assert rig.value("SYNC") == 12345678
    rig.wait(5.0)
    assert rig.lines() == []


def test_it_streams_everything_by_default_and_poli_sets_the_period():
    rig = Rig()
    rig.wait(1.0)
    assert {"SRNO", "STAT", "EPOS", "DPOS", "TIME"} <= {name for name, _ in rig.lines()}
    rig.say("INFO=7")
    rig.say("POLI=20", 0.2)
    rig.read()
    rig.wait(1.0)
    assert len(rig.lines()) == 2 * 50


def test_a_line_too_slow_for_the_stream_loses_whole_periods():
    rig = Rig()
    rig.line.set_host_baud(9600)
    rig.say("POLI=10", 0.5)
    rig.read()
    rig.wait(4.0)
    lines = rig.read().splitlines(keepends=True)[1:-1]
    assert all(LINE.fullmatch(line) for line in lines)
    assert 4.0 * 50 < len(lines) <= 4.0 * 64


def test_values_are_a_sign_and_eight_digits():
    rig = Rig()
    rig.say("INFO=0", 0.1)
    rig.read()
    rig.say("SRNO=?", 0.02)
    assert rig.read() == b"SRNO=-00000001\n"
    rig.say("LLIM=?", 0.02)
    assert rig.read() == b"LLIM=-00036000\n"


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("HLIM", 36000),
        ("PTOL", 2),
        ("PTO2", 4),
        ("DLAY", 10),
        ("TOUT", 1000),
        ("TOU2", 60),
        ("TOU3", 0),
        ("ELIM", 0),
        ("ILIM", 3000),
        ("ACCE", 65500),
        ("POLI", 97),
        ("XLA3", 1250),
    ],
)
def test_the_stored_settings_are_the_pages(tag, value):
    assert Rig().value(tag) == value


def test_time_counts_tenths_of_milliseconds_in_16_bits():
    rig = Rig()
    first = rig.value("TIME")
    rig.wait(1.0 - 0.12)
    second = rig.value("TIME")
    assert (second - first) % 65536 == pytest.approx(10000, abs=30)
    rig.wait(6.5)
    assert 0 <= rig.value("TIME") < 65536


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
