"""The archives beside the record: each is what the record says of it, and every event in them is hashed anew.

An event whose archive is not whole is unknown, and named by its archive; the chain goes on from the hash
that the record keeps of it, so that everything else is proved all the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import archives, files
from tosca_kiosk.storage.archives import Archive, Span
from tosca_kiosk.storage.chain import EVENTS, START, Link, LogRow, encode, opening
from tosca_kiosk.storage.errors import StorageError


class Hashed(NamedTuple):
    """What the record keeps of an event: its hash, and the one that its row carries on."""

    event_id: int
    before: bytes
    digest: bytes


class Unknown(NamedTuple):
    """An event whose archive is not whole: what the record keeps of it."""

    event_id: int
    digest: Any


class Shelf:
    """A record's archives, looked at once. record: where the record is."""

    def __init__(self, connection: Connection, record: Path) -> None:
        self._connection = connection
        self._directory = archives.directory_of(record)
        self._strange: dict[Archive, str] = {}
        self.all = archives.known(connection)
        mark = archives.record_mark(connection) if self.all else ""
        for archive in self.all:
            if (why := _strange(connection, archive.path(record), archive, mark)) is not None:
                self._strange[archive] = why

    @property
    def newest(self) -> int:
        """The highest number of an event that was archived, 0 for none."""
        return max((archive.events[-1][1] for archive in self.all), default=0)

    @property
    def spans(self) -> list[Span]:
        """The numbers of all events that were archived."""
        return sorted(span for archive in self.all for span in archive.events)

    def differences(self) -> Iterator[str]:
        """Yield which archives are not what the record says, and which are not of this record."""
        for archive, why in self._strange.items():
            yield f"archive {self._directory / archive.file}: {why}"
        named = {archive.file for archive in self.all} | archives.spare(self._connection)
        for path in sorted(self._directory.glob("*.db")):
            if path.name not in named:
                yield (
                    f"archive {path}: no operation of this record made it; where all of its events stand in "
                    "the record the next tosca-kiosk db archive takes it away"
                )

    def with_archived(self, rows: Iterator[LogRow]) -> Iterator[LogRow]:
        """Yield the events of the record and of all archives in the order of their numbers.

        rows: those of the record, each with its hash behind it, as they are yielded; an Unknown stands for
        each that cannot be read.
        """
        if not self.all:
            return rows
        return merge(rows, *map(self._rows_of, self.all), key=itemgetter(0))

    def _rows_of(self, archive: Archive) -> Iterator[LogRow]:
        for first, last in archive.events:
            hashes = _cursor(
                self._connection,
                "SELECT event_id, hash FROM treatment_events_chain WHERE event_id BETWEEN ? AND ? "
                "ORDER BY event_id",
                (first, last),
            )
            if archive in self._strange:
                yield from (Unknown(*kept) for kept in hashes)
                continue
            with archives.opened(self._directory / archive.file) as connection:
                rows = connection.execute(_ROWS, (first, last))
                kept = next(hashes, None)
                for row in rows:
                    while kept is not None and kept[0] < row[0]:
                        kept = next(hashes, None)
                    yield (*row, kept[1] if kept is not None and kept[0] == row[0] else None)


_ROWS = "SELECT * FROM treatment_events WHERE event_id BETWEEN ? AND ? ORDER BY event_id"


def first_bad(connection: Connection, archive: sqlite3.Connection, events: tuple[Span, ...]) -> int | None:
    """Return the first event of an archive that is not what the record's hashes say; None where all are.

    events: the spans that must be there, and nothing else.
    """
    for first, last in events:
        rows = archive.execute(_ROWS, (first, last))
        for kept in hashed(connection, first, last):
            row = next(rows, None)
            if row is None or row[0] != kept.event_id:
                return kept.event_id if row is None else min(row[0], kept.event_id)
            if sha256(kept.before + encode(tuple(row))).digest() != kept.digest:
                return kept.event_id
        if (more := next(rows, None)) is not None:
            return int(more[0])
    return None


def hashed(connection: Connection, first: int, last: int) -> Iterator[Hashed]:
    """Yield what the record keeps of the events first to last, as far as links cover them.

    A link's last event has the link's own hash, or none.
    """
    links = connection.exec_driver_sql(
        "SELECT *, coalesce((SELECT hash FROM chain_links b WHERE b.link_id = k.link_id - 1), ?) "
        "FROM chain_links k WHERE log = ? AND last_row >= ? AND first_row <= ? ORDER BY first_row",
        (START, EVENTS, first, last),
    ).fetchall()
    for *head, linked, before in links:
        link = Link(*head)
        digest = opening(before, link)
        if first > link.first_row:
            digest = (
                connection.exec_driver_sql(
                    "SELECT hash FROM treatment_events_chain WHERE event_id BETWEEN ? AND ? "
                    "ORDER BY event_id DESC LIMIT 1",
                    (link.first_row, first - 1),
                ).scalar_one_or_none()
                or b""
            )
        for event_id, kept in _cursor(
            connection,
            "SELECT event_id, hash FROM treatment_events_chain WHERE event_id BETWEEN ? AND ? "
            "ORDER BY event_id",
            (max(first, link.first_row), min(last, link.last_row)),
        ):
            here = linked if event_id == link.last_row else kept
            yield Hashed(event_id, before=digest, digest=here)
            digest = kept


def _strange(connection: Connection, path: Path, archive: Archive, mark: str) -> str | None:
    why = archives.strange(path, archive, mark)
    if why is not None:
        return why
    try:
        if files.sha256(path) == archive.sha256:
            return None
        with archives.opened(path) as opened:
            bad = first_bad(connection, opened, archive.events)
    except OSError as error:
        return f"cannot be read ({error.strerror}); check the disk"
    except StorageError as error:
        return f"was changed ({error})"
    return "was changed, in none of its events" if bad is None else f"was changed, first in event_id {bad}"


def _cursor(connection: Connection, statement: str, parameters: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    driver = connection.connection.driver_connection
    assert driver is not None
    return iter(driver.execute(statement, parameters))
