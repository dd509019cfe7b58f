"""What the record itself tells of the wall clock: its readings, in the order in which they were written.

Row numbers only ever grow, whatever the clock says. So a reading that is lower than one with a smaller number
shows that the clock was set back between them, or had been set forward before.

Whether the clock can be right at all is said here alone, by `doubt`. It labels and may add caution; a clock
that is not doubted proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import schema
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import WRITTEN_TIME, from_utc_text

SLACK = timedelta(minutes=5)
"""What a clock may be put right by without being doubted; a simulated session's own clock leads by less."""
FAR_AHEAD = timedelta(days=366)
"""More than a year after the newest row a clock is doubted; a cart that stood so long says so for a while."""
SETTLED = timedelta(days=7)
"""Rows that came out of the blue, more than FAR_AHEAD after all before them, prove nothing until they span so
much: one start by a clock that was years fast must make no right clock look slow."""
_LONGEST_RUN_S = 100 * 365 * 86_400
"""No machine runs for longer without a start; what is reckoned with must be a time at all."""
_SET_FORWARD = "clock_set_forward"
_VERSION_NAMED = "%Y%m%d"
_ZONES = timedelta(days=1)
"""A version is named by the day where it was made."""


class Wrong(StrEnum):
    """How a clock cannot be right."""

    BEFORE_RELEASE = "before_release"
    BEHIND = "behind"
    AHEAD = "ahead"


class Doubt(NamedTuple):
    """That the wall clock cannot be right. said: a sentence for a person, which names no time of now."""

    wrong: Wrong
    said: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The wall clock as a row holds it. time: None where the text is no time.

    after: the newest session that had been opened for certain when it was written, 0 for none; not_after: the
    newest that may have been.
    """

    time: datetime | None
    after: int
    not_after: int


_STARTS = "SELECT start_time, session_id, session_id FROM sessions ORDER BY session_id"

# Rows from before the audit's first session are younger than every session that has no audit row.
_AUDIT = """
WITH opened AS (
    SELECT audit_id, CAST(row_key AS INTEGER) AS number FROM audit_log
    WHERE table_name = 'sessions' AND action = 'insert'
),
unaudited AS (
    SELECT coalesce((SELECT min(number) - 1 FROM opened), (SELECT max(session_id) FROM sessions), 0) AS number
)
SELECT a.timestamp, a.after, a.after FROM (
    SELECT l.audit_id, l.timestamp,
        coalesce(max(o.number) OVER (ORDER BY l.audit_id), (SELECT number FROM unaudited)) AS after
    FROM audit_log l LEFT JOIN opened o USING (audit_id)
) a ORDER BY a.audit_id"""

# Rows of a session hold its start and its own seconds: no new reading. Of the others only their neighbours
# tell between which sessions they were written.
_SAFETY = """
SELECT timestamp, after, not_after FROM (
    SELECT log_id, session_id, timestamp,
        coalesce(max(session_id) OVER (ORDER BY log_id), 0) AS after,
        coalesce(
            min(session_id) OVER (ORDER BY log_id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
            (SELECT max(session_id) FROM sessions), 0
        ) AS not_after
    FROM safety_log
) WHERE session_id IS NULL ORDER BY log_id"""


# Days suffice to find a gap of a year, and keep what is read small however long the logs are. What is no time
# stays out, or it would hide the day that it begins with.
_DAYS = f"""
SELECT min(time), max(time) FROM (
    SELECT start_time AS time FROM sessions
    UNION ALL SELECT timestamp FROM audit_log
    UNION ALL SELECT timestamp FROM safety_log WHERE session_id IS NULL
) WHERE {WRITTEN_TIME.format("time")}
GROUP BY substr(time, 1, 10) ORDER BY 1"""


def clock_doubt(database: Database, now: datetime) -> Doubt | None:
    """Return why the wall clock cannot be right by what stands in the record, None where it can be.

    Raises StorageError.
    """
    with database.reading() as reader:
        return doubt(now, newest_row(reader))


def doubt(now: datetime, newest: datetime | None) -> Doubt | None:
    """Return why the wall clock cannot be right beside the time of the newest row, None where it can be."""
    if now < released():
        return Doubt(
            Wrong.BEFORE_RELEASE,
            f"The cart's clock is before this program's release ({released():%Y-%m-%d}): set it right.",
        )
    if newest is None:
        return None
    row = f"the newest row of the record ({newest:%Y-%m-%d %H:%M} UTC)"
    if now < newest - SLACK:
        return Doubt(Wrong.BEHIND, f"The cart's clock is behind {row}: set it right.")
    if now > newest + FAR_AHEAD:
        return Doubt(Wrong.AHEAD, f"The cart's clock is over a year ahead of {row}: set it right.")
    return None


def newest_row(reader: Reader) -> datetime | None:
    """Return the latest time of a row that the wall clock wrote, None where there is none.

    Left out are rows from before any record of this program, and those that came out of the blue (see
    SETTLED).
    """
    newest: datetime | None = None
    for first, last in _groups(reader):
        if newest is None or last - first >= SETTLED:
            newest = last
    return newest


def set_forward(by: timedelta, moment: SinceBoot, *, while_it_ran: bool = True) -> SafetyEvent:
    """Return the line of the safety log for a clock that skipped time, seen at a moment since boot.

    while_it_ran: whether a kiosk saw it, or only afterwards that it had happened.
    """
    when = "while the kiosk ran" if while_it_ran else "while no kiosk ran"
    return noticed(
        _SET_FORWARD,
        f"The cart's clock was set forward by {by.total_seconds():.0f} s {when}.",
        "operator_informed",
        {"seconds": round(by.total_seconds()), "boot_id": moment.boot_id, "boot_s": moment.s},
    )


def last_set_forward(reader: Reader) -> datetime | None:
    """Return when the clock was last seen to skip time, by that clock; None where it never was."""
    lines = reader.tuples(
        "SELECT timestamp FROM safety_log WHERE event_type = ? ORDER BY log_id DESC LIMIT 1", (_SET_FORWARD,)
    )
    return _time(lines[0][0]) if lines else None


def newest_skip(reader: Reader) -> tuple[datetime, SinceBoot] | None:
    """Return when the clock was last seen to skip time, by that clock and since boot; None where unknown."""
    lines = reader.tuples(
        "SELECT timestamp, json_extract(details, '$.boot_id'), json_extract(details, '$.boot_s') "
        "FROM safety_log WHERE event_type = ? AND json_valid(details) ORDER BY log_id DESC LIMIT 1",
        (_SET_FORWARD,),
    )
    if not lines or (time := _time(lines[0][0])) is None:
        return None
    _, boot_id, boot_s = lines[0]
    known = isinstance(boot_id, str) and isinstance(boot_s, float | int)
    return (time, SinceBoot(boot_id, float(boot_s))) if known and 0 <= boot_s <= _LONGEST_RUN_S else None


@cache
def released() -> datetime:
    """Return the day before which this program was not there: it is no older than its newest schema."""
    return _day_of(schema.revisions()[-1])


def _day_of(version: str) -> datetime:
    return datetime.strptime(version[:8], _VERSION_NAMED).replace(tzinfo=UTC) - _ZONES


def _groups(reader: Reader) -> list[tuple[datetime, datetime]]:
    """Return first and last time of each group of rows that no gap of FAR_AHEAD divides, the oldest first."""
    groups: list[tuple[datetime, datetime]] = []
    first_record = _day_of(schema.revisions()[0])
    for texts in reader.tuples(_DAYS):
        first, last = (_time(text) for text in texts)
        if first is None or last is None or last < first_record:
            continue
        if groups and first - groups[-1][1] <= FAR_AHEAD:
            groups[-1] = groups[-1][0], max(groups[-1][1], last)
        else:
            groups.append((first, last))
    return groups


def readings(reader: Reader) -> tuple[tuple[Reading, ...], ...]:
    """Return the readings of each source, each in its own order: session starts, audit, safety log.

    A session's end is no reading: it is the start plus the session's own seconds.
    """
    return tuple(
        tuple(
            Reading(time=_time(text), after=after, not_after=max(after, not_after))
            for text, after, not_after in rows
        )
        for rows in (reader.tuples(sql) for sql in (_STARTS, _AUDIT, _SAFETY))
    )


def _time(text: object) -> datetime | None:
    try:
        return from_utc_text(str(text))
    except StorageError:
        return None
