"""How far the session on its way has come, whatever screen is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tosca_kiosk.domain import situations
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.session import EarlierDose


class Opening(StrEnum):
    """How far a session's opening has come."""

    NOT_ASKED = "not_asked"
    PREPARING = "preparing"
    """The plan is checked."""
    CONFIRM_DOSE = "confirm_dose"
    """The patient had light that is not provably older than 24 h: it is shown, and asked about if need be."""
    BACKING_UP = "backing_up"
    """Nothing else is in the way: what is left of the backup before it is waited for."""
    OPENING = "opening"
    """Row and folder are made and control is asked."""
    OPEN = "open"
    CLOSING = "closing"
    """Control closes the session and the journal is imported."""
    UNCONFIRMED = "unconfirmed"
    """Control does not close it: it is not known that the light has ended."""


LEFT_FREELY = frozenset({Opening.NOT_ASKED, Opening.CONFIRM_DOSE, Opening.BACKING_UP})
"""While a session has come no further, one may go back to the choice of its protocol."""


@dataclass(frozen=True, slots=True)
class Course:
    """The session on its way. earlier: the patient's light before it. refused: why not the last wish.

    tested_after: how many self-tests control had begun when one was asked for here, None where none was.
    overdue: a calibration in use is overdue. backed_up: the share of the backup that is done, where it is
    waited for.
    """

    opening: Opening = Opening.NOT_ASKED
    earlier: EarlierDose | None = None
    refused: str = ""
    tested_after: int | None = None
    overdue: bool = False
    backed_up: float = 0.0


def is_paused(telemetry: Telemetry) -> bool:
    """Whether the session stands still between two parts of its light."""
    return situations.is_paused(telemetry.phase, telemetry.elapsed_s, finished=telemetry.finished)
