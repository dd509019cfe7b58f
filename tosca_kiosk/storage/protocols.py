"""Saved treatment protocols. Their JSON comes here validated; nothing is looked into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tosca_kiosk.storage import queries
from tosca_kiosk.storage.columns import CHOICES, Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError

_TYPES = CHOICES["protocols", "protocol_type"]


@dataclass(frozen=True, slots=True)
class SavedProtocol:
    """One row of protocols. protocol_data: the JSON text; odd: what in the row is no value of its column."""

    protocol_id: int
    protocol_name: str
    description: str | None
    protocol_type: str
    protocol_data: str
    created_date: datetime | None
    created_by_tech_id: int | None
    last_modified_date: datetime | None
    last_used_date: datetime | None
    usage_count: int | None
    is_active: bool | None
    odd: tuple[str, ...] = ()


def add(
    transaction: Transaction,
    name: str,
    protocol_type: str,
    protocol_data: str,
    now: datetime,
    *,
    description: str | None = None,
    created_by: int | None = None,
) -> int:
    """Save a validated protocol; return its number. StorageError for a name in use or an unknown type."""
    _check_type(protocol_type)
    if transaction.held_one("protocols", protocol_name=name):
        raise StorageError(f"protocol {name!r} exists already; choose another name")
    added: int = transaction.insert(
        "protocols",
        protocol_name=name,
        description=description,
        protocol_type=protocol_type,
        protocol_data=protocol_data,
        created_date=now,
        created_by_tech_id=created_by,
    )
    return added


def find(database: Database | Reader, name: str) -> SavedProtocol | None:
    """Return the protocol of this name, or None; also where its row does not tell whether it is active."""
    found = database.held_one("protocols", protocol_name=name)
    return None if found is None or found.row["is_active"] is False else _saved(found)


def get(database: Database | Reader, name: str) -> SavedProtocol:
    """Return the active protocol of this name; StorageError if there is none."""
    protocol = find(database, name)
    if protocol is None:
        raise StorageError(f"no protocol is named {name!r}; see tosca-kiosk protocols list")
    return protocol


def list_all(database: Database | Reader) -> list[SavedProtocol]:
    """Return the protocols by name, but for those closed for certain."""
    found = database.held("protocols", order_by="protocol_name")
    return [_saved(one) for one in found if one.row["is_active"] is not False]


def usage(database: Database | Reader) -> list[Held]:
    """Return how often the active protocols were used: as they count it, and as many sessions name them."""
    return queries.PROTOCOL_USAGE.ask(database)


def refuse_doubtful(protocol: SavedProtocol) -> None:
    """Raise StorageError where the row does not tell whether it may be treated by.

    What stands in its JSON is for whoever reads that; when it was made and used decides nothing.
    """
    if protocol.is_active is None:
        raise StorageError(
            f"protocol {protocol.protocol_name!r}: {'; '.join(protocol.odd)}; correct it, then repeat"
        )


def change(
    transaction: Transaction,
    protocol_id: int,
    now: datetime,
    *,
    protocol_type: str,
    protocol_data: str,
    description: str | None,
) -> None:
    """Put another validated content under a protocol's name; sessions keep their own snapshots."""
    _check_type(protocol_type)
    transaction.update(
        "protocols",
        {"protocol_id": protocol_id},
        protocol_type=protocol_type,
        protocol_data=protocol_data,
        description=description,
        last_modified_date=now,
    )


def count_use(transaction: Transaction, protocol_id: int, now: datetime) -> None:
    """Count one use of a protocol."""
    used = transaction.held_one("protocols", protocol_id=protocol_id)
    if used is None:
        raise StorageError(f"no protocol has the number {protocol_id}; see tosca-kiosk protocols list")
    transaction.update(
        "protocols",
        {"protocol_id": protocol_id},
        usage_count=(used.row["usage_count"] or 0) + 1,
        last_used_date=now,
    )


def deactivate(transaction: Transaction, protocol_id: int) -> None:
    """Take a protocol off the lists; its row and its name stay."""
    transaction.update("protocols", {"protocol_id": protocol_id}, is_active=False)


def _check_type(protocol_type: str) -> None:
    if protocol_type not in _TYPES:
        raise StorageError(f"protocol type {protocol_type!r} is unknown; allowed: {', '.join(_TYPES)}")


def _saved(found: Held) -> SavedProtocol:
    return SavedProtocol(**found.row, odd=found.marks)
