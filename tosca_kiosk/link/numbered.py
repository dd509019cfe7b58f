"""Which session something is meant for: treatments and calibrations are counted apart."""

from __future__ import annotations

from typing import Final, NamedTuple

from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.link.messages import EndSession, Order, SignedOrder


class Numbered(NamedTuple):
    """A session by its number in the table of its kind; neither is set of no session."""

    session: int | None
    calibration: int | None

    def __str__(self) -> str:
        said = []
        if self.session is not None:
            said.append(f"session {self.session}")
        if self.calibration is not None:
            said.append(f"calibration session {self.calibration}")
        return " and ".join(said) or "no session"


NONE: Final = Numbered(session=None, calibration=None)


def meant_for(request: Order | SignedOrder | EndSession) -> Numbered:
    """Return the session that a request names; one that names both kinds is meant for none that there is."""
    return Numbered(session=request.session, calibration=request.calibration)


def number_of(header: Header) -> Numbered:
    """Return the session whose journal a header begins."""
    if header.work == "calibration":
        return Numbered(session=None, calibration=header.session_id)
    return Numbered(session=header.session_id, calibration=None)
