"""What `db check` finds: damage, edits by other programs, odd values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tosca_kiosk.storage import audit_proof, chain_check, edits, schema
from tosca_kiosk.storage.archive_check import Shelf
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import translating
from tosca_kiosk.storage.odd_values import odd_values


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found, in words. damage: what nobody may do; edits: what other programs wrote, openly.

    odd: values that their columns do not take. head, links: of the chain, its newest hash (hexadecimal) and
    how many links it has. rows: of each log, how many rows the chain covers.
    """

    damage: tuple[str, ...]
    edits: tuple[str, ...]
    odd: tuple[str, ...]
    head: str
    links: int
    rows: dict[str, int]

    @property
    def problems(self) -> tuple[str, ...]:
        """All of it; empty when all is well."""
        return (*self.damage, *self.edits, *self.odd)


def check(database: Database) -> CheckReport:
    """Look at everything that can be proved of the file, in one snapshot."""
    with database.reading() as reader, translating(database.path):
        connection = reader.connection
        shelf = Shelf(connection, database.path)
        walked = chain_check.walk(connection, shelf)
        damage = [
            *shelf.differences(),
            *walked.broken.values(),
            *_integrity(reader),
            *_foreign_keys(reader),
            *schema.strange_objects(connection),
        ]
        damage += [*audit_proof.differences(connection), *edits.found_before(connection)]
        return CheckReport(
            damage=tuple(damage),
            edits=tuple(edits.open_edits(connection)),
            odd=tuple(odd_values(reader)),
            head=walked.head.hex(),
            links=walked.links,
            rows=walked.rows,
        )


def _integrity(reader: Reader) -> Iterator[str]:
    said = [row[0] for row in reader.tuples("PRAGMA integrity_check")]
    if said != ["ok"]:
        yield from (f"integrity: {line}" for line in said)


def _foreign_keys(reader: Reader) -> Iterator[str]:
    for table, rowid, parent, _ in reader.tuples("PRAGMA foreign_key_check"):
        yield f"foreign key: row {rowid} of {table} points at a missing row of {parent}"
