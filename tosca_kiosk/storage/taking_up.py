"""What the migration to one chain does with the rows that are there: prove, link, and audit them whole.

Nothing is laundered: rows that an earlier chain proves are linked as written; rows from the first that it
does not prove, and rows that differ from their newest audit row, are linked late. What was found is said in
the row of `operations`, and `db check` names it from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import audited, chain, chain_check, counters, earlier_chains
from tosca_kiosk.storage.earlier_chains import Verdict

_AUDIT = (
    "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, old_values, new_values) "
    "VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000', ?, ?, ?, ?, ?, ?)"
)


class Proof(NamedTuple):
    """What was proved of the logs. verdicts: by log, of its earlier chain; kept: what a kept chain names."""

    verdicts: Mapping[str, Verdict]
    kept: tuple[str, ...]


class Found(NamedTuple):
    """What the audit does not know of a row. said: in words; old, new: its values before and now, as JSON."""

    key: Any
    said: str
    old: str | None
    new: str | None


def proved(connection: Connection, *, kept: bool) -> Proof:
    """Verify the earlier chains, and the one that was kept, before anything is changed."""
    verdicts = {log: earlier_chains.verify(connection, log) for log in earlier_chains.CHAINED}
    broken = tuple(chain_check.broken(connection, with_event_hashes=False)) if kept else ()
    return Proof(verdicts, broken)


def fill_new_columns(connection: Connection) -> None:
    """Give each PIN the digest of its hash, and each journal the header's digest that the audit knows."""
    pins = connection.exec_driver_sql("SELECT tech_id, pin_hash FROM credentials").fetchall()
    for tech_id, pin_hash in pins:
        connection.exec_driver_sql(
            "UPDATE credentials SET pin_digest = ? WHERE tech_id = ?", (audited.pin_digest(pin_hash), tech_id)
        )
    connection.exec_driver_sql(
        "UPDATE session_journals SET header_digest = (SELECT json_extract(new_values, '$.header_digest') "
        "FROM audit_log WHERE table_name = 'session_journals' AND row_key = CAST(session_id AS TEXT) "
        "AND json_valid(new_values) AND json_extract(new_values, '$.header_digest') IS NOT NULL "
        "ORDER BY audit_id DESC LIMIT 1)"
    )


def link_what_is_there(connection: Connection, proof: Proof, *, kept: bool) -> None:
    """Link the rows of all logs: those that are proved as written, the others late."""
    if kept:
        _hash_events_again(connection)
    for log, verdict in proof.verdicts.items():
        chain.link_log(connection, log, late=False, until=verdict.last_row)
        chain.link_log(connection, log, late=True)
    if kept:
        # Since the way down only an earlier version wrote, and it could tell the others' rows alone.
        for until, late in _runs_of_the_audit(connection):
            chain.link_log(connection, "audit_log", late=late, until=until)
    else:
        chain.link_log(connection, "audit_log", late=False)


def audit_what_is_there(connection: Connection, tables: Mapping[str, str]) -> list[str]:
    """Write an audit row with every value for each row that has none; return what differs, in words.

    What differs from the audit is linked late, the rest at the end of the migration.
    """
    said = []
    for table, key in tables.items():
        for found in list(_found(connection, table, key)):
            action = "update" if found.new is not None else "delete"
            row = ("found", table, str(found.key), action, found.old, found.new)
            connection.exec_driver_sql(_AUDIT, row)
            said.append(found.said)
    chain.link_log(connection, "audit_log", late=True)
    for table, key in tables.items():
        for row_key, new in list(_not_whole(connection, table, key)):
            row = ("migration", table, str(row_key), "update", new, new)
            connection.exec_driver_sql(_AUDIT, row)
    return said


def told(connection: Connection, proof: Proof, found: Sequence[str]) -> dict[str, Any]:
    """Return what the row of the operation says of a record that was taken up."""
    logs = {
        log: {"rows": verdict.rows, "head": verdict.head.hex(), "broken": verdict.broken}
        for log, verdict in proof.verdicts.items()
    }
    broken = [verdict.broken for verdict in proof.verdicts.values() if verdict.broken]
    return {
        "logs": logs,
        "damage": [*broken, *proof.kept],
        "differing": len(found),
        "counters": counters.numbers(connection),
    }


def _found(connection: Connection, table: str, key: str) -> Iterator[Found]:
    """Yield the rows that are not as their newest audit row says, or are not there, or are not in it."""
    first = connection.exec_driver_sql(
        "SELECT min(CAST(row_key AS INTEGER)) FROM audit_log WHERE table_name = ? AND action = 'insert'",
        (table,),
    ).scalar_one()
    for row in audited.rows(connection, table, key):
        why = _why_found(connection, row, first)
        if why is not None:
            said = row.said if isinstance(row.said, str) else None
            what = f"{table}, {key} {row.key}: {why}"
            yield Found(key=row.key, said=what, old=said, new=audited.encoded(row.values))
    for missing in audited.gone(connection, table, key):
        said = missing.said if isinstance(missing.said, str) else None
        what = f"{table}, {key} {missing.key}: is gone"
        yield Found(key=missing.key, said=what, old=said, new=None)


def _why_found(connection: Connection, row: audited.AuditedRow, first: int | None) -> str | None:
    """Say how a row is not as the audit says; first: the lowest number whose making was audited."""
    if row.audit_id is None:
        # From before there was an audit; later ones are numbered higher.
        unknown = first is not None and isinstance(row.key, int) and row.key > first
        return "is not in the audit" if unknown else None
    if row.action == "delete":
        return "is there though it was deleted"
    said = audited.decoded(row.said)
    if said is None:
        return "its audit cannot be read"
    columns = audited.differing(connection, row.values, said, rounded=True)
    return f"differs in {', '.join(columns)}" if columns else None


def _not_whole(connection: Connection, table: str, key: str) -> Iterator[tuple[Any, str]]:
    """Yield key and values of each row that its newest audit row does not hold whole and exactly."""
    for row in audited.rows(connection, table, key):
        said = audited.decoded(row.said)
        if (
            said is None
            or set(said) != set(row.values) - audited.KEPT_OUT
            or audited.differing(connection, row.values, said)
        ):
            yield row.key, audited.encoded(row.values)


def _hash_events_again(connection: Connection) -> None:
    """Hash the events of the links that were kept, each from its link's beginning."""
    digest = chain.START
    links = connection.exec_driver_sql("SELECT * FROM chain_links ORDER BY link_id").fetchall()
    for *head, linked in links:
        link = chain.Link(*head)
        if link.log == chain.EVENTS:
            found = connection.exec_driver_sql(
                "SELECT * FROM treatment_events WHERE event_id BETWEEN ? AND ? ORDER BY event_id",
                (link.first_row, link.last_row),
            )
            rows = [tuple(row) for row in found]
            if rows:
                chain.keep_hashes(connection, rows, chain.folded(rows, chain.opening(digest, link)))
        digest = linked


def _runs_of_the_audit(connection: Connection) -> list[tuple[int, bool]]:
    """Return the last row of each run of unlinked audit rows by other tools, or by this program."""
    runs: list[tuple[int, bool]] = []
    linked = chain.last_linked(connection, "audit_log")
    for number, foreign in connection.exec_driver_sql(
        "SELECT audit_id, source = 'sql' FROM audit_log WHERE audit_id > ? ORDER BY audit_id", (linked,)
    ):
        if runs and runs[-1][1] == bool(foreign):
            runs.pop()
        runs.append((number, bool(foreign)))
    return runs
