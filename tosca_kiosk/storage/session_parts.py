"""Treatments in two parts: a session that ended early, and the one that finishes its rest."""

from __future__ import annotations

from typing import NamedTuple

from tosca_kiosk.storage.door import Reader


class Parts(NamedTuple):
    """rest_of: the session whose rest this one is; finished_by: the one that is this one's rest."""

    rest_of: int | None = None
    finished_by: int | None = None


def of_session(reader: Reader, session_id: int) -> Parts:
    """Return what a session is a part of."""
    before = reader.held_one("session_parts", session_id=session_id)
    after = reader.held_one("session_parts", first_session_id=session_id)
    return Parts(
        rest_of=None if before is None else before.row["first_session_id"],
        finished_by=None if after is None else after.row["session_id"],
    )
