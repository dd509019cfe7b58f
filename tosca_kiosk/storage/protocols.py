"""Saved treatment protocols. Their JSON comes here validated; nothing is looked into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError

PROTOCOL_TYPES = ("constant", "linear_ramp", "multi_step", "custom")


@dataclass(frozen=True, slots=True)
class SavedProtocol:
    """One row of protocols. protocol_data: the JSON text."""

    protocol_id: int
    protocol_name: str
    description: str | None
    protocol_type: str
    protocol_data: str
    created_date: datetime
    created_by_tech_id: int | None
    last_modified_date: datetime | None
    last_used_date: datetime | None
    usage_count: int
    is_active: bool


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
    if transaction.find_one("protocols", protocol_name=name):
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
    """Return the active protocol of this name, or None."""
    row = database.find_one("protocols", protocol_name=name, is_active=True)
    return None if row is None else SavedProtocol(**row)


def get(database: Database | Reader, name: str) -> SavedProtocol:
    """Return the active protocol of this name; StorageError if there is none."""
    protocol = find(database, name)
    if protocol is None:
        raise StorageError(f"no protocol is named {name!r}; see tosca-kiosk protocols list")
    return protocol


def list_all(database: Database | Reader) -> list[SavedProtocol]:
    """Return the active protocols by name."""
    return [
        SavedProtocol(**row) for row in database.find("protocols", order_by="protocol_name", is_active=True)
    ]


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
    used: Any = transaction.find_one("protocols", protocol_id=protocol_id)
    if used is None:
        raise StorageError(f"no protocol has the number {protocol_id}; see tosca-kiosk protocols list")
    transaction.update(
        "protocols",
        {"protocol_id": protocol_id},
        usage_count=(used["usage_count"] or 0) + 1,
        last_used_date=now,
    )


def deactivate(transaction: Transaction, protocol_id: int) -> None:
    """Take a protocol off the lists; its row and its name stay."""
    transaction.update("protocols", {"protocol_id": protocol_id}, is_active=False)


def _check_type(protocol_type: str) -> None:
    if protocol_type not in PROTOCOL_TYPES:
        raise StorageError(
            f"protocol type {protocol_type!r} is unknown; allowed: {', '.join(PROTOCOL_TYPES)}"
        )
