"""Treatments in parts: a session that ended early, and the one that finishes its rest."""

from __future__ import annotations

from typing import NamedTuple

from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError


class Parts(NamedTuple):
    """rest_of: the session whose rest this one is; finished_by: the one that is this one's rest."""

    rest_of: int | None = None
    finished_by: int | None = None


def join(transaction: Transaction, session_id: int, first_session_id: int) -> None:
    """Say that a session finishes the rest of an earlier one. Raises StorageError where another does."""
    taken = of_session(transaction, first_session_id).finished_by
    if taken is not None:
        raise StorageError(f"session {first_session_id} has its second part already, session {taken}")
    transaction.insert("session_parts", session_id=session_id, first_session_id=first_session_id)


def of_session(reader: Reader, session_id: int) -> Parts:
    """Return what a session is a part of."""
    before = reader.held_one("session_parts", session_id=session_id)
    after = reader.held_one("session_parts", first_session_id=session_id)
    return Parts(
        rest_of=None if before is None else before.row["first_session_id"],
        finished_by=None if after is None else after.row["session_id"],
    )


def chain_of(reader: Reader, session_id: int) -> tuple[int, ...]:
    """Return the sessions of one treatment, the first part first; what another hand made a circle ends."""
    numbers = [session_id]
    while (before := of_session(reader, numbers[0]).rest_of) is not None and before not in numbers:
        numbers.insert(0, before)
    while (after := of_session(reader, numbers[-1]).finished_by) is not None and after not in numbers:
        numbers.append(after)
    return tuple(numbers)
