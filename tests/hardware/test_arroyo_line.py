"""The line protocol by hand-written transcripts: what comes in, and what is made of it."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.arroyo.line import QueryLine

IDENTITY = b"Arroyo 4320 SIM-0001 3.10 2017\r\n"


@pytest.fixture
def line():
    return QueryLine(answer_timeout_s=0.5)


def asked(line, question, now_s=0.0):
    line.ask(question, now_s)
    return line.take_output()


def test_a_command_ends_with_a_carriage_return(line):
    line.send("LAS:OUT 0")
    assert line.take_output() == b"LAS:OUT 0\r"
    assert line.take_output() == b""


def test_a_bare_line_end_can_be_sent(line):
    line.send("")
    assert line.take_output() == b"\r"
    asked(line, "TEC:T?")
    assert line.receive(b"x25.0\r\n", 0.1) == "x25.0", "and is no echo of everything"


def test_what_is_sent_first_is_written_first(line):
    line.send("LAS:OUT 0")
    line.ask("LAS:OUT?", 0.0)
    assert line.take_output() == b"LAS:OUT 0\rLAS:OUT?\r"


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n"])
def test_every_line_end_of_the_manual_ends_an_answer(line, end):
    asked(line, "LAS:LDI?")
    assert line.receive(b"1000" + end, 0.02) == "1000"
    asked(line, "LAS:OUT?")
    assert line.receive(b"1" + end, 0.04) == "1"


def test_an_answer_may_come_byte_by_byte(line):
    asked(line, "LAS:LDI?")
    answers = [line.receive(bytes([byte]), 0.01) for byte in b"1000\r\n"]
    assert answers == [None, None, None, None, "1000", None]
    assert not line.busy


def test_half_an_answer_is_no_answer(line):
    asked(line, "LAS:LDI?")
    assert line.receive(b"10", 0.01) is None
    assert line.busy
    assert line.receive(b"00\r\n", 0.02) == "1000"


@pytest.mark.parametrize(
    "echoed",
    [b"LAS:LDI?1000\r\n", b"LAS:LDI?\r1000\r\n", b"LAS:LDI?\r\n1000\r\n", b"las:ldi? 1000\r\n"],
)
def test_an_echo_is_not_the_answer(line, echoed):
    asked(line, "LAS:LDI?")
    assert line.receive(echoed, 0.02) == "1000"


def test_the_echo_of_an_off_that_came_in_between_is_taken_off_too(line):
    asked(line, "LAS:LDI?")
    line.send("LAS:OUT 0")
    assert line.receive(b"LAS:LDI?LAS:OUT 01000\r\n", 0.02) == "1000"


def test_a_question_is_given_up_at_its_deadline_whatever_trickles_in(line):
    asked(line, "LAS:LDI?", now_s=1.0)
    for tick in range(1, 50):
        assert line.receive(b".", 1.0 + 0.01 * tick) is None
        assert not line.expire(1.0 + 0.01 * tick)
    assert line.expire(1.5)
    assert (line.unanswered, line.silent_s, line.busy) == (1, 0.5, False)


def test_after_a_missing_answer_the_line_is_realigned_by_the_identity(line):
    asked(line, "LAS:COND?", now_s=0.0)
    assert line.expire(0.5)
    assert asked(line, "LAS:LDI?", now_s=0.5) == b"*IDN?\r"
    assert line.receive(b"1040\r\n", 0.55) is None, "the late answer to LAS:COND? is not the current"
    assert line.receive(IDENTITY, 0.57) is None
    assert line.take_output() == b"LAS:LDI?\r"
    assert line.asked_s == 0.57, "the value is no older than its own question"
    assert line.receive(b"12\r\n", 0.6) == "12"
    assert line.silent_s == 0.0


def test_a_late_identity_is_never_taken_for_another_answer(line):
    asked(line, "*IDN?", now_s=0.0)
    assert line.expire(0.5)
    asked(line, "*IDN?", now_s=0.5)
    assert line.receive(IDENTITY, 0.6).startswith("Arroyo 4320")
    asked(line, "LAS:OUT?", now_s=0.6)
    assert line.receive(IDENTITY, 0.65) is None
    assert line.receive(b"0\r\n", 0.66) == "0"


@pytest.mark.parametrize("stray", [b"7\r\n", b"1000\r\n"])
def test_an_answer_too_many_realigns_the_line(line, stray):
    asked(line, "LAS:OUT?")
    assert line.receive(b"0\r\n" + stray, 0.02) == "0"
    assert asked(line, "LAS:COND?", now_s=0.06) == b"*IDN?\r"


def test_the_identity_is_asked_when_the_line_is_quiet(line):
    """Else an identity asked before could answer, and an old answer come behind it."""
    asked(line, "LAS:OUT?")
    line.receive(b"0\r\n1000\r\n", 0.02)
    assert asked(line, "LAS:COND?", now_s=0.02) == b""
    for tick in range(3, 13):
        assert not line.expire(tick / 100)
        assert line.receive(b"528\r\n" + IDENTITY, tick / 100) is None
    assert not line.expire(0.14)
    assert line.take_output() == b""
    assert not line.expire(0.16)
    assert line.take_output() == b"*IDN?\r"
    assert line.receive(IDENTITY, 0.19) is None
    assert line.take_output() == b"LAS:COND?\r"
    assert line.receive(b"528\r\n", 0.22) == "528"


def test_babble_holds_the_next_question_up_no_longer_than_an_answer_may_take(line):
    line.receive(b"?\r\n", 0.0)
    asked(line, "LAS:COND?", now_s=0.0)
    for tick in range(1, 50):
        line.receive(b"?\r\n", tick / 100)
        assert not line.expire(tick / 100)
    assert not line.expire(0.5)
    assert line.take_output() == b"*IDN?\r"


def test_an_answer_that_stops_in_the_middle_is_given_up_soon(line):
    asked(line, "LAS:LDI?")
    assert line.receive(b"10", 0.02) is None
    assert not line.expire(0.07)
    assert line.expire(0.09)
    assert (line.refused, line.broken_in_row, line.unanswered) == (1, 1, 0)


def test_an_echo_alone_does_not_hurry_the_answer(line):
    asked(line, "LAS:LDI?")
    assert line.receive(b"LAS:L", 0.01) is None
    assert line.receive(b"DI?", 0.02) is None
    assert not line.expire(0.4)
    assert line.receive(b"1000\r\n", 0.4) == "1000"


def test_nor_does_an_echo_of_what_was_sent_before_the_question(line):
    line.send("TERMINAL 0")
    line.send("TERM 0")
    line.ask("*IDN?", 0.0)
    assert line.receive(b"TERMINAL 0TE", 0.01) is None
    assert line.receive(b"RM 0*IDN?", 0.02) is None
    assert not line.expire(0.4)
    assert line.receive(IDENTITY, 0.4) == IDENTITY.decode().strip()
    assert (line.refused, line.unanswered) == (0, 0)


def test_a_damaged_identity_is_asked_again_soon(line):
    asked(line, "*IDN?")
    assert line.receive(b"Arr\x0fyo 4320\r\n", 0.03) is None
    assert line.expire(0.1)
    assert asked(line, "*IDN?", now_s=0.1) == b"*IDN?\r"


def test_an_answer_that_makes_no_sense_realigns_the_line(line):
    asked(line, "LAS:OUT?")
    assert line.receive(b"1024\r\n", 0.02) == "1024"
    line.refuse_answer()
    assert asked(line, "LAS:COND?", now_s=0.06) == b"*IDN?\r"
    assert line.refused == 1


def test_an_answer_that_nobody_asked_for_realigns_the_line(line):
    assert line.receive(b"1024\r\n", 0.0) is None
    assert asked(line, "LAS:COND?", now_s=0.04) == b"*IDN?\r"


def test_the_rest_of_a_stray_line_is_not_glued_to_the_next_answer(line):
    line.receive(b"10", 0.0)
    assert asked(line, "LAS:LDI?", now_s=0.04) == b"*IDN?\r"
    assert line.receive(b"24\r\n" + IDENTITY, 0.06) is None
    assert line.receive(b"5\r\n", 0.08) == "5"


def test_a_line_that_comes_with_the_identity_is_older_than_the_question_behind_it(line):
    asked(line, "LAS:COND?")
    line.expire(0.5)
    asked(line, "LAS:LDI?", now_s=0.5)
    assert line.receive(IDENTITY + b"1024\r\n", 0.6) is None
    assert line.busy


def test_a_question_can_be_given_up_before_the_answer_time_out(line):
    line.ask("LAS:COND?", 0.0, patience_s=0.1)
    assert line.receive(b"10", 0.095) is None
    assert not line.expire(0.15), "what has begun may end"
    assert line.receive(b"24\r\n", 0.15) == "1024"
    line.ask("LAS:COND?", 0.2, patience_s=0.1)
    assert line.expire(0.31)
    assert (line.unanswered, line.refused) == (1, 0)


def test_an_identity_asked_before_a_lost_question_does_not_realign_the_line(line):
    """Two were asked, one has come: the other may be lost, or come behind the question of today."""
    line.ask("*IDN?", 0.0, patience_s=0.1)
    assert line.expire(0.1)
    line.ask("*IDN?", 0.1, patience_s=0.1)
    assert line.receive(IDENTITY, 0.14).startswith("Arroyo")
    line.ask("LAS:OUT?", 0.14, patience_s=0.1)
    assert line.expire(0.25)
    line.take_output()
    line.ask("LAS:COND?", 0.25, patience_s=0.1)
    assert line.receive(IDENTITY, 0.26) is None, "the answer to the second *IDN?"
    assert line.receive(b"0\r\n", 0.28) is None, "the answer to LAS:OUT?"
    assert b"LAS:COND?" not in line.take_output()
    assert line.receive(IDENTITY, 0.30) is None
    assert line.take_output() == b"LAS:COND?\r"
    assert line.receive(b"528\r\n", 0.32) == "528"


def test_an_identity_that_must_have_been_lost_is_not_waited_for(line):
    line.ask("*IDN?", 0.0, patience_s=0.1)
    assert line.expire(0.1)
    line.ask("*IDN?", 0.1, patience_s=0.1)
    assert line.receive(IDENTITY, 0.14).startswith("Arroyo")
    line.ask("LAS:OUT?", 0.5, patience_s=0.1)
    assert line.expire(0.6)
    line.ask("LAS:COND?", 0.6, patience_s=0.1)
    line.take_output()
    assert line.receive(IDENTITY, 0.64) is None
    assert line.take_output() == b"LAS:COND?\r"


OUTCOMES = st.one_of(st.just(None), st.floats(0.005, 0.45))


@settings(max_examples=100, deadline=None)
@given(st.lists(OUTCOMES, min_size=1, max_size=60))
def test_no_answer_is_taken_for_another_whatever_is_lost_or_late(outcomes):
    """A device answers in order, each line lost or some time later; None is lost, both ways alike."""
    line = QueryLine(answer_timeout_s=0.5)
    coming, free_s, number, now_s = [], 0.0, 0, 0.0
    outcomes = iter(outcomes)
    for _ in range(600):
        now_s = round(now_s + 0.01, 2)
        due = b"".join(text for when_s, text in coming if when_s <= now_s)
        coming = [(when_s, text) for when_s, text in coming if when_s > now_s]
        answer = line.receive(due, now_s) if due else None
        assert answer is None or answer == str(number)
        line.expire(now_s)
        if not line.busy:
            number += 1
            line.ask(f"Q{number}?", now_s, patience_s=0.1)
        for question in line.take_output().decode().split("\r")[:-1]:
            late_s = next(outcomes, 0.02)
            if late_s is None:
                continue
            free_s = max(free_s, now_s + late_s)
            coming.append((free_s, IDENTITY if question == "*IDN?" else f"{question[1:-1]}\r\n".encode()))
    assert answer is not None or line.busy
    assert line.silent_s < 0.5, "and the line comes back in step"


def test_babble_without_line_ends_does_not_fill_the_memory(line):
    asked(line, "*IDN?")
    for _ in range(100):
        line.receive(b"\xff" * 1000, 0.1)
        assert len(line._incoming) <= 512
    assert line.receive(IDENTITY, 0.2).startswith("Arroyo")


@settings(max_examples=60, deadline=None)
@given(chunks=st.lists(st.binary(max_size=40), max_size=12), busy=st.booleans())
def test_no_bytes_make_it_raise(chunks, busy):
    line = QueryLine(answer_timeout_s=0.5)
    if busy:
        line.ask("ERRSTR?", 0.0)
    answers = []
    for tick, chunk in enumerate(chunks):
        answers.append(line.receive(chunk, 0.01 * tick))
    assert sum(answer is not None for answer in answers) <= busy, "one question has one answer at most"


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 60), max_size=8))
def test_where_the_bytes_are_cut_does_not_matter(cuts):
    data = b'*IDN?\r201,"Out of range",501,"Interlock"\r\n'
    line = QueryLine(answer_timeout_s=0.5)
    line.ask("ERRSTR?", 0.0)
    line.send("*IDN?")
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    answers = [line.receive(data[a:b], 0.0) for a, b in pairwise(edges)]
    assert [answer for answer in answers if answer] == ['201,"Out of range",501,"Interlock"']
