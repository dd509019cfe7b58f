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
    return of_sessions(reader, (session_id,))[session_id]


def of_sessions(reader: Reader, session_ids: tuple[int, ...]) -> dict[int, Parts]:
    """Return what sessions are a part of, by their numbers."""
    if not session_ids:
        return {}
    before = reader.held("session_parts", session_id=session_ids)
    after = reader.held("session_parts", first_session_id=session_ids)
    rest_of = {row["session_id"]: row["first_session_id"] for row, _ in before}
    finished_by = {row["first_session_id"]: row["session_id"] for row, _ in after}
    return {
        number: Parts(rest_of=rest_of.get(number), finished_by=finished_by.get(number))
        for number in session_ids
    }


def chain_of(reader: Reader, session_id: int) -> tuple[int, ...]:
    """Return the sessions of one treatment, the first part first; what another hand made a circle ends."""
    numbers = [session_id]
    while (before := of_session(reader, numbers[0]).rest_of) is not None and before not in numbers:
        numbers.insert(0, before)
    while (after := of_session(reader, numbers[-1]).finished_by) is not None and after not in numbers:
        numbers.append(after)
    return tuple(numbers)
