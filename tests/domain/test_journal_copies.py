"""Of two copies of a journal that differ each line is the one that was written, wherever a bit has turned."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.test_journal_lines import LINES, written
from tosca_kiosk.domain.journal_copies import joined

WHOLE = b"".join(LINES)
BOUNDARIES = [len(b"".join(LINES[:count])) for count in range(len(LINES))]


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_turned_on_the_disk_is_taken_from_memory(data: st.DataObject) -> None:
    on_disk = data.draw(st.integers(1, len(WHOLE)))
    bit = data.draw(st.integers(0, 8 * on_disk - 1))
    begin = data.draw(st.sampled_from([each for each in BOUNDARIES if each <= bit // 8]))
    assert joined(flipped(WHOLE[:on_disk], bit), WHOLE, begin) == WHOLE


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_turned_in_memory_is_taken_from_the_disk(data: st.DataObject) -> None:
    on_disk = data.draw(st.sampled_from(BOUNDARIES[1:]))
    bit = data.draw(st.integers(0, 8 * on_disk - 1))
    assert joined(WHOLE[:on_disk], flipped(WHOLE, bit), 0) == WHOLE


def test_each_copy_gives_what_the_other_has_not() -> None:
    on_disk, in_memory = (8 * (BOUNDARIES[number] + 9) for number in (3, 6))
    assert joined(flipped(WHOLE, on_disk), flipped(WHOLE, in_memory), 0) == WHOLE


def test_a_line_that_neither_has_whole_stays_as_the_disk_has_it_and_what_follows_is_taken() -> None:
    both, later = (8 * (BOUNDARIES[number] + 9) for number in (3, 6))
    disk = flipped(flipped(WHOLE[: BOUNDARIES[8]], both), later)
    assert joined(disk, flipped(WHOLE, both + 5), 0) == flipped(WHOLE, both)


OTHERS = {
    "another session's, with the same ticks": b"".join(written(session_id=2)),
    "none at all": b"none at all\n" * 900,
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_is_not_of_this_journal_is_not_taken(other: bytes) -> None:
    assert joined(b"".join(LINES[:5]), other, 0) is None


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_a_journal_that_is_whole_takes_nothing_of_another(cut: int) -> None:
    """Memory goes on behind what the disk has, but was sealed on something else."""
    disk = b"".join(LINES[:5])
    assert joined(disk, disk + WHOLE[cut:], len(disk)) is None
