"""The two chains that stood before the one: of treatment_events and of safety_log, a hash beside each row.

hash(row) = SHA-256(hash of the row before || MessagePack array of the row's values in the table's order,
as SQLite holds them). The first row chains from SHA-256 of "tosca-kiosk <table> 1". Migrations alone make and
verify them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import counters
from tosca_kiosk.storage.chain import BLOCK_ROWS, LOGS, LogRow, encode, folded, last_number

CHAINED: Final = ("treatment_events", "safety_log")


class Verdict(NamedTuple):
    """What verify found. rows: how many fit, up to the number last_row; head: the hash of that one.

    broken: the first row that does not fit, in words, None where all do.
    """

    rows: int
    last_row: int
    head: bytes
    broken: str | None


def start_of(log: str) -> bytes:
    """Return what the first row of a log chains from."""
    return sha256(f"tosca-kiosk {log} 1".encode()).digest()


def adopt(connection: Connection, log: str) -> None:
    """Chain the rows of a log whose chain is empty."""
    key, digest, last = LOGS[log], start_of(log), 0
    statement = f"SELECT * FROM {log} WHERE {key} > ? ORDER BY {key} LIMIT {BLOCK_ROWS}"
    while rows := [tuple(row) for row in connection.exec_driver_sql(statement, (last,))]:
        hashes = folded(rows, digest)
        pairs = [(row[0], linked) for row, linked in zip(rows, hashes, strict=True)]
        connection.exec_driver_sql(f"INSERT INTO {log}_chain VALUES (?, ?)", pairs)
        digest, last = hashes[-1], rows[-1][0]


def go_on(connection: Connection, log: str, after: int) -> None:
    """Chain the rows of a log that were written after the row of a number, and none that stood there."""
    key = LOGS[log]
    newest = connection.exec_driver_sql(
        f"SELECT hash FROM {log}_chain ORDER BY {key} DESC LIMIT 1"
    ).fetchone()
    rows = [
        tuple(row)
        for row in connection.exec_driver_sql(f"SELECT * FROM {log} WHERE {key} > ? ORDER BY {key}", (after,))
    ]
    hashes = folded(rows, start_of(log) if newest is None else newest[0])
    for row, digest in zip(rows, hashes, strict=True):
        connection.exec_driver_sql(f"INSERT INTO {log}_chain VALUES (?, ?)", (row[0], digest))


def verify(connection: Connection, log: str) -> Verdict:
    """Compute a log's chain again, from its first row to its last, and name the first row that breaks it."""
    key, digest, count, last = LOGS[log], start_of(log), 0, 0
    rows = connection.exec_driver_sql(f"SELECT * FROM {log} ORDER BY {key}")
    links = connection.exec_driver_sql(f"SELECT * FROM {log}_chain ORDER BY {key}")
    broken = None
    for row, link in _side_by_side(rows, links):
        here = b"" if row is None else sha256(digest + encode(row)).digest()
        broken = _why_broken(row, link, here)
        if broken is not None:
            break
        digest, count, last = here, count + 1, row[0]
    number = last_number(connection, log)
    if broken is not None:
        broken = f"{log}: row {key} {broken}"
    elif last != number and number not in counters.taken_over(connection, log):
        broken = f"{log}: rows after {key} {last}, up to {number}, are missing"
    return Verdict(rows=count, last_row=last, head=digest, broken=broken)


def _why_broken(row: LogRow | None, link: LogRow | None, here: bytes) -> str | None:
    """Say how a row and its link do not fit. here: the row's hash."""
    if row is None:
        return f"{'' if link is None else link[0]} is missing"
    if link is None:
        return f"{row[0]} was not written by this program"
    return None if here == link[1] else f"{row[0]} is not what was written"


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
