"""The hash chains that bind the two logs: a changed, missing or foreign row is found and named.

hash(row) = SHA-256(hash of the row before || MessagePack array of the row's values in the table's order,
as SQLite holds them). The first row chains from SHA-256 of "tosca-kiosk <table> 1". MessagePack keeps
integers, floats, text and NULL apart and is the same for the same values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

LOGS = {"treatment_events": "event_id", "safety_log": "log_id"}

LogRow = tuple[Any, ...]


class Head(NamedTuple):
    """Where a chain ends: the number that the next row takes, and the newest hash."""

    next_key: int
    digest: bytes


class Verdict(NamedTuple):
    """What verify found. rows: how many fit; broken: the first row that does not, in words, or None."""

    rows: int
    head: bytes
    broken: str | None


def start_of(log: str) -> bytes:
    """Return what the first row of a log chains from."""
    return sha256(f"tosca-kiosk {log} 1".encode()).digest()


def head_of(connection: Connection, log: str) -> Head:
    """Read where the chain of a log ends; inside the transaction that appends to it."""
    newest = connection.exec_driver_sql(
        f"SELECT hash FROM {log}_chain ORDER BY {LOGS[log]} DESC LIMIT 1"
    ).fetchone()
    return Head(_last_number(connection, log) + 1, newest[0] if newest else start_of(log))


def linked(rows: Sequence[LogRow], previous: bytes) -> list[tuple[int, bytes]]:
    """Return (key, hash) of each row; the key is a row's first value."""
    encode, links = msgspec.msgpack.Encoder().encode, []
    for row in rows:
        previous = sha256(previous + encode(row)).digest()
        links.append((row[0], previous))
    return links


def adopt(connection: Connection, log: str) -> None:
    """Chain the rows of a log whose chain is empty."""
    rows = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {log} ORDER BY {LOGS[log]}")]
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {log}_chain VALUES (?, ?)", linked(rows, start_of(log)))


def verify(connection: Connection, log: str) -> Verdict:
    """Compute a log's chain again, from its first row to its last, and name the first row that breaks it."""
    key, digest, count = LOGS[log], start_of(log), 0
    rows = connection.exec_driver_sql(f"SELECT * FROM {log} ORDER BY {key}")
    links = connection.exec_driver_sql(f"SELECT * FROM {log}_chain ORDER BY {key}")
    for row, link in _side_by_side(rows, links):
        if row is None:
            return Verdict(count, digest, f"{log}: row {key} {link[0]} is missing")
        if link is None:
            return Verdict(count, digest, f"{log}: row {key} {row[0]} was not written by this program")
        here = sha256(digest + msgspec.msgpack.encode(row)).digest()
        if here != link[1]:
            return Verdict(count, digest, f"{log}: row {key} {row[0]} is not what was written")
        digest, count = here, count + 1
    number = _last_number(connection, log)
    newest = connection.exec_driver_sql(f"SELECT coalesce(max({key}), 0) FROM {log}").scalar_one()
    broken = None if newest == number else f"{log}: rows after {key} {newest}, up to {number}, are missing"
    return Verdict(count, digest, broken)


def _side_by_side(rows: Iterable[Any], links: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Pair two streams that are ordered by their first value; None stands where one has no partner."""
    next_row, next_link = (map(tuple, stream) for stream in (rows, links))
    row, link = next(next_row, None), next(next_link, None)
    while row is not None or link is not None:
        if link is None or (row is not None and row[0] < link[0]):
            yield row, None
            row = next(next_row, None)
        elif row is None or link[0] < row[0]:
            yield None, link
            link = next(next_link, None)
        else:
            yield row, link
            row, link = next(next_row, None), next(next_link, None)


def _last_number(connection: Connection, log: str) -> int:
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (log,)).fetchone()
    return row[0] if row else 0
