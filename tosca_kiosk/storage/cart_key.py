"""Which key signs this record: made with it, kept beside it, changed by an operation alone.

A key is made in silence only for a record that holds nothing yet that it should have signed: else whoever
takes the signatures out would get new ones. A change is an operation in the chain; the key before signs it,
and so hands over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from tosca_kiosk.storage import heads, operations, signing
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.signing import SigningKey

NEW_KEY: Final = "new-key"
"""The operation, and why the heads of both keys are signed then."""
_FIRST: Final = "first start"
_HELD_ALREADY: Final = (
    "SELECT 1 FROM audit_log WHERE table_name = 'sessions' AND audit_id > "
    "(SELECT coalesce(max(l.audit_id), 0) FROM audit_log l "
    "JOIN operations o ON l.row_key = CAST(o.operation_id AS TEXT) "
    "WHERE l.table_name = 'operations' AND o.name IN ('init', 'upgrade')) LIMIT 1"
)


def of_record(database: Database, directory: Path) -> SigningKey:
    """Return the key that signs a record; with a record that was just made or upgraded it is made.

    directory: the data directory. Raises StorageError for a key that is missing, that others may read, or
    that is not the one which signed last, and for a record whose signatures are gone.
    """
    with database.reading() as reader:
        newest = heads.newest(reader.connection)
        unsigned = newest is None and held_unsigned(reader.connection)
    if newest is not None:
        return signing.load(directory, newest.signed.fingerprint)
    if unsigned:
        raise StorageError(
            f"{database.path}: nothing of this record is signed, though it holds sessions; if you know why, "
            "begin again: tosca-kiosk db new-key --reason TEXT"
        )
    key = signing.load(directory, None) if signing.exists(directory) else signing.make(directory)
    with database.transaction() as transaction:
        _write(transaction.connection, None, key, None, _FIRST)
        heads.sign(transaction.connection, key, "start")
    return key


def held_unsigned(connection: Connection) -> bool:
    """Say whether a record without heads holds what should have been signed: a session since it was made."""
    return connection.exec_driver_sql(_HELD_ALREADY).fetchone() is not None


def renew(database: Database, directory: Path, *, operator_id: int | None, reason: str) -> SigningKey:
    """Make a new key in place of the present one, or of one that is lost; return it.

    The key before hands over where it is there. Raises StorageError without a reason.
    """
    if not reason.strip():
        raise StorageError("a new key needs a reason; give one")
    with database.reading() as reader:
        newest = heads.newest(reader.connection)
    expected = None if newest is None else newest.signed.fingerprint
    before, lost = None, None
    try:
        before = signing.load(directory, expected)
    except StorageError as error:
        lost = str(error)
    key = signing.prepare(directory)
    with database.transaction(operator_id) as transaction:
        connection = transaction.connection
        _write(connection, expected, key, operator_id, reason, lost)
        if before is not None and newest is not None:
            heads.sign(connection, before, NEW_KEY)
        heads.sign(connection, key, NEW_KEY)
    signing.adopt(directory)
    return key


def _write(
    connection: Connection,
    before: str | None,
    key: SigningKey,
    operator_id: int | None,
    reason: str,
    lost: str | None = None,
) -> None:
    details = {"from": before, "to": key.fingerprint, "lost": lost}
    number = operations.begin(connection, NEW_KEY, operator_id=operator_id, reason=reason, details=details)
    operations.end(connection, number, details)
