"""A journal tells when it is not what was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import (
    FORMAT_VERSION,
    ChainReader,
    ChainWriter,
    Header,
    JournalError,
    Summary,
    TickLine,
)
from tosca_kiosk.domain.state import State


def header(session_id: int = 1) -> Header:
    return Header(FORMAT_VERSION, session_id, 1, 1, "2026-01-01 00:00:00.000000", "sim", "0", {}, rules())


SUMMARY = Summary("completed", None, 1.0, 1.0, 5.0, 5.1, 5.0)


def written(session_id: int = 1) -> list[bytes]:
    """Write a journal of a dozen ticks of a real session."""
    cart, chain = IdealCart(rules()), ChainWriter()
    lines = [chain.header(header(session_id))]
    for number in range(12):
        inputs = cart.inputs(*([CommandType.OPEN_SESSION] if number == 0 else []))
        decision = cart.tick(*inputs_commands(number))
        lines.append(
            chain.tick(TickLine(inputs.now_s, inputs, decision.outputs, decision.events, decision.safety))
        )
    return [*lines, chain.end(SUMMARY)]


def inputs_commands(number: int) -> list[CommandType]:
    return [CommandType.OPEN_SESSION] if number == 0 else []


LINES = written()


def read(content: bytes) -> ChainReader:
    reader = ChainReader(content)
    for _ in reader.ticks_json():
        pass
    return reader


def is_whole(content: bytes) -> bool:
    """Whether a journal reads to its end; one that lost its last line feed is torn, and not whole."""
    try:
        return read(content).end is not None
    except JournalError:
        return False


def test_a_whole_journal_reads_back() -> None:
    reader = read(b"".join(LINES))
    assert (reader.ticks, reader.torn) == (12, False)
    assert reader.end is not None
    assert reader.end.summary == SUMMARY
    assert reader.header == header()


def test_tick_lines_do_not_depend_on_the_header() -> None:
    assert written(session_id=1)[1:-1] == written(session_id=2)[1:-1]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_flipped_bit_is_found(data: st.DataObject) -> None:
    content = bytearray(b"".join(LINES))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    assert not is_whole(bytes(content))


@pytest.mark.parametrize("number", range(1, len(LINES) - 1))
def test_every_deleted_line_is_found(number: int) -> None:
    with pytest.raises(JournalError, match=f"line {number + 1}"):
        read(b"".join(LINES[:number] + LINES[number + 1 :]))


@pytest.mark.parametrize("number", range(1, len(LINES) - 2))
def test_every_swapped_pair_is_found(number: int) -> None:
    swapped = [*LINES[:number], LINES[number + 1], LINES[number], *LINES[number + 2 :]]
    with pytest.raises(JournalError, match=f"line {number + 1}"):
        read(b"".join(swapped))


def test_the_end_of_another_session_is_found() -> None:
    with pytest.raises(JournalError, match="line 14"):
        read(b"".join([*LINES[:-1], written(session_id=2)[-1]]))


@pytest.mark.parametrize("kept", [1, 5, 13])
def test_a_journal_cut_between_lines_is_read_as_far_as_it_goes(kept: int) -> None:
    reader = read(b"".join(LINES[:kept]))
    assert (reader.ticks, reader.end, reader.torn) == (kept - 1, None, False)


def test_a_torn_last_line_is_left_out() -> None:
    reader = read(b"".join(LINES[:6]) + LINES[6][:40])
    assert (reader.ticks, reader.torn) == (5, True)


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"no journal at all"])
def test_what_is_no_journal_is_refused(content: bytes) -> None:
    with pytest.raises(JournalError, match="line 1"):
        ChainReader(content)


def test_a_state_starts_dark_and_idle() -> None:
    assert (State().phase, State().beam, State().session_open) == ("idle", "dark", False)
