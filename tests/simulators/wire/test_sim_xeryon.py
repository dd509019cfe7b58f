"""The simulated Xeryon controller streams and answers as WIRE.md says."""

import pytest

from simulators.wire.xeryon_tags import Stat
from tests.simulators.wire.xeryon_rig import LINE, Rig


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
