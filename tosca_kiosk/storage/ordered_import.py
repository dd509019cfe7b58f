"""The import of a journal that somebody orders: a row of `operations`, the record proved before and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from tosca_kiosk.storage import chain, operations, trust
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.journal_contents import Imported
from tosca_kiosk.storage.journal_import import import_journal
from tosca_kiosk.storage.operations import Order
from tosca_kiosk.storage.telling import Tell, nobody


class OrderedImport(NamedTuple):
    """What an import came to. damage: what of the record was damaged before, in words."""

    imported: Imported
    damage: tuple[str, ...]


def import_in_order(
    database: Database,
    journal: Path,
    now: datetime,
    order: Order,
    *,
    salvage: bool,
    tell: Tell = nobody,
) -> OrderedImport:
    """Do what import_journal does, as an operation. Raises as it, and where more would be damaged after.

    tell: hears how far the proofs of the record are.
    """
    before: list[str] = []

    def around(transaction: Transaction, take: Callable[[], Imported]) -> Imported:
        connection = transaction.connection
        before.extend(trust.damage(connection, database.path, tell))
        details = order.told({"journal": journal.parent.name, "damage": before})
        number = operations.begin(
            connection,
            "import-journal",
            operator_id=order.operator_id,
            reason=order.reason,
            details=details,
        )
        imported = take()
        told = {
            **imported.number,
            "ticks": imported.ticks,
            "treatment_events": imported.treatment_events,
            "safety_events": imported.safety_events,
            "whole": imported.whole,
            "head_hash": imported.head_hash,
        }
        operations.end(connection, number, {**details, **told})
        chain.link_own(connection)
        after = trust.damage(connection, database.path, tell)
        trust.refuse_more(before, after, f"{journal}: the import")
        return imported

    imported = import_journal(
        database, journal, now, operator_id=order.operator_id, salvage=salvage, around=around
    )
    return OrderedImport(imported, tuple(before))
