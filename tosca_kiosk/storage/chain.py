"""The one chain over the logs: what is changed, missing or put in behind the program's back is found by it.

A link covers a row of safety_log or audit_log, or a block of rows of treatment_events. Its hash folds them:
it begins at SHA-256 of the hash of the link before and what the link says of itself (a MessagePack array of
number, log, first row, last row, late), and each row carries it on, SHA-256 of the hash so far and a
MessagePack array of the row's values in the table's order, as SQLite holds them. The first link begins at
SHA-256 of "tosca-kiosk chain 1". MessagePack keeps integers, floats, text and NULL apart and is the same for
the same values.

Of treatment_events each row's hash is kept too, in treatment_events_chain; the last one of a block is its
link's. So a row that was touched is named, however long the block is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

LOGS: Final = {"treatment_events": "event_id", "safety_log": "log_id", "audit_log": "audit_id"}
"""By table, its key; in the order in which the rows of one transaction are linked."""
EVENTS: Final = "treatment_events"
START: Final = sha256(b"tosca-kiosk chain 1").digest()
BLOCK_ROWS: Final = 10_000
"""So many rows at most are read at once to be linked."""

LogRow = tuple[Any, ...]
encode: Final = msgspec.msgpack.Encoder().encode

_UNLINKED: Final = (
    "SELECT "
    + ", ".join(
        f"(SELECT coalesce(max({key}), 0) FROM {log}) > "
        f"(SELECT coalesce(max(last_row), 0) FROM chain_links WHERE log = '{log}')"
        for log, key in LOGS.items()
    )
    + ", (SELECT count(*) FROM audit_context)"
)
_CONTEXT_LEFT: Final = (
    "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, old_values) "
    "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', 'found', 'audit_context', context_id, 'delete', "
    "json_object('operator_tech_id', operator_tech_id, 'source', source) FROM audit_context"
)


class Link(NamedTuple):
    """What a link says of itself. late: 1 for rows that were found, not written, by this program."""

    link_id: int
    log: str
    first_row: int
    last_row: int
    late: int


class _Unlinked(NamedTuple):
    """Which logs have rows that are not linked. context: whether one is left for the audit."""

    logs: list[str]
    context: bool


class Head(NamedTuple):
    """The newest link: its number, 0 where there is none, and its hash."""

    link_id: int
    digest: bytes


def head(connection: Connection) -> Head:
    """Return where the chain ends."""
    newest = connection.exec_driver_sql(
        "SELECT link_id, hash FROM chain_links ORDER BY link_id DESC LIMIT 1"
    ).fetchone()
    if not newest:
        return Head(0, START)
    number, digest = newest
    return Head(number, digest if isinstance(digest, bytes) else str(digest).encode())


def next_row(connection: Connection, log: str) -> int:
    """Return the number that the next row of a log takes; inside the transaction that appends to it."""
    return last_number(connection, log) + 1


def last_number(connection: Connection, table: str) -> int:
    """Return the highest number that a table's rows ever had, 0 where there was none."""
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return row[0] if row and isinstance(row[0], int) else 0


def noted_number(connection: Connection, table: str) -> int:
    """Return the highest number of a table that an operation says there was, 0 where none says any.

    An upgrade notes them, for rows that were deleted before there was an audit.
    """
    row = connection.exec_driver_sql(
        "SELECT max(json_extract(details, '$.counters.' || ?)) FROM operations WHERE json_valid(details)",
        (table,),
    ).scalar_one()
    return row if isinstance(row, int) else 0


def opening(before: bytes, link: Link) -> bytes:
    """Return the hash that a link's first row carries on, from that of the link before."""
    return sha256(before + encode(tuple(link))).digest()


def folded(rows: Iterable[LogRow], digest: bytes) -> list[bytes]:
    """Return the hash after each row, the digest being that before the first."""
    hashes = []
    for row in rows:
        digest = sha256(digest + encode(row)).digest()
        hashes.append(digest)
    return hashes


def append(connection: Connection, log: str, rows: Sequence[LogRow], *, late: bool = False) -> list[bytes]:
    """Link rows that stand in the log already: events in one block, others each; return the hash after each.

    rows: as SQLite holds them, the key first, in its order.
    """
    before = head(connection)
    first = max(before.link_id, last_number(connection, "chain_links")) + 1
    digest = before.digest
    hashes: list[bytes] = []
    links = []
    for number, block in enumerate([rows] if log == EVENTS else [[row] for row in rows], start=first):
        link = Link(number, log, first_row=block[0][0], last_row=block[-1][0], late=int(late))
        hashes += folded(block, opening(digest, link))
        digest = hashes[-1]
        links.append((*link, digest))
    connection.exec_driver_sql("INSERT INTO chain_links VALUES (?, ?, ?, ?, ?, ?)", links)
    return hashes


def link_foreign(connection: Connection) -> None:
    """Link late what stands in the logs unlinked: another program wrote it, whatever its source says.

    For the begin of a transaction. A context that somebody left for the audit is taken away, and the audit
    says so.
    """
    unlinked = _look(connection)
    if unlinked.context:
        connection.exec_driver_sql(_CONTEXT_LEFT)
        connection.exec_driver_sql("DELETE FROM audit_context")
        unlinked = _look(connection)
    for log in unlinked.logs:
        link_log(connection, log, late=True)


def link_own(connection: Connection) -> None:
    """Link what this transaction wrote; for its end."""
    for log in _look(connection).logs:
        link_log(connection, log, late=False)


def link_log(connection: Connection, log: str, *, late: bool, until: int | None = None) -> None:
    """Link the rows of one log that are not linked yet, in blocks. until: the last of them, None for all."""
    key = LOGS[log]
    while True:
        linked = last_linked(connection, log)
        found = connection.exec_driver_sql(
            f"SELECT * FROM {log} WHERE {key} > ? AND {key} <= coalesce(?, {key}) ORDER BY {key} LIMIT ?",
            (linked, until, BLOCK_ROWS),
        )
        rows = [tuple(row) for row in found]
        if rows:
            hashes = append(connection, log, rows, late=late)
            if log == EVENTS:
                keep_hashes(connection, rows, hashes)
        if len(rows) < BLOCK_ROWS:
            return


def last_linked(connection: Connection, log: str) -> int:
    """Return the number of the last row of a log that a link covers, 0 for none."""
    row = connection.exec_driver_sql(
        "SELECT coalesce(max(last_row), 0) FROM chain_links WHERE log = ?", (log,)
    ).scalar_one()
    return int(row)


def late_rows(log: str, after_link: int = 0) -> str:
    """Return the SQL for the rows of a log that other programs wrote: linked late, or not linked yet.

    after_link: of the late links only those after this one.
    """
    key = LOGS[log]
    return (
        f"SELECT r.* FROM chain_links k JOIN {log} r ON r.{key} BETWEEN k.first_row AND k.last_row "
        f"WHERE k.log = '{log}' AND k.late <> 0 AND k.link_id > {after_link} "
        f"UNION ALL SELECT * FROM {log} "
        f"WHERE {key} > (SELECT coalesce(max(last_row), 0) FROM chain_links WHERE log = '{log}')"
    )


def keep_hashes(connection: Connection, rows: Sequence[LogRow], hashes: Sequence[bytes]) -> None:
    """Keep the hash of each treatment event."""
    pairs = [(row[0], digest) for row, digest in zip(rows, hashes, strict=True)]
    connection.exec_driver_sql("INSERT INTO treatment_events_chain VALUES (?, ?)", pairs)


def _look(connection: Connection) -> _Unlinked:
    *found, context = connection.exec_driver_sql(_UNLINKED).one()
    return _Unlinked([log for log, behind in zip(LOGS, found, strict=True) if behind], bool(context))
