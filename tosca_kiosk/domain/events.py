"""What the step reports: rows of the treatment record and of the safety log, as the schema names them."""

from __future__ import annotations

from typing import Any

import msgspec


class TreatmentEvent(msgspec.Struct, frozen=True, array_like=True):
    """One row of `treatment_events`; the journal line that carries it gives the session time.

    footpedal, smoothing: None while the board is silent. interlocks: every lamp by name, True when it
    passes. details: the schema's keys for the event type.
    """

    event_type: str
    power_commanded_w: float | None
    power_actual_w: float | None
    ring_size_mm: float | None
    actuator_position_um: float | None
    photodiode_v: float | None
    footpedal: bool | None
    smoothing: bool | None
    interlocks: dict[str, bool]
    details: dict[str, Any]


class SafetyEvent(msgspec.Struct, frozen=True, array_like=True):
    """One row of `safety_log`; the journal line that carries it gives the session time."""

    event_type: str
    severity: str
    description: str
    system_state: str
    laser_state: str
    footpedal: bool | None
    smoothing: bool | None
    photodiode_v: float | None
    action_taken: str
    details: dict[str, Any]


def noticed(
    event_type: str,
    description: str,
    action_taken: str,
    details: dict[str, Any],
    *,
    system_state: str = "idle",
    laser_state: str = "off",
) -> SafetyEvent:
    """Return a warning about what no device tells: of the record, an account or the screen itself."""
    return SafetyEvent(
        event_type=event_type,
        severity="warning",
        description=description,
        system_state=system_state,
        laser_state=laser_state,
        footpedal=None,
        smoothing=None,
        photodiode_v=None,
        action_taken=action_taken,
        details=details,
    )
