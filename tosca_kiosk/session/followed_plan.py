"""The plan that a session followed, as its record tells it: the protocol with the overrides taken."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tosca_kiosk.domain.overriding import OVERRIDES, recorded_override
from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.storage import Reader, StorageError, archives

_ACTIONS: Final = (
    "SELECT time_offset_ms, event_details FROM treatment_events "
    "WHERE session_id = ? AND event_type = 'user_action' ORDER BY event_id"
)


class Deviation(msgspec.Struct, frozen=True):
    """An override that was asked for, with the keys of its `user_action`.

    time_offset_ms: in the session. old_value, new_value: in W of the power, in mm of the ring; None where the
    one asked for was no number. elapsed_s: treatment time. refused: why it was, None where it was taken.
    """

    action: str
    old_value: float | None
    new_value: float | None
    reason: str | None = None
    user: str | None = None
    elapsed_s: float | None = None
    protocol_step: int | None = None
    refused: str | None = None
    time_offset_ms: int | None = None


class FollowedPlan(msgspec.Struct, frozen=True):
    """plan: in force at the session's end. deviations: also the refused ones, oldest first."""

    plan: Plan
    deviations: tuple[Deviation, ...]


def followed_plan(reader: Reader, session_id: int, protocol: Protocol) -> FollowedPlan:
    """Return what became of a session's protocol. protocol: the session's own, from its row.

    Raises StorageError where the overrides in the record are none, or an archive cannot be read.
    """
    plan, deviations = Plan(protocol), []
    for offset_ms, text in archives.select(reader, session_id, _ACTIONS, (session_id,)):
        details = _details(text)
        if details.get("action") not in OVERRIDES:
            continue
        try:
            deviation = msgspec.convert(details | {"time_offset_ms": offset_ms}, Deviation)
            override = recorded_override(details)
            plan = plan if override is None else plan.overridden(override)
        except ValueError as error:  # of msgspec too
            raise StorageError(
                f"session {session_id}: an override in its events cannot be read ({error}); "
                "compare them with its journal: tosca-kiosk db check --deep"
            ) from error
        deviations.append(deviation)
    return FollowedPlan(plan=plan, deviations=tuple(deviations))


def _details(text: Any) -> dict[str, Any]:
    """Return a row's details; what another hand has put there is none of ours."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError, UnicodeEncodeError):
        return {}
    return found if isinstance(found, dict) else {}
