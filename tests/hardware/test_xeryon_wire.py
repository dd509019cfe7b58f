"""Lines of the Xeryon controller, whole, in pieces and damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.xeryon.wire import LineReader, command, query, trip_names

STREAM = b"EPOS=+00012000\nDPOS=-00000008\nSTAT=+00001121\n"
PARSED = [(b"EPOS", 12000), (b"DPOS", -8), (b"STAT", 1121)]


def values(lines):
    return [(tag, value) for tag, value, _ in lines]


def test_lines_come_out_the_same_whole_byte_by_byte_and_cut_anywhere():
    assert values(LineReader().feed(STREAM, 0.0)) == PARSED
    by_byte = LineReader()
    assert values([line for byte in STREAM for line in by_byte.feed(bytes([byte]), 0.0)]) == PARSED
    for cut in range(len(STREAM)):
        reader = LineReader()
        assert values(reader.feed(STREAM[:cut], 0.0) + reader.feed(STREAM[cut:], 1.0)) == PARSED
        assert reader.damaged == 0


def test_a_line_is_as_old_as_its_first_byte():
    reader = LineReader()
    assert reader.feed(b"EPOS=+000", 1.0) == []
    assert reader.feed(b"12", 1.1) == []
    found = reader.feed(b"000\nDPOS=+00012000\nSTAT", 1.2)
    assert [since_s for *_, since_s in found] == [1.0, 1.2]
    assert reader.feed(b"=+00000001\n", 1.3)[0][2] == 1.2


@pytest.mark.parametrize(
    "tail", [b"00012000\n", b"POS=+00012000\n", b"=+00012000\n", b"+00012000\n", b"0\n", b"\n", b"TAT=+1\n"]
)
def test_the_tail_of_a_line_cut_by_the_opening_is_no_value(tail):
    assert values(LineReader().feed(tail + STREAM, 0.0)) == PARSED


@pytest.mark.parametrize(
    "damaged",
    [
        b"EPOS=+0001200\n",
        b"EPOS=+000120000\n",
        b"EPOS=00012000\n",
        b"EPOS=+0001 000\n",
        b"EPOS=+0001_000\n",
        b"EPOS+00012000\n",
        b"EPOS=+00012000EPOS=+00012000\n",
        b"EPO\xd3=+00012000\n",
        b"epos=+00012000\n",
        b"EPOS=?\n",
        b"x" * 1000 + b"\n",
        b"EPOS=+0001\xb2000\n",
    ],
)
def test_a_line_with_a_byte_lost_or_changed_is_dropped_and_counted(damaged):
    reader = LineReader()
    assert values(reader.feed(damaged + STREAM, 0.0)) == PARSED
    assert reader.damaged == 1


@pytest.mark.parametrize(
    ("text", "value"), [(b"84000", 84000), (b"0", 0), (b"-8", -8), (b"99000003", 99000003)]
)
def test_an_unpadded_value_is_read_too(text, value):
    assert values(LineReader().feed(b"FREQ=%s\n" % text, 0.0)) == [(b"FREQ", value)]


@pytest.mark.parametrize("whole", [b"+00012000", b"-00000008", b"+00000000", b"+00001121"])
def test_no_padded_value_that_lost_a_byte_is_read_as_an_unpadded_one(whole):
    for at in range(len(whole)):
        reader = LineReader()
        assert values(reader.feed(b"EPOS=%s\n" % (whole[:at] + whole[at + 1 :]), 0.0)) == []
        assert reader.damaged == 1


@pytest.mark.parametrize("text", [b"", b"-", b"-0", b"+5", b"007", b"123456789", b"1.5", b"1e3", b"5 ", b"?"])
def test_what_is_neither_form_is_damaged(text):
    assert values(LineReader().feed(b"FREQ=%s\n" % text, 0.0)) == []


def test_an_endless_line_does_not_grow():
    reader = LineReader()
    for _ in range(100):
        assert reader.feed(b"EPOS=+00012000", 0.0) == []
    assert len(reader._rest) < 20
    assert values(reader.feed(b"\n" + STREAM, 0.0)) == PARSED


def test_an_axis_name_and_a_carriage_return_are_let_pass():
    assert values(LineReader().feed(b"X:EPOS=+00012000\r\n", 0.0)) == [(b"EPOS", 12000)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40)))
def test_garbage_never_raises_and_the_next_line_is_read(pieces):
    reader = LineReader()
    for piece in pieces:
        reader.feed(piece, 0.0)
    assert values(reader.feed(b"\n" + STREAM, 0.0))[-3:] == PARSED


def test_commands_and_queries_are_short_lines():
    assert command(b"DPOS", -36000) == b"DPOS=-36000\n"
    assert command(b"STOP") == b"STOP=0\n"
    assert query(b"HLIM") == b"HLIM=?\n"


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        (2, "thermal 1"),
        (3, "thermal 2"),
        (12, "encoder error"),
        (16, "following-error limit"),
        (18, "motor-on safety time-out"),
        (21, "position fail"),
    ],
)
def test_every_trip_has_its_bit_and_name(bit, name):
    assert trip_names(1 << bit) == (name,)


def test_no_other_bit_is_a_trip():
    assert trip_names(~sum(1 << bit for bit in (2, 3, 12, 16, 18, 21)) & (1 << 24) - 1) == ()


@pytest.mark.parametrize("whole", [b"EPOS=+00012000", b"STAT=+00262400", b"DPOS=-00012000"])
def test_of_a_tag_that_came_padded_no_value_that_lost_bytes_is_read(whole):
    reader = LineReader()
    reader.feed(whole + b"\n", 0.0)
    for start in range(5, len(whole)):
        for end in range(start + 1, len(whole) + 1):
            assert reader.feed(whole[:start] + whole[end:] + b"\n", 0.0) == []
    assert [value for _, value, _ in reader.feed(whole + b"\n", 0.0)] == [int(whole[5:])]
