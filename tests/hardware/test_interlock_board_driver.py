"""The board's driver against hand-written transcripts: nothing here shares code with the driver's writer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.interfaces import LinkState, Origin
from hardware.interlock_board import InterlockBoardDriver
from hardware.settings import BoardSettings
from hardware.transport import PortError

SETTINGS = BoardSettings(port="sim://board", serial_number="SIM-0001")
GATE_WANTED = 0x008
HEALTHY = 0x1B3  # pedal, stop loop, motor, vibration, accelerometer, host alive


def crc(body):
    """CRC-16/CCITT-FALSE bit by bit, written down from its definition."""
    register = 0xFFFF
    for byte in body:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def line(body):
    return b"$%s*%04X\n" % (body, crc(body))


class ScriptedPort:
    """A port whose far end is the test."""

    url = "sim://board"
    origin = Origin.SIM

    def __init__(self):
        self.incoming = b""
        self.sent = []
        self.is_open = False
        self.broken = False
        self.openings = []
        self.now_s = 0.0

    def open(self):
        self.openings.append(self.now_s)
        if self.broken:
            raise PortError("port sim://board is not there; check the cable")
        self.is_open = True

    def read(self):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://board is gone; check the cable")
        data, self.incoming = self.incoming, b""
        return data

    def write(self, data):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://board is gone; check the cable")
        self.sent.append(data)

    def close(self):
        self.is_open = False

    def take_sent(self):
        sent, self.sent = self.sent, []
        return [body_of(s) for s in sent]


def body_of(frame):
    assert frame[:1] == b"$"
    assert frame[-6:-5] == b"*"
    assert frame[-1:] == b"\n"
    assert frame[-5:-1] == b"%04X" % crc(frame[1:-6])
    return frame[1:-6]


class Bench:
    """A driver, its scripted board and a clock."""

    def __init__(self, board_settings=SETTINGS):
        self.port = ScriptedPort()
        self.driver = InterlockBoardDriver(board_settings, self.port)
        self.now_s = 100.0
        self.sequence = 0
        self.board_ms = 5000
        self.flags = HEALTHY
        self.faults = 0
        self.photodiode = 0
        self.answers = {}

    def st(self, **change):
        fields = {
            "seq": self.sequence,
            "ms": self.board_ms,
            "flags": self.flags,
            "pd": self.photodiode,
            "vib": 2447,
            "faults": self.faults,
        } | change
        return line(b"ST,%(seq)d,%(ms)d,%(flags)X,%(pd)d,%(vib)d,%(faults)X" % as_bytes_keys(fields))

    def tick(self, incoming=None):
        """10 ms pass; the board sends one status and answers what it was sent."""
        self.now_s += 0.010
        self.port.now_s = self.now_s
        self.board_ms += 10
        self.sequence = (self.sequence + 1) % 65536
        self.port.incoming += self.st() if incoming is None else incoming
        self.driver.poll(self.now_s)

    def answer(self):
        """Answer everything sent as a board in order would; return the bodies that were sent."""
        sent = self.port.take_sent()
        for body in sent:
            word, number = body.split(b",")[:2]
            if word == b"ID":
                self.port.incoming += line(b"ID,%s,TOSCA-IL,1,1.0.0,SIM-0001" % number)
            elif word != b"HB":
                self.port.incoming += line(self.answers.get(word, b"OK,%s") % number)
        return sent

    def connect(self):
        sent = []
        for _ in range(10):
            self.tick()
            sent += self.answer()
        assert self.driver.link is LinkState.READY
        return sent


def as_bytes_keys(fields):
    return {key.encode(): value for key, value in fields.items()}


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def test_the_crc_is_ccitt_false():
    assert crc(b"123456789") == 0x29B1


def test_start_identifies_the_board_makes_everything_off_and_sets_the_threshold(bench):
    assert bench.connect() == [b"ID,0", b"HB,1,0", b"MO,2,0", b"AI,3,0", b"VT,4,800"]
    assert bench.driver.identity.model == "TOSCA-IL"
    assert bench.driver.identity.serial_number == "SIM-0001"
    assert bench.driver.identity.firmware == "1.0.0"
    assert bench.driver.problem is None


def test_nothing_is_sent_before_the_board_was_heard(bench):
    bench.tick(b"")
    assert bench.port.sent == []


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"ID,0,OTHER,1,1.0.0,SIM-0001", "name is OTHER, configured is TOSCA-IL"),
        (b"ID,0,TOSCA-IL,2,1.0.0,SIM-0001", "protocol version is 2, configured is 1"),
        (b"ID,0,TOSCA-IL,1,1.0.0,SIM-0002", "serial number is SIM-0002, configured is SIM-0001"),
        (b"ER,0,1", "ID is answered by 1"),
        (b"ID,0,TOSCA-IL", "load this project's firmware"),
    ],
)
def test_another_board_is_refused_by_name_and_nothing_more_is_sent(bench, answer, named):
    bench.tick()
    bench.port.take_sent()
    bench.tick(bench.st() + line(answer))
    for _ in range(5):
        bench.tick()
    assert bench.driver.link is LinkState.REFUSED
    assert named in bench.driver.problem
    assert bench.driver.status is None
    assert bench.port.sent == []


def test_a_threshold_the_board_refuses_is_a_refused_link(bench):
    bench.answers[b"VT"] = b"ER,%s,2"
    for _ in range(10):
        bench.tick()
        bench.answer()
    assert bench.driver.link is LinkState.REFUSED
    assert "VT 800 is refused: value out of range (ER 2)" in bench.driver.problem


def test_a_question_is_asked_three_times_and_then_the_link_is_lost(bench):
    for _ in range(160):
        bench.tick()
    assert bench.port.take_sent() == [b"ID,0"] * 3
    assert bench.driver.link is LinkState.LOST
    assert "no answer to ID" in bench.driver.problem


def test_faults_found_at_start_are_recorded_and_not_cleared(bench):
    bench.faults = 0x82
    sent = bench.connect()
    assert bench.driver.found_at_start == (
        "board: fault: stop loop opened",
        "board: fault: restarted by its own watchdog",
    )
    assert not any(body.startswith(b"CL") for body in sent)
    assert bench.driver.status.value.faults == 0x82


FLAG_NAMES = (
    "pedal_pressed",
    "stop_loop_closed",
    "gate_closed",
    "gate_wanted",
    "motor_on",
    "vibration_healthy",
    "aiming_on",
    "accelerometer_present",
    "host_alive",
)


@pytest.mark.parametrize(("bit", "name"), list(enumerate(FLAG_NAMES)))
def test_each_flag_bit_is_one_field(ready, bit, name):
    ready.flags = 1 << bit
    ready.tick()
    status = ready.driver.status.value
    assert [n for n in FLAG_NAMES if getattr(status, n)] == [name]


@pytest.mark.parametrize(
    ("counts", "volt", "saturated"),
    [
        (0, 0.0, False),
        (512, 2.5, False),
        (1019, 4.9755859375, False),
        (1020, 4.98046875, True),
        (1023, 4.9951171875, True),
    ],
)
def test_the_photodiode_is_five_volt_over_1024_counts(ready, counts, volt, saturated):
    ready.photodiode = counts
    ready.tick()
    assert ready.driver.status.value.photodiode_v == volt
    assert ready.driver.status.value.photodiode_saturated is saturated


def test_a_status_comes_out_the_same_whole_byte_by_byte_and_with_a_tail(ready):
    ready.sequence, ready.board_ms = 100, 6000
    data = ready.st(pd=77)
    for byte in data[:-1]:
        ready.tick(bytes([byte]))
        assert ready.driver.status.value.photodiode_v == 0.0
    ready.tick(data[-1:] + b"$ST,1")
    assert ready.driver.status.value.photodiode_v == 77 * 5 / 1024
    ready.tick(b"02,60")
    assert ready.driver.crc_errors == 0


@pytest.mark.parametrize(
    "damaged",
    [
        b"$ST,9,9000,1B3,0,0,0*0000\n",
        line(b"ST,9,9000,1B3,0,0,0").lower(),
        line(b"ST,9,9000,1B3,0,0"),
        line(b"ST,9,9000,1B3,0,0,0,0"),
        line(b"ST,9,9000,1B3,1024,0,0"),
        line(b"ST,9,9000,1B3,-1,0,0"),
        line(b"ST,65536,9000,1B3,0,0,0"),
        line(b"ST,9,4294967296,1B3,0,0,0"),
        line(b"ST,9,9000,XYZ,0,0,0"),
        line(b"ST,9,9000,1B3,0,0,100"),
        line(b"OK"),
        line(b"ER,3,x"),
        b"ST,9,9000,1B3,0,0,0\n",
        b"\n",
        b"$*FFFF\n",
        line(b"ST,9,9000,1B3,0,0," + b"0" * 80),
        b"x" * 500 + b"\n",
    ],
)
def test_a_damaged_line_is_dropped_and_counted_once(ready, damaged):
    before = ready.driver.status
    ready.tick(damaged)
    assert ready.driver.status == before
    assert ready.driver.crc_errors == 1


def test_an_endless_line_is_dropped_in_pieces_without_growing(ready):
    for _ in range(20):
        ready.tick(b"x" * 1000)
    assert len(ready.driver._rest) < 100
    ready.tick(b"\n" + ready.st())
    assert ready.driver.crc_errors == 1
    assert ready.driver.status.received_s == ready.now_s


def test_a_line_cut_by_opening_the_port_is_no_error(bench):
    bench.tick(b",1B3,0,0,0*1234\n" + bench.st())
    assert bench.driver.crc_errors == 0
    bench.connect()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=120),
            st.sampled_from([line(b"ST,1,1,1,1,1,1"), line(b"OK,2"), b"$", b"*", b"\n"]),
        )
    )
)
def test_garbage_never_raises(pieces):
    bench = Bench()
    bench.connect()
    for piece in pieces:
        bench.tick(piece)
    bench.tick()
    assert bench.driver.status is not None


def test_missing_lines_are_counted_across_the_wrap(ready):
    for sequence in (65534, 65535, 0, 1, 4, 4):
        ready.board_ms += 10
        ready.tick(ready.st(seq=sequence))
        if sequence == 65534:
            jump = ready.driver.sequence_gaps
    assert ready.driver.sequence_gaps - jump == 2


def test_a_release_between_two_polls_is_seen(ready):
    ready.tick(ready.st(flags=HEALTHY & ~1) + ready.st(seq=ready.sequence + 2, flags=HEALTHY))
    assert not ready.driver.status.value.pedal_pressed
    ready.tick()
    assert ready.driver.status.value.pedal_pressed


def test_a_press_between_two_polls_is_not_invented(ready):
    ready.flags = HEALTHY & ~1
    ready.tick()
    ready.tick(ready.st(flags=HEALTHY) + ready.st(seq=ready.sequence + 2, flags=HEALTHY & ~1))
    assert not ready.driver.status.value.pedal_pressed


def test_age_is_the_age_of_the_measurement_when_the_line_stalls(ready):
    assert ready.driver.status.asked_s == pytest.approx(ready.now_s)
    measured = ready.st(seq=ready.sequence + 1, ms=ready.board_ms + 10)
    for _ in range(20):
        ready.tick(b"")
    ready.tick(measured)
    reading = ready.driver.status
    assert reading.received_s == ready.now_s
    assert reading.asked_s == pytest.approx(ready.now_s - 0.200, abs=0.002)


def test_the_measurement_is_never_later_than_its_reception(ready):
    for jitter_s in (0.0, 0.004, 0.001, 0.009, 0.0, 0.003) * 20:
        ready.now_s += 0.010
        ready.board_ms += 10
        ready.sequence += 1
        ready.port.incoming = ready.st()
        ready.driver.poll(ready.now_s + jitter_s)
        assert ready.driver.status.asked_s <= ready.driver.status.received_s


@pytest.mark.parametrize("error", [-0.004, -0.0005, 0.0005, 0.004])
def test_a_board_whose_resonator_is_off_stays_fresh_for_minutes(ready, error):
    board_ms, start_ms = 0.0, ready.board_ms
    for _ in range(12_000):
        board_ms += 10 * (1 + error)
        ready.now_s += 0.010
        ready.sequence = (ready.sequence + 1) % 65536
        ready.port.incoming = ready.st(ms=start_ms + int(board_ms))
        ready.driver.poll(ready.now_s)
    assert ready.now_s - ready.driver.status.asked_s < 0.005


def test_the_board_clock_wraps_without_a_restart(ready):
    ready.driver.close()
    bench = Bench()
    bench.board_ms = (1 << 32) - 105
    bench.connect()
    for _ in range(5):
        bench.board_ms %= 1 << 32
        bench.tick()
    assert bench.board_ms < 1000
    assert bench.driver.restarts == 0
    assert bench.driver.status.asked_s == pytest.approx(bench.now_s)


def test_a_restart_is_noted_and_switches_nothing_on_again(ready):
    ready.driver.set_motor(True)
    ready.driver.set_aiming(True)
    for _ in range(3):
        ready.tick()
        ready.answer()
    ready.board_ms, ready.sequence, ready.faults = 0, 0, 0x80
    gaps = ready.driver.sequence_gaps
    ready.tick()
    assert [body.split(b",")[::2] for body in ready.answer()] == [
        [b"MO", b"0"],
        [b"AI", b"0"],
        [b"VT", b"800"],
    ]
    assert ready.driver.link is LinkState.READY
    assert ready.driver.restarts == 1
    assert "restarted by itself" in ready.driver.problem
    assert ready.driver.sequence_gaps == gaps
    assert ready.driver.status.asked_s == pytest.approx(ready.now_s)
    for _ in range(5):
        ready.tick()
        assert ready.answer() == []


def beats(bench, ticks, want_gate):
    """Return in which of the ticks a heartbeat went out."""
    sent = []
    for tick in range(ticks):
        bench.tick()
        bench.port.take_sent()
        bench.driver.heartbeat(want_gate)
        sent += [tick] * len(bench.port.take_sent())
    return sent


def test_heartbeats_go_out_every_40_ms(ready):
    assert beats(ready, 9, want_gate=False) == [0, 4, 8]


def test_a_change_goes_out_at_once_and_every_tick_until_the_board_agrees(ready):
    beats(ready, 2, want_gate=False)
    assert beats(ready, 3, want_gate=True) == [0, 1, 2]
    ready.flags |= GATE_WANTED
    assert beats(ready, 5, want_gate=True) == [3]
    assert beats(ready, 2, want_gate=False) == [0, 1]


def test_a_wish_taken_back_before_the_board_showed_it_goes_out_at_once(ready):
    beats(ready, 1, want_gate=True)
    assert not ready.driver.status.value.gate_wanted
    assert beats(ready, 1, want_gate=False) == [0]


def test_the_wish_is_on_the_wire(ready):
    ready.port.take_sent()
    ready.driver.heartbeat(True)
    [body] = ready.port.take_sent()
    assert body.startswith(b"HB,")
    assert body.endswith(b",1")


def test_without_control_no_heartbeat_is_sent(ready):
    for _ in range(30):
        ready.tick()
        ready.driver.flush(ready.now_s)
    assert ready.port.sent == []


def test_no_heartbeat_leaves_before_the_board_is_ready(bench):
    bench.tick()
    bench.port.take_sent()
    bench.driver.heartbeat(True)
    assert bench.port.sent == []


def test_the_motor_command_carries_the_configured_pwm_and_is_repeated_until_ok(ready):
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    for _ in range(25):
        ready.tick()
    sent = ready.answer()
    assert [body.split(b",")[::2] for body in sent] == [[b"MO", b"127"]] * 3
    for _ in range(25):
        ready.tick()
    assert ready.port.sent == []
    ready.driver.set_motor(False)
    ready.driver.flush(ready.now_s)
    assert [body.split(b",")[::2] for body in ready.answer()] == [[b"MO", b"0"]]


def test_the_answer_to_an_older_command_confirms_nothing(ready):
    ready.driver.set_aiming(True)
    ready.driver.flush(ready.now_s)
    ready.driver.set_aiming(False)
    ready.driver.flush(ready.now_s)
    on, off = ready.port.take_sent()
    assert (on[-2:], off[-2:]) == (b",1", b",0")
    ready.tick(ready.st() + line(b"OK,%s" % on.split(b",")[1]))
    for _ in range(11):
        ready.tick()
    assert [body[-2:] for body in ready.port.take_sent()] == [b",0"]


def test_an_impossible_value_is_named_and_not_sent_for_ever(ready):
    ready.answers[b"MO"] = b"ER,%s,2"
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    ready.answer()
    for _ in range(30):
        ready.tick()
    assert ready.port.sent == []
    assert "MO 127 refused: value out of range (ER 2)" in ready.driver.problem


def test_not_now_is_asked_again(ready):
    ready.answers[b"MO"] = b"ER,%s,3"
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    ready.answer()
    for _ in range(12):
        ready.tick()
    assert len(ready.port.sent) == 1


def test_clearing_sends_one_cl_and_tells_why_it_was_refused(ready):
    ready.answers[b"CL"] = b"ER,%s,3"
    ready.driver.clear_faults()
    for _ in range(100):
        ready.tick()
        sent = ready.answer()
        assert len(sent) <= 1
    assert "not now (ER 3)" in ready.driver.clear_refusal
    del ready.answers[b"CL"]
    ready.driver.clear_faults()
    assert ready.driver.clear_refusal is None
    for _ in range(100):
        ready.tick()
        ready.answer()
    assert ready.driver.clear_refusal is None


def test_an_unanswered_clear_says_so(ready):
    ready.driver.clear_faults()
    for _ in range(60):
        ready.tick()
    assert [body[:2] for body in ready.port.take_sent()] == [b"CL"]
    assert "no answer" in ready.driver.clear_refusal


def test_half_a_second_of_silence_loses_the_link_and_every_reading(ready):
    for _ in range(49):
        ready.tick(b"")
    assert ready.driver.link is LinkState.READY
    for _ in range(2):
        ready.tick(b"")
    assert ready.driver.link is LinkState.LOST
    assert ready.driver.status is None
    assert ready.driver.identity is None
    assert "board on sim://board: nothing heard for 0.5 s" in ready.driver.problem


def test_a_board_that_boots_after_opening_is_waited_for(bench):
    for _ in range(250):
        bench.tick(b"")
    bench.connect()


def test_a_lost_port_is_tried_with_growing_pauses(ready):
    ready.port.broken = True
    ready.port.openings.clear()
    for _ in range(4000):
        ready.tick(b"")
    pauses = [b - a for a, b in zip(ready.port.openings, ready.port.openings[1:], strict=False)]
    assert pauses == pytest.approx([1, 2, 4, 8, 8, 8, 8], abs=0.03)
    assert ready.driver.link is LinkState.LOST
    ready.port.broken = False
    for _ in range(800):
        ready.tick()
        ready.answer()
    assert ready.driver.link is LinkState.READY
    assert ready.driver.problem is None


def test_a_port_that_breaks_in_a_heartbeat_is_a_lost_link_not_an_exception(ready):
    ready.port.broken = True
    ready.driver.heartbeat(True)
    assert ready.driver.link is LinkState.LOST


def test_stop_wants_no_gate_switches_off_and_closes(ready):
    ready.driver.heartbeat(True)
    ready.port.take_sent()
    ready.driver.begin_stop()
    assert ready.driver.link is LinkState.STOPPING
    sent = ready.answer()
    for _ in range(3):
        ready.tick()
        sent += ready.answer()
    assert [body.split(b",")[::2] for body in sent] == [[b"HB", b"0"], [b"MO", b"0"], [b"AI", b"0"]]
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.port.is_open


def test_stop_ends_even_when_the_board_is_silent(ready):
    ready.driver.begin_stop()
    for _ in range(60):
        ready.tick(b"")
    assert ready.driver.link is LinkState.CLOSED


def test_closed_stays_closed(ready):
    ready.driver.close()
    for _ in range(100):
        ready.tick()
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.port.is_open
