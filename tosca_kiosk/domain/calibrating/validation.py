"""What `validation_data` of a calibration says: its origin, its judgement, and what a supervisor decided."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from tosca_kiosk.domain.calibrating.drift import Drift
from tosca_kiosk.domain.calibrating.judgement import Judgement

FORMAT: Final = 1
_LEAST_POINTS: Final = 3
"""Fewer are no judgement that this program made."""


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """The reference that y was read from. y_range: where its range ended, in y's unit.

    uncertainty: expanded, in the unit of the tolerance. calibrated_until: its own last day.
    """

    serial_number: str
    wavelength_nm: float
    y_range: float
    uncertainty: float
    calibrated_until: date


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The paper that a calibration came with. sha256: of the file that was imported."""

    number: str
    dated: date
    sha256: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a supervisor decided. at: UTC."""

    confirmed: bool
    by: str
    at: str
    reason: str | None = None


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. x_name, y_name: what the points' x and y are, with their units."""

    x_name: str
    y_name: str
    measured_by: str
    measured_on: date
    due_on: date
    meter: Meter
    certificate: Certificate
    judgement: Judgement
    drift: Drift
    decision: Decision | None = None
    format: int = FORMAT


class State(StrEnum):
    """How far a calibration has come."""

    IN_FORCE = "in force"
    WAITS = "awaits confirmation"
    FAILED = "failed"
    REJECTED = "rejected"
    OUT_OF_FORCE = "out of force"


def to_json(validation: Validation) -> str:
    """Return the document as JSON."""
    return msgspec.json.encode(validation).decode()


def from_json(text: str | None) -> Validation | None:
    """Return the document, None for what is none of ours: a row of another program, or a simulator's own."""
    if text is None:
        return None
    try:
        found = msgspec.json.decode(text, type=Validation)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    points = found.judgement.points
    whole = len(points) >= _LEAST_POINTS and all(
        point.ys and len(point.xs) == len(point.ys) for point in points
    )
    return found if whole and found.format == FORMAT else None


def state_of(is_active: bool | None, validation: Validation | None) -> State | None:
    """Return a row's state; None where it does not tell whether it is in force."""
    if is_active is None:
        return None
    if is_active:
        return State.IN_FORCE
    if validation is None:
        return State.OUT_OF_FORCE
    if not validation.judgement.passed:
        return State.FAILED
    if validation.decision is None:
        return State.WAITS
    return State.OUT_OF_FORCE if validation.decision.confirmed else State.REJECTED
