"""What `db check` finds: damage, edits by other programs, odd values. Nothing is changed or linked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from tosca_kiosk.storage import audit_proof, chain_check, edits, folder_check, head_check, schema
from tosca_kiosk.storage.archive_check import Shelf
from tosca_kiosk.storage.audited import AUDITED
from tosca_kiosk.storage.chain_check import Walk
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.head_check import HeadProof
from tosca_kiosk.storage.odd_values import odd_values
from tosca_kiosk.storage.telling import Tell, nobody


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found, in words. damage: what nobody may do; edits: what other programs wrote, openly.

    odd: values that their columns do not take. heads: what the signed ones prove. head, links: of the chain,
    its newest hash (hexadecimal) and how many links it has. rows: of each log, how many rows the chain
    covers.
    """

    damage: tuple[str, ...]
    edits: tuple[str, ...]
    odd: tuple[str, ...]
    heads: HeadProof
    head: str
    links: int
    rows: dict[str, int]

    @property
    def problems(self) -> tuple[str, ...]:
        """All of it; empty when all is well."""
        return (*self.damage, *self.edits, *self.odd)


class _Part(NamedTuple):
    """One thing that is looked at. name: for whoever waits, and where it cannot be looked at."""

    name: str
    look: Callable[[], Iterable[str]]


def check(database: Database, data_dir: Path | None = None, tell: Tell = nobody) -> CheckReport:
    """Look at everything that can be proved of the file, in one snapshot.

    data_dir: of the record, whose session folders are then compared too. What cannot be looked at is damage,
    and the rest goes on. Raises StorageError where not even a snapshot can be had.
    """
    walked = Walk()
    with database.reading() as reader:
        connection = reader.connection
        shelves: list[Shelf] = []

        def archived() -> Iterator[str]:
            shelves.append(Shelf(connection, database.path))
            yield from shelves[0].differences()

        def chained() -> Iterator[str]:
            shelf = shelves[0] if shelves else None
            chain_check.walk(connection, walked, lambda done: tell("chain", done), shelf=shelf)
            yield from walked.broken.values()

        damage = [
            _Part("pages", lambda: _integrity(reader)),
            _Part("schema", lambda: schema.strange_objects(connection)),
            _Part("foreign keys", lambda: _foreign_keys(reader)),
            _Part("archives", archived),
            _Part("chain", chained),
            *(
                _Part(f"audit of {table}", partial(audit_proof.differences, connection, table))
                for table in AUDITED
            ),
            _Part("earlier versions", lambda: edits.found_before(connection)),
        ]
        if data_dir is not None:
            folders = data_dir
            damage.append(
                _Part(
                    "session folders",
                    lambda: folder_check.differences(
                        reader, folders, lambda done: tell("session folders", done)
                    ),
                )
            )
        signed = HeadProof()

        def heads_signed() -> Iterator[str]:
            head_check.prove(connection, database.path.parent, signed)
            yield from signed.damage

        damage.append(_Part("heads", heads_signed))
        found = tuple(_found(damage, tell))
        return CheckReport(
            damage=found,
            edits=(
                *_found([_Part("edits", lambda: edits.open_edits(connection))], tell),
                *signed.changes,
            ),
            odd=tuple(_found([_Part("odd values", lambda: odd_values(reader, walked.proved))], tell)),
            heads=signed,
            head=walked.head.hex(),
            links=walked.links,
            rows=walked.rows,
        )


def found_by_upgrades(database: Database) -> list[str]:
    """Return the damage that upgrades found in the record that they took up, and nobody acknowledged."""
    with database.reading() as reader:
        return list(edits.found_before(reader.connection))


def _found(parts: Iterable[_Part], tell: Tell) -> Iterator[str]:
    for part in parts:
        tell(part.name, None)
        try:
            yield from part.look()
        except (SQLAlchemyError, sqlite3.Error, StorageError, UnicodeError) as error:
            # The driver raises UnicodeError where a damaged schema's name stands in SQLite's own message.
            said = error.orig if isinstance(error, DBAPIError) else error
            yield f"{part.name}: cannot be looked at: {_without_advice(str(said))}"


def _without_advice(said: str) -> str:
    """Return an error without the advice to check what is being checked."""
    return said.removesuffix("; run tosca-kiosk db check").removesuffix(", then run tosca-kiosk db check")


def _integrity(reader: Reader) -> Iterator[str]:
    said = [row[0] for row in reader.tuples("PRAGMA integrity_check")]
    if said != ["ok"]:
        yield from (f"integrity: {line}" for line in said)


def _foreign_keys(reader: Reader) -> Iterator[str]:
    for table, rowid, parent, _ in reader.tuples("PRAGMA foreign_key_check"):
        yield f"foreign key: row {rowid} of {table} points at a missing row of {parent}"
