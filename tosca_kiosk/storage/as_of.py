"""The record as it was at a moment, for every SELECT that the program has.

Temporary views of the same names stand before tables, logs and views: rows that were changed since are those
that the audit says were there, rows that came since are not. The audit's numbers count, not its times: they
rise with every change, whatever a clock does meanwhile. Of the logs the one chain tells what stood in them;
of rows that were there before it, what closed their session, and of lines of no session their own times.
What was changed past the audit is known only from when it was found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.storage.audited import AUDITED, KEPT_OUT
from tosca_kiosk.storage.chain import EVENTS
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row
from tosca_kiosk.storage.errors import StorageError, translating
from tosca_kiosk.storage.timestamps import utc_text

_AUDIT: Final = "audit_log"
_SAFETY: Final = "safety_log"
_CHANGED: Final = "as_of_changed"
"""In the temporary schema: the keys of the rows that were changed since."""
_TO_SECONDS: Final = len("2026-11-30 14:05:30")
_VIEW: Final = re.compile(r"CREATE\s+VIEW\s+", re.IGNORECASE)

# A session's rows come into the logs when it is closed.
_OF_CLOSED: Final = (
    "session_id IN (SELECT session_id FROM sessions WHERE status NOT IN ('in_progress', 'paused'))"
)
# The first change after the moment holds what a row was at it.
_SINCE: Final = """
SELECT a.table_name, a.row_key, a.action, a.old_values
FROM audit_log a
JOIN (
    SELECT min(audit_id) AS first FROM audit_log
    WHERE table_name IN ({tables}) AND audit_id > ? GROUP BY table_name, row_key
) f ON a.audit_id = f.first"""

_BROUGHT_BACK: Final = """
SELECT 1 FROM operations o, json_each(
    CASE WHEN json_valid(o.details) THEN o.details ELSE '{{}}' END, '$.{list}'
) b
WHERE o.name = 'restore' AND b.value = ?"""


class Opened(NamedTuple):
    """Sessions of one kind. table: of their rows; brought_back: in what a restore says; named: of one."""

    table: str
    brought_back: str
    named: str


TREATMENTS: Final = Opened(table="sessions", brought_back="brought_back", named="session")
CALIBRATION_SESSIONS: Final = Opened(
    table="calibration_sessions", brought_back="calibrations_brought_back", named="calibration session"
)


class _Bytes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands for bytes, for which JSON has no form; see audited.encoded. bytes: hexadecimal."""

    bytes: str


_Value = _Bytes | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | float | str | None
_decode: Final = msgspec.json.Decoder(dict[str, _Value]).decode


class Moment(NamedTuple):
    """A moment of the record. audit_id: of the newest change that counts; time: naive UTC text, for logs."""

    audit_id: int
    time: str


def moment_at(reader: Reader, time: datetime, now: datetime) -> Moment:
    """Return the moment of a time. StorageError for one before the first change, or still to come."""
    wanted = utc_text(time)
    first, newest = reader.tuples(
        "SELECT (SELECT timestamp FROM audit_log ORDER BY audit_id LIMIT 1), max(timestamp) FROM audit_log"
    )[0]
    if first is None or wanted < str(first):
        since = "holds no change yet" if first is None else f"begins at {first} UTC"
        raise StorageError(
            f"{reader.path}: {wanted[:_TO_SECONDS]} UTC is before the record, which {since}; "
            "give a later time"
        )
    # A clock that was ahead has left changes that are still to come, and they can be asked for.
    if wanted[:_TO_SECONDS] > max(utc_text(now), str(newest))[:_TO_SECONDS]:
        raise StorageError(
            f"{reader.path}: {wanted[:_TO_SECONDS]} UTC is still to come; give a time that has been"
        )
    # The sign keeps SQLite to the index over times, where it would read the rows from the newest on.
    [(audit_id,)] = reader.tuples(
        "SELECT max(+audit_id) FROM audit_log WHERE timestamp <= ?",
        (wanted,),
    )
    return Moment(audit_id=int(audit_id), time=wanted)


def opening_of(reader: Reader, session_id: int, of: Opened = TREATMENTS) -> Moment:
    """Return the moment when a session was opened. StorageError where the audit does not know it.

    That is when its row was made, unless a restore has made that again.
    """
    if reader.tuples(_BROUGHT_BACK.format(list=of.brought_back), (session_id,)):
        raise StorageError(
            f"{reader.path}: {of.named} {session_id} was brought back by a restore; the record does not say "
            "what was in force when it was opened, the audit of the file that was replaced may"
        )
    found = reader.tuples(
        "SELECT audit_id, timestamp FROM audit_log WHERE table_name = ? AND row_key = ? "
        "AND action = 'insert' ORDER BY audit_id DESC LIMIT 1",
        (of.table, str(session_id)),
    )
    if not found:
        raise StorageError(
            f"{reader.path}: the audit does not say when {of.named} {session_id} was opened; "
            "run tosca-kiosk db check"
        )
    [(audit_id, time)] = found
    return Moment(audit_id=int(audit_id), time=str(time))


@contextmanager
def record_as_of(database: Database, time: datetime, now: datetime) -> Iterator[Database]:
    """Let the block read the whole record as it was at a time, by this database in this thread.

    Raises StorageError as moment_at, and where the audit cannot be read.
    """
    with database.reading() as reader, rewound(reader, moment_at(reader, time, now), AUDITED, logs=True):
        yield database


@contextmanager
def rewound(reader: Reader, moment: Moment, tables: Collection[str], *, logs: bool = False) -> Iterator[None]:
    """Let the block read audited tables as they were. logs: the logs and the views over all of it, too.

    Of a PIN's hash nothing is known but now, and a column that the audit did not hold then is unknown: NULL.
    Raises StorageError where the audit cannot be read.
    """
    made: list[str] = []
    connection = reader.connection
    with translating(reader.path):
        changed = _changed_since(reader, moment, tables)
    try:
        with translating(reader.path), _temporary_writes(connection):
            _shadow_tables(reader, changed, made)
            if logs:
                _shadow_logs(connection, moment, made)
                _shadow_views(connection, moment, made)
        yield
    finally:
        with translating(reader.path), _temporary_writes(connection):
            for drop in reversed(made):
                connection.exec_driver_sql(drop)


@contextmanager
def _temporary_writes(connection: Connection) -> Iterator[None]:
    """Let temporary objects be made, which `query_only` counts as writes; the file stays as it is."""
    before = connection.exec_driver_sql("PRAGMA query_only").scalar_one()
    connection.exec_driver_sql("PRAGMA query_only=OFF")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA query_only={before}")


def _changed_since(
    reader: Reader, moment: Moment, tables: Collection[str]
) -> dict[str, dict[str, Row | None]]:
    """Return by table and key what the rows were that were changed since; None for one that was not there."""
    found: dict[str, dict[str, Row | None]] = {}
    marks = ", ".join("?" * len(tables))
    for table, key, action, values in reader.tuples(_SINCE.format(tables=marks), (*tables, moment.audit_id)):
        old = None if action == "insert" or values is None else audited_row(reader.path, table, values)
        if old is not None and str(old.get(AUDITED[table])) != key:
            old = None  # it stood under another key, which its own change tells
        found.setdefault(table, {})[key] = old
    return found


def audited_row(path: Path, table: str, values: Any) -> Row:
    """Return a row as the audit of the file holds it, its values as SQLite held them.

    Raises StorageError where it cannot be read.
    """
    try:
        return {name: _from_audit(value) for name, value in _decode(values).items()}
    except (ValueError, TypeError, RecursionError) as error:  # msgspec's own are ValueErrors
        raise StorageError(
            f"{path}: the audit of {table} cannot be read ({error}); run tosca-kiosk db check"
        ) from error


def _from_audit(value: _Value) -> Any:
    """Return a value as SQLite held it."""
    return bytes.fromhex(value.bytes) if isinstance(value, _Bytes) else value


def _shadow_tables(reader: Reader, changed: dict[str, dict[str, Row | None]], made: list[str]) -> None:
    connection = reader.connection
    if not changed:
        return
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {_CHANGED} (table_name TEXT, row_key TEXT, PRIMARY KEY (table_name, row_key)) "
        "WITHOUT ROWID"
    )
    made.append(f"DROP TABLE temp.{_CHANGED}")
    for table, rows in changed.items():
        kinds = connection.exec_driver_sql(f"PRAGMA main.table_info({table})").fetchall()
        names = [kind[1] for kind in kinds]
        connection.exec_driver_sql(
            f"CREATE TEMP TABLE as_of_{table} ({', '.join(f'{kind[1]} {kind[2]}' for kind in kinds)})"
        )
        made.append(f"DROP TABLE temp.as_of_{table}")
        connection.exec_driver_sql(f"INSERT INTO {_CHANGED} VALUES (?, ?)", [(table, key) for key in rows])
        was = [tuple(row.get(name) for name in names) for row in rows.values() if row is not None]
        if was:
            connection.exec_driver_sql(
                f"INSERT INTO as_of_{table} VALUES ({', '.join('?' * len(names))})", was
            )
        columns = ", ".join(names)
        now = ", ".join(f"NULL AS {name}" if name in KEPT_OUT else name for name in names)
        connection.exec_driver_sql(
            f"CREATE TEMP VIEW {table} AS SELECT {now} FROM main.{table} AS now WHERE NOT EXISTS ("
            f"SELECT 1 FROM temp.{_CHANGED} AS c WHERE c.table_name = '{table}' "
            f"AND c.row_key = CAST(now.{AUDITED[table]} AS TEXT)) "
            f"UNION ALL SELECT {columns} FROM temp.as_of_{table}"
        )
        made.append(f"DROP VIEW temp.{table}")


def _shadow_logs(connection: Connection, moment: Moment, made: list[str]) -> None:
    seen = _Seen(connection, moment)
    conditions = {
        _AUDIT: f"audit_id <= {moment.audit_id}",
        "chain_links": f"link_id <= {seen.link}",
        "heads": f"link_id <= {seen.link}",
        EVENTS: seen.rows_of(EVENTS, "event_id"),
        _SAFETY: seen.rows_of(_SAFETY, "log_id"),
        f"{EVENTS}_chain": f"EXISTS (SELECT 1 FROM temp.{EVENTS} AS e WHERE e.event_id = now.event_id)",
        "audit_context": "0",
    }
    for log, condition in conditions.items():
        connection.exec_driver_sql(
            f"CREATE TEMP VIEW {log} AS SELECT * FROM main.{log} AS now WHERE {condition}"
        )
        made.append(f"DROP VIEW temp.{log}")


def _shadow_views(connection: Connection, moment: Moment, made: list[str]) -> None:
    """Make the file's views again, over what is seen at the moment; their present is the moment."""
    views = connection.exec_driver_sql("SELECT name, sql FROM main.sqlite_master WHERE type = 'view'")
    for name, sql in views.fetchall():
        then = _VIEW.sub("CREATE TEMP VIEW ", sql, count=1).replace("'now'", f"'{moment.time}'")
        connection.exec_driver_sql(then)
        made.append(f'DROP VIEW temp."{name}"')


class _Seen:
    """How much of the logs stood in the record at a moment.

    A transaction's rows are linked together, the audit's last. So what is linked up to the newest change that
    counts was there. Behind it, up to the next change, stand lines of the safety log that came by themselves,
    and what the next change brought with it: events first.
    """

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._time = moment.time
        self._of_none = f"(session_id IS NULL AND timestamp <= '{moment.time}')"
        newest = self._one("SELECT coalesce(max(link_id), 0) FROM chain_links")
        of_audit = f"FROM chain_links WHERE log = '{_AUDIT}'"
        linked = self._one(f"SELECT min(link_id) {of_audit} AND last_row >= {moment.audit_id}")
        following = self._one(f"SELECT min(link_id) {of_audit} AND last_row > {moment.audit_id}")
        self.link: int = newest if linked is None else linked
        self._is_newest = not self._one(
            f"SELECT EXISTS (SELECT 1 FROM {_AUDIT} WHERE audit_id > {moment.audit_id})"
        )
        self._before_chain = self._one(f"SELECT coalesce(min(link_id), 0) {of_audit}") - 1
        brought = self._one(
            f"SELECT min(link_id) FROM chain_links WHERE log = '{EVENTS}' AND link_id > {self.link}"
        )
        self._until = min(newest + 1 if end is None else end for end in (following, brought))

    def rows_of(self, log: str, key: str) -> str:
        """Return the SQL condition of the rows that were there."""
        there = self._last_row(log, self.link)
        condition = f"{key} <= {there}"
        adopted = self._last_row(log, self._before_chain)
        if adopted:
            closed = _OF_CLOSED if log == EVENTS else f"({_OF_CLOSED} OR {self._of_none})"
            condition = f"{condition} AND ({key} > {adopted} OR {closed})"
        if self._is_newest:
            return f"{condition} OR ({key} > {there} AND timestamp <= '{self._time}')"
        alone = self._last_row(log, self._until - 1)
        if alone > there:
            return f"{condition} OR ({key} > {there} AND {key} <= {alone} AND timestamp <= '{self._time}')"
        return condition

    def _last_row(self, log: str, link: int) -> int:
        of_log = f"FROM chain_links WHERE log = '{log}' AND link_id <= {link}"
        return int(self._one(f"SELECT coalesce(max(last_row), 0) {of_log}"))

    def _one(self, sql: str) -> Any:
        return self._connection.exec_driver_sql(sql).scalar_one()
