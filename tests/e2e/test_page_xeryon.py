"""The WIRE.md of the Xeryon stage controller, sentence by sentence, by a client that knows nothing else.

The controller acknowledges nothing: it streams its state, and the client looks in the stream for what
became of its command. Counts are 1.25 um; speeds are um/s.
"""

import contextlib
import itertools
import re
from collections.abc import Callable

import pytest

from tests.e2e.page_bench import Wire, paced_cart, served_cart, until

pytestmark = pytest.mark.process

AMPLIFIERS, END_STOP, FORCE_ZERO, MOTOR_ON, CLOSED_LOOP, AT_INDEX, ENCODER_VALID = 0, 1, 4, 5, 6, 7, 8
SEARCHING, REACHED, SCANNING, LEFT_END, RIGHT_END, FOLLOWING, TIMED_OUT = 9, 10, 13, 14, 15, 16, 18


@pytest.fixture(scope="module")
def cart(tmp_path_factory):
    with served_cart(tmp_path_factory.mktemp("cart")) as cart:
        yield cart


class Controller(Wire):
    """A terminal that keeps the newest value of every tag it has heard."""

    def __init__(self, path: str, pass_time: Callable[[], None] | None = None):
        super().__init__(path, 115200, pass_time)
        self.newest: dict[str, int] = {}
        self.tags: list[str] = []
        self.states: list[set[int]] = []

    def say(self, *commands: str) -> None:
        self.write("".join(command + "\n" for command in commands))

    def reset(self) -> None:
        self.say("RSET")
        self.heard_for(0.25)  # WIRE.md waits 0.2 s
        self.line()  # the stream begins anew, in the middle of a line for who has not listened

    def take_in(self) -> bool:
        """Read what has come; whether there was a whole line."""
        line = self.maybe_line()
        if line is None:
            return False
        assert re.fullmatch(rb"[A-Z0-9]{4,5}=[+-][0-9]{8}\n", line), f"no reply of WIRE.md's form: {line!r}"
        self.newest[line[:-11].decode()] = int(line[-10:])
        self.tags.append(line[:-11].decode())
        if self.tags[-1] == "STAT":
            self.states.append({bit for bit in range(22) if self.newest["STAT"] >> bit & 1})
        return True

    def ask(self, tag: str) -> int:
        """Query a tag that is not in the stream, or that a fresh line of the stream answers as well."""
        while self.take_in():
            pass
        self.newest.pop(tag, None)
        self.say(f"{tag}=?")
        until(self.take_in, lambda _: tag in self.newest)
        return self.newest[tag]

    def at_once(self) -> set[int]:
        """Return STAT as it is told now."""
        self.ask("STAT")
        return self.states[-1]

    def bits(self) -> set[int]:
        """Return a fresh STAT: it is stale for up to one period (here 10 ms) after a command."""
        asked = self.ask("TIME")
        until(lambda: (self.ask("TIME") - asked) % 65536, lambda elapsed: elapsed > 200)
        return self.at_once()

    def wait_bits(self, present: set[int], absent: set[int] = frozenset()) -> set[int]:
        return until(self.bits, lambda bits: present <= bits and not absent & bits)

    def go(self, counts: int) -> None:
        """An absolute move, until bit 10 tells of it."""
        self.say(f"DPOS={counts}")
        self.wait_bits({REACHED}, {MOTOR_ON})


@pytest.fixture(scope="module")
def terminal(cart):
    with contextlib.closing(Controller(cart.ports["stage"])) as terminal:
        yield terminal


@pytest.fixture
def stage(terminal):
    """A controller at rest with the settings of WIRE.md, telling only what is asked."""
    terminal.say("INFO=0", "POLI=10", "STOP", "ENBL=1", "ELIM=0", "LLIM=-36000", "HLIM=36000", "SSPD=100000")
    terminal.heard_for(0.05)  # the rest of a stream
    terminal.wait_bits({AMPLIFIERS}, {MOTOR_ON})
    return terminal


@pytest.fixture
def unhomed(stage):
    """The controller after a reset, wherever the stage is: no index."""
    stage.reset()
    stage.say("INFO=0", "POLI=10", "ENBL=1", "SSPD=100000")
    stage.heard_for(0.05)
    stage.wait_bits({AMPLIFIERS}, {ENCODER_VALID})
    return stage


@pytest.fixture
def homed(stage):
    """The stage on its index, found fast: WIRE.md's 10-30 s are a search at 3 mm/s."""
    stage.say("ISPD=400000", "HOME" if ENCODER_VALID in stage.bits() else "INDX=0")
    stage.wait_bits({ENCODER_VALID, REACHED, AT_INDEX}, {SEARCHING, MOTOR_ON})
    return stage


STREAMS = {
    1: ["SRNO", "SOFT", "STAGE", "STAT", "SYNC"],
    2: ["SRNO", "SOFT", "STAGE", "STAT", "FREQ", "SYNC", "EPOS", "DPOS", "HLIM", "TIME"],
    3: ["EPOS", "DPOS", "STAT"],
    4: ["EPOS", "STAT", "DPOS", "TIME"],
    5: ["STAT", "FREQ", "EPOS", "DPOS", "HLIM", "TIME"],
    6: ["HLIM"],
    7: ["EPOS", "STAT"],
}
"""With HLIM as what was asked last."""


@pytest.mark.parametrize("info", STREAMS)
def test_info_chooses_what_is_streamed(stage, info):
    """The slot of 2, 5 and 6 carries the value of the last question, not of one before."""
    stage.ask("SSPD")
    stage.ask("HLIM")
    stage.say("POLI=10", f"INFO={info}")
    stage.tags.clear()
    until(stage.take_in, lambda _: len(stage.tags) >= 30)
    first = stage.tags.index(STREAMS[info][0])
    told = stage.tags[first : first + 20]
    assert told == (STREAMS[info] * 20)[: len(told)]


def test_info_0_streams_nothing_and_answers_still(stage):
    assert stage.heard_for(0.15) == b""
    stage.ask("EPOS")


def test_the_slot_carries_the_value_of_the_last_question(stage):
    stage.say("INFO=6")
    for tag, value in (("ILIM", 3000), ("TOUT", 1000)):
        stage.say(f"{tag}=?")
        stage.newest.clear()
        until(stage.take_in, lambda _, tag=tag: tag in stage.newest)
        stage.tags.clear()
        until(stage.take_in, lambda _: len(stage.tags) >= 5)
        assert set(stage.tags) == {tag}
        assert stage.newest[tag] == value


def test_by_default_it_streams_all_every_97_ms(stage):
    """TIME is in 0.1 ms, 16 bit."""
    stage.reset()
    times = []
    while len(times) < 3:
        stage.newest.pop("TIME", None)
        until(stage.take_in, lambda _: "TIME" in stage.newest)
        times.append(stage.newest["TIME"])
    assert [(later - earlier) % 65536 for earlier, later in itertools.pairwise(times)] == [970, 970]
    assert {*STREAMS[2], "HLIM"} - {"HLIM"} <= stage.newest.keys()
    assert stage.newest["SYNC"] == 12345678
    assert stage.ask("POLI") == 97


SEEN_VALUES = {
    "ACCE": 65500, "DECE": 65500, "LLIM": -36000, "HLIM": 36000, "PTOL": 2, "PTO2": 4, "DLAY": 10,
    "TOUT": 1000, "TOU2": 60, "TOU3": 0, "ELIM": 0, "ILIM": 3000, "SYNC": 12345678, "XLA3": 1250,
}  # fmt: skip


def test_queries_answer_the_values_of_the_page(stage):
    assert {tag: stage.ask(tag) for tag in SEEN_VALUES} == SEEN_VALUES
    for tag in ("SRNO", "SOFT", "STAGE"):
        stage.ask(tag)


TAKEN = {
    "SSPD=700": 700,
    "SSPD=701\t\t": 701,
    "SSPD=702\t\t\r": 702,
    "X:SSPD=703": 703,
    "X:SSPD=+704\t": 704,
    "SSPD=00000000705": 705,
}


def test_a_setting_is_taken_in_every_form_that_hosts_send(stage):
    """Also as a real settings file has it, with tabs behind the value; with the axis; of 16 characters."""
    for line, value in TAKEN.items():
        stage.say(line)
        assert stage.ask("SSPD") == value, line
    stage.say("SSPD=5000")


@pytest.mark.parametrize("ending", ["", "=0"])
def test_commands_without_a_value_take_none_or_0(homed, ending):
    homed.say("SSPD=10000", "DPOS=8000", f"STOP{ending}")
    homed.wait_bits(set(), {MOTOR_ON, REACHED})
    homed.say(f"ZERO{ending}")
    homed.wait_bits({FORCE_ZERO}, {MOTOR_ON})
    homed.say("SSPD=100000", f"HOME{ending}")
    homed.wait_bits({REACHED, AT_INDEX}, {MOTOR_ON, FORCE_ZERO})


def test_stat_is_stale_for_up_to_one_period_after_a_command(homed):
    homed.say("POLI=1000")
    homed.heard_for(0.1)
    homed.say("POLI=1000", "SSPD=1000", "DPOS=2000")
    assert REACHED in homed.at_once()
    homed.say("POLI=10")
    until(homed.at_once, lambda bits: REACHED not in bits)
    homed.say("SSPD=100000", "HOME")


UNKNOWN = ["FOOO=1", "FOOO=?", "dpos=5", "SSPD=1.5", "SSPD=abc", "SSPD", "SSPD=000000000000700", "=?", ""]


def test_unknown_lines_are_ignored(stage):
    """Upper case, integers only, at most 16 characters."""
    speed = stage.ask("SSPD")
    stage.tags.clear()
    stage.say(*UNKNOWN)
    assert stage.ask("SSPD") == speed
    assert stage.tags == ["SSPD"]


def test_a_whole_settings_file_of_another_client_is_taken_silently(stage):
    stage.tags.clear()
    for number in range(65):
        stage.say(f"Z{number:03}={number * 10}\t\t")
    stage.ask("EPOS")
    assert stage.tags == ["EPOS"]
    assert AMPLIFIERS in stage.bits()


def test_bytes_may_come_one_by_one_and_lines_several_at_once(stage):
    for byte in b"SSPD=777\n":
        stage.write(bytes([byte]))
        stage.heard_for(0.002)
    assert stage.ask("SSPD") == 777
    stage.say("SSPD=500", "SSPD=?", "SSPD=600", "SSPD=?")
    assert [stage.line() for _ in range(2)] == [b"SSPD=+00000500\n", b"SSPD=+00000600\n"]


@pytest.mark.parametrize("baud", [9600, 38400, 57600])
def test_the_controller_follows_the_hosts_baud(stage, baud):
    stage.port.baudrate = baud
    stage.heard_for(0.05)
    assert stage.ask("SYNC") == 12345678
    stage.port.baudrate = 115200
    stage.heard_for(0.05)


def test_absolute_moves_are_refused_until_the_index_is_found(unhomed):
    for command in ("DPOS=2000", "HOME"):
        unhomed.say(command)
        assert MOTOR_ON not in unhomed.bits()
    assert unhomed.ask("EPOS") == 0


def test_before_the_index_epos_counts_from_where_it_was_reset_and_relative_moves_go(unhomed):
    unhomed.say("STEP=400")
    unhomed.wait_bits({REACHED}, {MOTOR_ON})
    assert unhomed.ask("EPOS") == pytest.approx(400, abs=2)


@pytest.mark.parametrize("direction", [0, 1])
def test_the_index_is_searched_then_found_and_a_reset_loses_it(unhomed, direction):
    unhomed.say("STEP=9000")
    unhomed.wait_bits({REACHED}, {MOTOR_ON})
    unhomed.states.clear()
    unhomed.say("ISPD=200000", "INFO=1", f"INDX={direction}")
    unhomed.wait_bits({ENCODER_VALID, AT_INDEX, REACHED}, {SEARCHING})
    assert any(SEARCHING in state and not state & {ENCODER_VALID, REACHED} for state in unhomed.states)
    assert abs(unhomed.ask("EPOS")) <= 2
    unhomed.reset()
    assert ENCODER_VALID not in unhomed.bits()


def test_a_move_clears_bit_10_at_once_and_sets_it_within_ptol(homed):
    homed.say("SSPD=5000", "DPOS=2400")
    assert REACHED not in homed.at_once()
    assert homed.bits() & {MOTOR_ON, CLOSED_LOOP, REACHED} == {MOTOR_ON, CLOSED_LOOP}
    homed.wait_bits({REACHED}, {MOTOR_ON, AT_INDEX})
    assert homed.ask("EPOS") == pytest.approx(2400, abs=2)
    assert homed.ask("DPOS") == 2400
    homed.say("STEP=-400")
    homed.wait_bits({REACHED}, {MOTOR_ON})
    assert homed.ask("DPOS") == 2000
    homed.say("HOME")
    homed.wait_bits({REACHED, AT_INDEX}, {MOTOR_ON})
    assert homed.ask("EPOS") == pytest.approx(0, abs=2)


def test_speed_is_um_per_s_and_a_count_is_1_25_um(homed):
    """Free run at 10 mm/s: 8 counts a millisecond by the controller's own TIME."""
    homed.say("SSPD=10000", "INFO=4", "POLI=20", "SCAN=1")
    homed.wait_bits({SCANNING, MOTOR_ON}, {REACHED})
    seen = []
    while len(seen) < 10:
        homed.newest.clear()
        until(homed.take_in, lambda _: {"EPOS", "TIME"} <= homed.newest.keys())
        seen.append((homed.newest["TIME"], homed.newest["EPOS"]))
    homed.say("SCAN=0", "INFO=0")
    homed.wait_bits(set(), {SCANNING, MOTOR_ON})
    elapsed_ms = (seen[-1][0] - seen[2][0]) % 65536 / 10
    assert (seen[-1][1] - seen[2][1]) / elapsed_ms == pytest.approx(8.0, rel=0.05)


def test_moves_are_clamped_at_the_soft_limits_with_bits_1_and_14_or_15(homed):
    """Travel +-36000 counts = +-45 mm."""
    for asked, reached, end in ((40000, 36000, RIGHT_END), (-99999999, -36000, LEFT_END)):
        homed.say("SSPD=400000", f"DPOS={asked}")
        homed.wait_bits({END_STOP, end, REACHED}, {MOTOR_ON})
        assert homed.ask("EPOS") == pytest.approx(reached, abs=2)
    homed.say("HLIM=500", "LLIM=-200")
    homed.go(600)
    assert homed.ask("DPOS") == 500
    homed.go(-600)
    assert homed.ask("EPOS") == pytest.approx(-200, abs=2)
    homed.go(0)
    assert not homed.bits() & {END_STOP, LEFT_END, RIGHT_END}


def test_a_free_run_ends_at_a_soft_limit(homed):
    homed.say("SSPD=400000", "SCAN=-1")
    homed.wait_bits({END_STOP, LEFT_END}, {MOTOR_ON})
    assert homed.ask("EPOS") >= -36002


def test_speed_is_at_most_400_mm_per_s(homed):
    homed.say("SSPD=2000000")
    assert homed.ask("SSPD") <= 400000


def test_stop_halts_cont_resumes_zero_takes_the_amplifiers_to_zero(homed):
    homed.say("SSPD=10000", "DPOS=8000", "STOP")
    homed.wait_bits(set(), {MOTOR_ON, REACHED})
    halted = homed.ask("EPOS")
    assert halted < 7000
    assert homed.ask("EPOS") == pytest.approx(halted, abs=2)
    homed.say("SSPD=100000", "CONT")
    homed.wait_bits({REACHED}, {MOTOR_ON})
    assert homed.ask("EPOS") == pytest.approx(8000, abs=2)
    homed.say("ZERO")
    homed.wait_bits({FORCE_ZERO}, {MOTOR_ON})
    homed.say("STOP", "ENBL=1")
    homed.go(0)


def test_move_is_open_loop(homed):
    homed.say("SSPD=10000", "MOVE=1")
    homed.wait_bits({MOTOR_ON}, {CLOSED_LOOP})
    homed.say("STOP")
    homed.wait_bits(set(), {MOTOR_ON})


def test_save_stores_what_a_reset_brings_back(stage):
    stage.say("SSPD=4321", "INFO=2", "SAVE", "SSPD=99")
    stage.reset()
    assert stage.ask("SSPD") == 4321
    stage.say("SSPD=5000", "SAVE")


def number(terminal):
    """STAT as the number that a display shows, after a period."""
    terminal.bits()
    return terminal.newest["STAT"]


def test_stat_is_what_was_seen_on_a_carts_stage(stage, cart):
    """17 after RSET, 29 in a thermal trip, 1117 when INDX was sent in it; bit 0 stays set."""
    stage.reset()
    stage.say("INFO=0", "POLI=10")
    stage.heard_for(0.05)
    assert number(stage) == 17
    cart.turn(stage__firmware__error=2)
    until(lambda: number(stage), lambda stat: stat == 29)
    stage.say("INDX=0")
    until(lambda: number(stage), lambda stat: stat == 1117)
    assert stage.ask("EPOS") == 0
    stage.say("ENBL=1")
    assert not stage.bits() & {2, 3, FORCE_ZERO, REACHED}


def test_before_any_command_stat_is_17_and_a_search_takes_up_to_30_s():
    """At the speed that it is delivered with; TIME is 16 bit, 0.1 ms, and wraps meanwhile."""
    with (
        paced_cart() as cart,
        contextlib.closing(Controller(cart.ports["stage"], cart.pass_time)) as terminal,
    ):
        until(terminal.take_in, lambda _: "STAT" in terminal.newest)
        assert terminal.newest["STAT"] == 17
        terminal.say("INFO=4", "INDX=0")
        times = [terminal.ask("TIME")]
        while ENCODER_VALID not in terminal.at_once():
            terminal.heard_for(0.1)
            terminal._unread = b""
            terminal.line()
            times.append(terminal.ask("TIME"))
            assert len(times) < 300
        passed = [(later - earlier) % 65536 for earlier, later in itertools.pairwise(times)]
        assert sum(passed) <= 300_000
        assert all(0 <= time < 65536 for time in times)
        assert any(later < earlier for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("trip", "way_out"), [*((trip, "ENBL=1") for trip in (2, 3, 12, 16, 18, 21)), (2, "RSET"), (16, "RSET")]
)
def test_a_trip_stops_the_motor_until_it_is_enabled_or_reset(stage, cart, trip, way_out):
    stage.say("SSPD=10000", "SCAN=1")
    stage.wait_bits({MOTOR_ON})
    cart.turn(stage__firmware__error=trip)
    stage.wait_bits({trip}, {MOTOR_ON})
    stage.say("SCAN=0", "SCAN=1", "STEP=100", "STOP", "CONT")
    assert trip in stage.bits()
    assert MOTOR_ON not in stage.bits()
    stage.say("ENBL=1") if way_out == "ENBL=1" else stage.reset()
    stage.wait_bits({AMPLIFIERS}, {trip})


def test_a_following_error_over_elim_trips_bit_16(homed, cart):
    homed.say("ELIM=50")
    cart.turn(stage__stalled=True)
    homed.say("DPOS=2000")
    homed.wait_bits({FOLLOWING}, {MOTOR_ON})
    cart.turn(stage__stalled=False)
    homed.say("ELIM=0", "ENBL=1")
    homed.wait_bits({AMPLIFIERS, ENCODER_VALID}, {FOLLOWING})


def test_a_motor_on_for_tou2_seconds_trips_bit_18(homed):
    homed.say("TOU2=1", "SSPD=1000", "DPOS=30000")
    homed.wait_bits({TIMED_OUT}, {MOTOR_ON})
    assert 500 <= homed.ask("EPOS") <= 1200  # one second at 1 mm/s is 800 counts
    homed.say("TOU2=60", "ENBL=1")
    homed.wait_bits({AMPLIFIERS}, {TIMED_OUT})
