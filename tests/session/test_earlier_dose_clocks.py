"""Whatever wall clocks do: a session truly of the last 24 h is not left out where the record shows the step.

It shows it where a row that a right clock wrote stands before each time at which the clock is wrong, and is
younger then than the clock is wrong by.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.session.earlier_dose import RECENT, newest_witness
from tosca_kiosk.storage.clock_evidence import SLACK, Reading

BEGIN = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LASTS = timedelta(minutes=2)


class Opened(NamedTuple):
    """A session as it truly was, and the time that its row holds."""

    number: int
    true: datetime
    told: datetime


class Story:
    """What truly happened, and what the record says of it."""

    def __init__(self) -> None:
        self.true = BEGIN
        self.off = timedelta(0)
        self.opened: list[Opened] = []
        self.audit: list[Reading] = []

    @property
    def told(self) -> datetime:
        return self.true + self.off

    def signs_in(self) -> None:
        self.audit.append(Reading(self.told, len(self.opened), len(self.opened)))

    def treats(self) -> None:
        self.opened.append(Opened(len(self.opened) + 1, self.true, self.told))
        self.signs_in()
        self.true += LASTS

    def left_out(self, session: Opened) -> bool:
        starts = tuple(Reading(one.told, one.number, one.number) for one in self.opened)
        witness = newest_witness((starts, tuple(self.audit), ()), self.told)
        return session.number < witness and self.told - (session.told + LASTS) > RECENT + SLACK


Part = list[tuple[timedelta, bool]]
"""What happens one after another: after how long, and whether it is a session."""


def parts_of(longest: timedelta) -> st.SearchStrategy[Part]:
    gaps = st.integers(1, longest // MINUTE).map(lambda count: count * MINUTE)
    return st.lists(st.tuples(gaps, st.booleans()), max_size=5)


long_parts, short_parts = parts_of(20 * HOUR), parts_of(4 * HOUR)
hours_off = st.one_of(st.integers(-80, -2), st.integers(2, 80))


def lived(story: Story, part: Part, within: timedelta | None = None) -> None:
    """Let a part of the story happen; within: it takes no longer."""
    for gap, treated in part:
        if within is not None:
            within -= gap + LASTS
            if within <= timedelta(0):
                return
        story.true += gap
        story.treats() if treated else story.signs_in()


@pytest.mark.slow
@settings(max_examples=400)
@given(st.lists(st.tuples(long_parts, hours_off, short_parts), max_size=4), short_parts, st.booleans())
def test_a_session_truly_within_a_day_is_never_left_out_where_the_record_shows_the_step(
    parts: list[tuple[Part, int, Part]], last: Part, slow_now: bool
) -> None:
    story = Story()
    for right, hours, wrong in parts:
        lived(story, right)
        story.signs_in()
        story.off = hours * HOUR
        lived(story, wrong, within=abs(hours) * HOUR - 2 * SLACK)
        story.off = timedelta(0)
    lived(story, last)
    if slow_now and parts:
        story.off = -abs(parts[-1][1]) * HOUR
    for session in story.opened:
        if story.true - (session.true + LASTS) < RECENT:
            assert not story.left_out(session)


@given(long_parts, st.integers(-10_000, 10_000), st.integers(1, 40))
def test_a_clock_that_runs_evenly_however_wrong_leaves_out_just_what_is_older(
    part: Part, hours: int, after_h: int
) -> None:
    story = Story()
    story.off = hours * HOUR
    lived(story, part)
    story.true += after_h * HOUR
    witnesses = [one.number for one in story.opened if story.true - one.true > RECENT + SLACK]
    for session in story.opened:
        older = story.true - (session.true + LASTS) > RECENT + SLACK
        assert story.left_out(session) is (older and session.number < max(witnesses))


@given(long_parts, st.integers(-10_000, 10_000), long_parts, st.integers(-10_000, 10_000))
def test_the_newest_session_of_all_is_never_left_out_whatever_the_clock_does(
    before: Part, hours: int, after: Part, hours_then: int
) -> None:
    story = Story()
    story.off = hours * HOUR
    lived(story, before)
    story.treats()
    story.off = hours_then * HOUR
    lived(story, [(gap, False) for gap, _ in after])
    assert not story.left_out(story.opened[-1])
