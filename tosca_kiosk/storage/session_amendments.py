"""What is said later of a session's site and notes: beside what stands in its row, never over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tosca_kiosk.storage import sessions
from tosca_kiosk.storage.columns import CHOICES
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.sessions import Session

_FIELDS: Final = CHOICES["session_amendments", "field"]
_POST_NOTES: Final = "post_treatment_notes"


@dataclass(frozen=True, slots=True)
class Amendment:
    """A row of session_amendments. field: the column of `sessions`; odd: what in the row is no value.

    tech_id, username: whose; None where the row does not tell.
    """

    amendment_id: int
    field: str
    amendment: str
    reason: str
    tech_id: int | None
    username: str | None
    amended_date: datetime | None
    odd: tuple[str, ...] = ()


def note(
    transaction: Transaction,
    session_id: int,
    field: str,
    text: str,
    *,
    tech_id: int,
    reason: str,
    now: datetime,
) -> bool:
    """Keep what is said of a session's site or notes; return whether it is an amendment.

    field: a column of `sessions` that can be amended. What is empty in the row is filled, once; from then on
    each text is an amendment of its own. Raises StorageError for a text or a reason that is empty, for one
    that holds already, and for notes after a treatment that is not closed yet.
    """
    session, said = sessions.get(transaction, session_id), text.strip()
    where = f"session {session_id}, {field}"
    if field not in _FIELDS:
        raise StorageError(f"{where}: is never amended; only {', '.join(_FIELDS)} are")
    if not said:
        raise StorageError(f"{where}: an amendment needs a text; give the one that holds now")
    if field == _POST_NOTES and session.status in sessions.OPEN_STATUSES:
        raise StorageError(
            f"{where}: the session is {session.status}; close it, then note what came after it"
        )
    earlier = [one for one in of_session(transaction, session_id) if one.field == field]
    if in_force(session, earlier, field) == said:
        raise StorageError(f"{where}: this text stands there already; nothing was changed")
    if not original(session, field) and not earlier:
        transaction.update("sessions", {"session_id": session_id}, **{field: said})
        return False
    if not reason.strip():
        raise StorageError(f"{where}: an amendment needs a reason; say why the text is another now")
    transaction.insert(
        "session_amendments",
        session_id=session_id,
        field=field,
        amendment=said,
        reason=reason.strip(),
        tech_id=tech_id,
        amended_date=now,
    )
    return True


def original(session: Session, field: str) -> str | None:
    """Return what stands in a session's row of its site or notes."""
    value: str | None = getattr(session, field)
    return value


def in_force(session: Session, amendments: Sequence[Amendment], field: str) -> str | None:
    """Return what holds of a session's site or notes: the newest amendment, else what stands in its row."""
    later = [one.amendment for one in amendments if one.field == field]
    return later[-1] if later else original(session, field)


def of_session(reader: Reader, session_id: int) -> tuple[Amendment, ...]:
    """Return a session's amendments, oldest first."""
    found = reader.held("session_amendments", session_id=session_id, order_by="amendment_id")
    return tuple(
        Amendment(
            amendment_id=one.row["amendment_id"],
            field=one.row["field"],
            amendment=one.row["amendment"],
            reason=one.row["reason"],
            tech_id=one.row["tech_id"],
            username=_username(reader, one.row["tech_id"]),
            amended_date=one.row["amended_date"],
            odd=one.marks,
        )
        for one in found
    )


def _username(reader: Reader, tech_id: int | None) -> str | None:
    found = None if tech_id is None else reader.held_one("tech_users", tech_id=tech_id)
    return None if found is None else found.row["username"]
