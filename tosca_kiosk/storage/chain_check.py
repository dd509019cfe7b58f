"""The one chain computed again, link by link beside the logs: the first bad row of each is named."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain, islice
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import counters
from tosca_kiosk.storage.archive_check import Shelf, Unknown
from tosca_kiosk.storage.chain import (
    EVENTS,
    LOGS,
    START,
    Link,
    LogRow,
    encode,
    last_number,
    noted_number,
    opening,
)

_FETCHED_AT_ONCE: Final = 100
_TOLD_EACH: Final = 5_000
"""After so many rows somebody hears of it."""


@dataclass(slots=True)
class Walk:
    """What was found. links: how many; head: the newest one's hash; rows: of each log that links cover.

    broken: by table, the first thing that is wrong there, in words. ended: all of the chain was looked at.
    """

    links: int = 0
    head: bytes = START
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOGS, 0))
    broken: dict[str, str] = field(default_factory=dict)
    ended: bool = False

    @property
    def proved(self) -> frozenset[str]:
        """The tables of which every row is as it was written, or linked late."""
        if not self.ended or "chain_links" in self.broken:
            return frozenset()
        hashes = () if self.broken else ("chain_links", "treatment_events_chain")
        return frozenset({*(log for log in LOGS if log not in self.broken), *hashes})

    def says(self, table: str, what: str) -> None:
        """Note what is wrong in a table, the first thing alone."""
        self.broken.setdefault(table, f"{table}: {what}")


def walk(
    connection: Connection,
    found: Walk,
    tell: Callable[[float], object] = lambda _done: None,
    *,
    shelf: Shelf | None = None,
    with_event_hashes: bool = True,
) -> None:
    """Compute the chain again, from its first link to its last, and note in `found` what it comes to.

    tell: hears how much is done, 0 to 1. shelf: the archives, where events may lie there. with_event_hashes:
    compare each event's own hash too, by which a row is named.
    """
    every = sum(last_number(connection, log) for log in LOGS) or 1
    told = 0
    streams = {log: _Stream(connection, log, with_event_hashes, shelf) for log in LOGS}
    digest: bytes | None = START
    restored, expected = counters.taken_over(connection, "chain_links"), 0
    for *head, linked in _cursor(connection, "SELECT * FROM chain_links ORDER BY link_id"):
        link = Link(*head)
        found.links += 1
        expected += 1
        if (done := sum(found.rows.values())) >= told + _TOLD_EACH:
            told = done
            tell(min(1.0, done / every))
        if link.link_id != expected:
            if link.link_id - 1 not in restored:
                found.says("chain_links", f"link {expected} is missing")
                digest = None
            expected = link.link_id
        if link.log in streams and _is_of_this_program(link, linked):
            _compare(found, streams[link.log], link, digest, linked)
            digest = linked
        else:
            found.says("chain_links", f"link {link.link_id} is not what was written")
            digest = None
    found.head = START if digest is None else digest
    _count(connection, found, shelf)
    if with_event_hashes:
        _look_for_hashes_alone(connection, found, shelf, streams[EVENTS].fitting)
    found.ended = True


def broken(connection: Connection, *, with_event_hashes: bool = True) -> Iterator[str]:
    """Yield what is wrong with the chain and the logs, by table."""
    found = Walk()
    walk(connection, found, with_event_hashes=with_event_hashes)
    yield from found.broken.values()


class _Stream:
    """The rows of one log in the order of their keys, each taken once.

    fitting: so many of them had a hash of their own that is theirs.
    """

    def __init__(
        self, connection: Connection, log: str, with_event_hashes: bool, shelf: Shelf | None
    ) -> None:
        self.log, self.key = log, LOGS[log]
        self.hashed = with_event_hashes and log == EVENTS
        self.fitting = 0
        columns, joined = "r.*", ""
        if self.hashed:
            columns, joined = "r.*, c.hash", f"LEFT JOIN {log}_chain c USING ({self.key})"
        statement = f"SELECT {columns} FROM {log} r {joined} ORDER BY r.{self.key}"
        self._blocks = _blocks(connection, statement)
        if self.hashed and shelf is not None and shelf.all:
            rows = shelf.with_archived(chain.from_iterable(self._blocks))
            self._blocks = iter(lambda: list(islice(rows, _FETCHED_AT_ONCE)), [])
        self._held, self._taken = next(self._blocks, []), 0

    def up_to(self, key: int) -> Iterator[list[LogRow]]:
        """Take the rows up to a key, some at a time."""
        while self._held and self._held[-1][0] <= key:
            taken = self._held[self._taken :]
            self._held, self._taken = next(self._blocks, []), 0
            yield taken
        end = bisect_right(self._held, key, lo=self._taken, key=itemgetter(0))
        taken, self._taken = self._held[self._taken : end], end
        yield taken


class _Folded(NamedTuple):
    """What the rows of a link come to. gap: the first number that is missing before another, if one is.

    expected: the number after the last one. bad: the first row that has not its own hash, in words.
    """

    digest: bytes
    gap: int | None
    expected: int
    bad: str | None


def _is_of_this_program(link: Link, linked: object) -> bool:
    """Say whether a link holds values of the kinds that a link has: any SQLite tool may have written it."""
    whole = all(isinstance(number, int) for number in (link.first_row, link.last_row, link.late))
    return whole and isinstance(linked, bytes)


def _compare(found: Walk, stream: _Stream, link: Link, before: bytes | None, linked: bytes) -> None:
    """Fold the rows of a link and name the first that breaks it. before: None where no link is before it."""
    log, key = stream.log, stream.key
    for row in chain.from_iterable(stream.up_to(link.first_row - 1)):
        if "chain_links" not in found.broken:  # else it is the row of a link that is missing
            found.says(log, f"row {key} {row[0]} was put in")
    digest, gap, expected, bad = _folded(found, stream, link, opening(before or b"", link))
    if before is None:
        return
    if bad is not None:
        found.says(log, f"row {key} {bad}")
        return
    if digest == linked:
        return
    if gap is not None or expected <= link.last_row:
        found.says(log, f"row {key} {expected if gap is None else gap} is missing")
    elif link.first_row == link.last_row:
        found.says(log, f"row {key} {link.first_row} is not what was written")
    else:
        found.says(log, f"of the rows {key} {link.first_row} to {link.last_row} one is not what was written")


def _folded(found: Walk, stream: _Stream, link: Link, digest: bytes) -> _Folded:
    """Carry a hash on over the rows of a link, each beside its own where it has one."""
    hashed, expected, misfits = stream.hashed, link.first_row, 0
    gap: int | None = None
    bad: str | None = None
    for rows in stream.up_to(link.last_row):
        if hashed and (fitting := _fitting(rows, expected, digest)) is not None:
            digest, expected = fitting, expected + len(rows)
            found.rows[stream.log] += len(rows)
            stream.fitting += len(rows)
            continue
        for row in rows:
            number = row[0]
            if number > expected and gap is None:
                gap = expected
            digest = sha256(digest + encode(row[:-1] if hashed else row)).digest()
            if hashed and digest != row[-1]:
                if isinstance(row, Unknown) and isinstance(row.digest, bytes):
                    digest = row.digest
                else:
                    misfits += 1
                    bad = bad or _first_bad(number, gap, put_in=row[-1] is None or number < expected)
            expected = number + 1
        found.rows[stream.log] += len(rows)
        stream.fitting += len(rows)
    stream.fitting -= misfits
    return _Folded(digest, gap, expected, bad)


def _fitting(rows: list[LogRow], expected: int, digest: bytes) -> bytes | None:
    """Return the hash that rows carry on to, None where they are not the expected ones with their own hashes.

    expected: the number of the first. What takes most of the time of a check, and is nearly all of it.
    """
    if not rows or rows[0][0] != expected or rows[-1][0] != expected + len(rows) - 1:
        return None
    for row in rows:
        digest = sha256(digest + encode(row[:-1])).digest()
        if digest != row[-1]:
            return None
    return digest


def _first_bad(number: int, gap: int | None, *, put_in: bool) -> str:
    """Return which row is the first bad one where a hash is not that of its row.

    put_in: it has none, or stands there a second time.
    """
    if gap is not None:
        return f"{gap} is missing"
    return f"{number} was put in" if put_in else f"{number} is not what was written"


def _count(connection: Connection, found: Walk, shelf: Shelf | None) -> None:
    """Compare what is there with the highest numbers that there ever were."""
    archived = 0 if shelf is None else shelf.newest
    for table, key in {**LOGS, "chain_links": "link_id"}.items():
        number = last_number(connection, table)
        newest = connection.exec_driver_sql(f"SELECT coalesce(max({key}), 0) FROM {table}").scalar_one()
        if table == EVENTS:
            newest = max(newest, archived)
        if newest < number and number != noted_number(connection, table):
            found.says(table, f"rows after {key} {newest}, up to {number}, are missing")
        elif newest > number:
            found.says(table, f"the counter was set back to {number}, below {key} {newest}")


def _look_for_hashes_alone(connection: Connection, found: Walk, shelf: Shelf | None, fitting: int) -> None:
    """Name the first event that is gone while its hash is there. fitting: so many hashes have their event."""
    if connection.exec_driver_sql("SELECT count(*) FROM treatment_events_chain").scalar_one() == fitting:
        return
    spans = [(0, 0), *(() if shelf is None else shelf.spans)]
    left = connection.exec_driver_sql(
        f"WITH archived(first, last) AS (VALUES {', '.join(map(str, spans))}) "
        "SELECT event_id FROM treatment_events_chain c WHERE NOT EXISTS "
        "(SELECT 1 FROM treatment_events e WHERE e.event_id = c.event_id) AND NOT EXISTS "
        "(SELECT 1 FROM archived WHERE c.event_id BETWEEN first AND last) LIMIT 1"
    ).fetchone()
    if left:
        found.says(EVENTS, f"row event_id {left[0]} is missing")


def _cursor(connection: Connection, statement: str) -> Iterator[LogRow]:
    """Return the rows as the driver gives them, one after the other: the fast way."""
    return chain.from_iterable(_blocks(connection, statement))


def _blocks(connection: Connection, statement: str) -> Iterator[list[LogRow]]:
    """Yield the rows as the driver gives them, some at a time: its own code makes the texts, the fast way.

    Where that stops at one that is no UTF-8, the connection's `text_factory` makes those of the rows left.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    of_connection, given = driver.text_factory, 0
    cursor = driver.execute(statement)
    while True:
        driver.text_factory = str
        try:
            rows = cursor.fetchmany(_FETCHED_AT_ONCE)
        except sqlite3.OperationalError:
            break  # any other reason comes again
        finally:
            driver.text_factory = of_connection
        if not rows:
            return
        given += len(rows)
        yield rows
    cursor = driver.execute(f"{statement} LIMIT -1 OFFSET {given}")
    yield from iter(lambda: cursor.fetchmany(_FETCHED_AT_ONCE), [])
