"""What the record itself tells of the wall clock: its readings, in the order in which they were written.

Row numbers only ever grow, whatever the clock says. So a reading that is lower than one with a smaller number
shows that the clock was set back between them, or had been set forward before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import from_utc_text


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
