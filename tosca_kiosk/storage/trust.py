"""Whether a record of any version is as it was written: its chains, its audit, and its tables beside that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from tosca_kiosk.storage import audit_proof, chain_check, earlier_chains
from tosca_kiosk.storage.archive_check import Shelf
from tosca_kiosk.storage.audited import AUDITED
from tosca_kiosk.storage.counters import tables
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.linking import ONE_CHAIN, of_shape
from tosca_kiosk.storage.telling import Tell, nobody

PROVING: Final = "proving the record"


def damage(connection: Connection, record: Path, tell: Tell = nobody) -> list[str]:
    """Return what nobody may have done, the first of each table; edits that were made openly are none.

    record: where the record is, or is to be: its archives lie beside it. One that is missing says nothing of
    the file. The file's own shape decides how it is proved, not the version that it says it has. tell: hears
    how far that is.
    """
    tell(PROVING, None)
    if of_shape(connection) is ONE_CHAIN:
        walked = chain_check.Walk()
        shelf = Shelf(connection, record)
        chain_check.walk(connection, walked, lambda done: tell(PROVING, done), shelf=shelf)
        return [*walked.broken.values(), *_differing(connection)]
    found = tables(connection)
    verdicts = [
        earlier_chains.verify(connection, log) for log in earlier_chains.CHAINED if f"{log}_chain" in found
    ]
    said = [verdict.broken for verdict in verdicts if verdict.broken is not None]
    return [*said, *kept_damage(connection)]


def _differing(connection: Connection) -> Iterator[str]:
    """Yield what in the audited tables is not as audited; a version from before a table has no row of it."""
    there = tables(connection)
    audited = connection.exec_driver_sql("SELECT DISTINCT table_name FROM audit_log")
    known = {table for (table,) in audited}
    for table in AUDITED:
        if table in there:
            yield from audit_proof.differences(connection, table)
        elif table in known:
            yield f"{table}: the table is missing"


def kept_damage(connection: Connection) -> list[str]:
    """Return what is wrong with a chain that an earlier version's file has kept on its way down."""
    if "chain_links" not in tables(connection):
        return []
    return list(chain_check.broken(connection, with_event_hashes=False))


def refuse_more(before: Iterable[str], after: Iterable[str], what: str) -> None:
    """Raise StorageError where something is damaged in a table after what was done that was not before."""
    known = {said.partition(":")[0] for said in before}
    new = [said for said in after if said.partition(":")[0] not in known]
    if new:
        raise StorageError(f"{what} is undone, for the record would not be whole after it: {new[0]}")
