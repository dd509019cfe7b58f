"""The board's driver at a board played by hand: what no sound board says, or not at a moment of one's choice.

Damaged lines, other devices, a clock or a sequence at its wrap, a stalled line, an answer that comes late.
All else is tried at the simulator and at the firmware, in the other files.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.interfaces import LinkState
from tests.hardware.board_bench import HEALTHY, Bench, crc, line


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def played():
    bench = Bench()
    bench.connect()
    return bench


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"ID,0,OTHER,1,1.0.0,SIM-0001", "name is OTHER, configured is TOSCA-IL"),
        (
            b"ID,0,TOSCA-IL,2,1.0.0,SIM-0001",
            "protocol version 2, this program speaks 1; load the firmware",
        ),
        (b"ID,0,TOSCA-IL,1,1.0.0,SIM-0002", "serial number is SIM-0002, configured is SIM-0001"),
        (b"ER,0,1", "ID is refused: unknown command (ER 1); load this project's firmware"),
        (b"ID,0,TOSCA-IL", "it speaks protocol version none, this program speaks 1; load the firmware"),
        (b"ID,0,TOSCA-IL,2,x,y,z", "protocol version 2, this program speaks 1; load the firmware"),
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


def test_a_wrong_baud_rate_is_named(bench):
    for _ in range(310):
        bench.tick(b"\xe0\x1c\x00\xfe")
    assert bench.driver.link is LinkState.LOST
    assert bench.driver.problem == (
        "board on sim://board: the bytes make no sense at 115200 baud: check the baud rate and the cable"
    )


def test_another_devices_words_are_quoted(bench):
    for _ in range(310):
        bench.tick(b"STAT=+00001024\n")
    assert "STAT=+00001024" in bench.driver.problem
    assert "is no answer of a board: check that the port is this device's" in bench.driver.problem


def test_a_lost_port_is_tried_with_growing_pauses(played):
    played.port.broken = True
    played.port.openings.clear()
    for _ in range(4000):
        played.tick(b"")
    pauses = [b - a for a, b in zip(played.port.openings, played.port.openings[1:], strict=False)]
    assert pauses == pytest.approx([1, 2, 4, 8, 8, 8, 8], abs=0.03)
    assert played.driver.link is LinkState.LOST
    played.port.broken = False
    for _ in range(800):
        played.tick()
        played.answer()
    assert played.driver.link is LinkState.READY
    assert played.driver.problem is None


def test_the_answer_to_an_older_command_confirms_nothing(played):
    played.driver.set_aiming(True)
    played.driver.flush(played.now_s)
    played.driver.set_aiming(False)
    played.driver.flush(played.now_s)
    on, off = played.port.take_sent()
    assert (on[-2:], off[-2:]) == (b",1", b",0")
    played.tick(played.st() + line(b"OK,%s" % on.split(b",")[1]))
    for _ in range(11):
        played.tick()
    assert [body[-2:] for body in played.port.take_sent()] == [b",0"]


def test_not_now_is_asked_again(played):
    played.answers[b"MO"] = b"ER,%s,3"
    played.driver.set_motor(True)
    played.driver.flush(played.now_s)
    played.answer()
    for _ in range(12):
        played.tick()
    assert len(played.port.sent) == 1


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
def test_each_flag_bit_is_one_field(played, bit, name):
    played.flags = 1 << bit
    played.tick()
    status = played.driver.status.value
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
def test_the_photodiode_is_five_volt_over_1024_counts(played, counts, volt, saturated):
    played.photodiode = counts
    played.tick()
    assert played.driver.status.value.photodiode_v == volt
    assert played.driver.status.value.photodiode_saturated is saturated


def test_a_status_comes_out_the_same_whole_byte_by_byte_and_with_a_tail(played):
    played.sequence, played.board_ms = 100, 6000
    data = played.st(pd=77)
    for byte in data[:-1]:
        played.tick(bytes([byte]))
        assert played.driver.status.value.photodiode_v == 0.0
    played.tick(data[-1:] + b"$ST,1")
    assert played.driver.status.value.photodiode_v == 77 * 5 / 1024
    played.tick(b"02,60")
    assert played.driver.crc_errors == 0


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
def test_a_damaged_line_is_dropped_and_counted_once(played, damaged):
    before = played.driver.status
    played.tick(damaged)
    assert played.driver.status == before
    assert played.driver.crc_errors == 1


def test_an_endless_line_is_dropped_in_pieces_without_growing(played):
    for _ in range(20):
        played.tick(b"x" * 1000)
    assert len(played.driver._rest) < 100
    played.tick(b"\n" + played.st())
    assert played.driver.crc_errors == 1
    assert played.driver.status.received_s == played.now_s


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
    met_anew = bench.driver.link is LinkState.LOST  # its own clock ran back: a restart
    assert met_anew or bench.driver.status is not None


def test_missing_lines_are_counted_across_the_wrap(played):
    for sequence in (65534, 65535, 0, 1, 4, 4):
        played.board_ms += 10
        played.tick(played.st(seq=sequence))
        if sequence == 65534:
            jump = played.driver.sequence_gaps
    assert played.driver.sequence_gaps - jump == 2


def test_damaged_lines_do_not_break_a_silence(played):
    for _ in range(15):
        played.tick(b"$ST,1,1,1,1,1,1*0000\n")
    played.tick()
    assert (played.driver.crc_errors, played.driver.silences) == (15, 1)


def test_a_release_between_two_polls_is_seen(played):
    played.tick(played.st(flags=HEALTHY & ~1) + played.st(seq=played.sequence + 2, flags=HEALTHY))
    assert not played.driver.status.value.pedal_pressed
    played.tick()
    assert played.driver.status.value.pedal_pressed


def test_a_press_between_two_polls_is_not_invented(played):
    played.flags = HEALTHY & ~1
    played.tick()
    played.tick(played.st(flags=HEALTHY) + played.st(seq=played.sequence + 2, flags=HEALTHY & ~1))
    assert not played.driver.status.value.pedal_pressed


def test_age_is_the_age_of_the_measurement_when_the_line_stalls(played):
    assert played.driver.status.asked_s == pytest.approx(played.now_s)
    measured = played.st(seq=played.sequence + 1, ms=played.board_ms + 10)
    for _ in range(20):
        played.tick(b"")
    played.tick(measured)
    reading = played.driver.status
    assert reading.received_s == played.now_s
    assert reading.asked_s == pytest.approx(played.now_s - 0.200, abs=0.002)


def test_the_measurement_is_never_later_than_its_reception(played):
    for jitter_s in (0.0, 0.004, 0.001, 0.009, 0.0, 0.003) * 20:
        played.now_s += 0.010
        played.board_ms += 10
        played.sequence += 1
        played.port.incoming = played.st()
        played.driver.poll(played.now_s + jitter_s)
        assert played.driver.status.asked_s <= played.driver.status.received_s


@pytest.mark.parametrize("error", [-0.004, -0.0005, 0.0005, 0.004])
def test_a_board_whose_resonator_is_off_stays_fresh_for_minutes(played, error):
    board_ms, start_ms = 0.0, played.board_ms
    for _ in range(12_000):
        board_ms += 10 * (1 + error)
        played.now_s += 0.010
        played.sequence = (played.sequence + 1) % 65536
        played.port.incoming = played.st(ms=start_ms + int(board_ms))
        played.driver.poll(played.now_s)
    assert played.now_s - played.driver.status.asked_s < 0.005


def test_the_board_clock_wraps_without_a_restart(played):
    played.driver.close()
    bench = Bench()
    bench.board_ms = (1 << 32) - 105
    bench.connect()
    for _ in range(5):
        bench.board_ms %= 1 << 32
        bench.tick()
    assert bench.board_ms < 1000
    assert bench.driver.restarts == 0
    assert bench.driver.status.asked_s == pytest.approx(bench.now_s)
