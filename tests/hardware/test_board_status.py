"""What the board's driver makes of its status lines, whole, damaged, missing and late."""

import pytest
from board_bench import HEALTHY, Bench, crc, line
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.interfaces import LinkState


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
        line(b"ST,1_0,9000,1B3,0,0,0"),
        line(b"ST, 9,9000,1B3,0,0,0"),
        line(b"ST,+9,9000,0x1B3,0,0,0"),
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


def test_silences_are_counted_and_so_is_the_loss_that_ends_in_one(ready):
    assert ready.driver.silences == 0
    for _ in range(8):
        ready.tick(b"")
    ready.tick()
    assert ready.driver.silences == 0
    for _ in range(11):
        ready.tick(b"")
    ready.tick()
    assert ready.driver.silences == 1
    for _ in range(60):
        ready.tick(b"")
    assert ready.driver.link is LinkState.LOST
    assert ready.driver.silences == 2


def test_damaged_lines_do_not_break_a_silence(ready):
    for _ in range(15):
        ready.tick(b"$ST,1,1,1,1,1,1*0000\n")
    ready.tick()
    assert (ready.driver.crc_errors, ready.driver.silences) == (15, 1)


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
