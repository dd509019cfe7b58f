"""What choosing or creating a patient has in hand."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.services.people import FoundPatients


@dataclass(frozen=True, slots=True)
class PatientsForm:
    """creating: the form of a new one is shown."""

    found: FoundPatients | None = None
    query: str = ""
    creating: bool = False
    code: str = ""
    notes: str = ""
    refused: str = ""
    busy: bool = False
