"""Saved treatment protocols. Their JSON comes here validated; nothing is looked into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import groupby

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
    """Save a validated protocol; return its number.

    Raises StorageError for an unknown type, and for a name in use, in other capitals or blanks too: who
    chooses one of two reads no difference.
    """
    _check_type(protocol_type)
    for row in transaction.rows("SELECT protocol_name FROM protocols"):
        if _as_read(known := str(row["protocol_name"])) == _as_read(name):
            alike = "" if known == name else f", and {name!r} reads the same"
            raise StorageError(
                f"protocol {known!r} exists already, perhaps retired{alike}; choose another name"
            )
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
    """Return the protocol of this name, retired or not; StorageError if there is none."""
    found = database.held_one("protocols", protocol_name=name)
    if found is None:
        known = [str(row["protocol_name"]) for row in database.rows("SELECT protocol_name FROM protocols")]
        near = get_close_matches(name, known, n=1)
        guess = f"; {near[0]!r} may be meant" if near else ""
        raise StorageError(f"no protocol is named {name!r}{guess}; see tosca-kiosk protocols list")
    return _saved(found)


def list_all(database: Database | Reader, *, retired: bool = False) -> list[SavedProtocol]:
    """Return the protocols by name. retired: also those closed for certain."""
    found = database.held("protocols", order_by="protocol_name")
    return [_saved(one) for one in found if retired or one.row["is_active"] is not False]


def is_used(database: Database | Reader, saved: SavedProtocol) -> bool:
    """Say whether sessions were treated by a protocol, by its own count or by theirs."""
    return bool(saved.usage_count or database.held("sessions", protocol_id=saved.protocol_id, limit=1))


def usage(database: Database | Reader) -> list[Held]:
    """Return how often the active protocols were used: as they count it, and as many sessions name them.

    Those that were used as often come by name: the query leaves it to where their rows stand.
    """
    found = queries.PROTOCOL_USAGE.ask(database)
    alike = groupby(found, key=lambda held: held.row["usage_count"])
    return [one for _, held in alike for one in sorted(held, key=lambda held: str(held.row["protocol_name"]))]


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


def set_active(transaction: Transaction, protocol_id: int, now: datetime, *, active: bool) -> None:
    """Retire a protocol: no new session is opened with it, its row and its name stay. Or bring it back."""
    transaction.update("protocols", {"protocol_id": protocol_id}, is_active=active, last_modified_date=now)


def _as_read(name: str) -> str:
    return " ".join(name.split()).casefold()


def _check_type(protocol_type: str) -> None:
    if protocol_type not in _TYPES:
        raise StorageError(f"protocol type {protocol_type!r} is unknown; allowed: {', '.join(_TYPES)}")


def _saved(found: Held) -> SavedProtocol:
    return SavedProtocol(**found.row, odd=found.marks)
