"""Patients on the screen: what a search finds, the next free code, and a new one."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.storage import StorageError, patients
from tosca_kiosk.storage.patients import Patient

_SHOWN_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class FoundPatients:
    """Active patients with the query in code or notes, newest first; next_code: None when a year is full."""

    query: str
    patients: tuple[Patient, ...]
    next_code: str | None


def found(record: Record, query: str) -> FoundPatients:
    """Search the patients."""
    with record.database.reading() as reader:
        rows = patients.search(reader, query.strip(), _SHOWN_AT_MOST)
        try:
            next_code = patients.next_code(reader, record.utc().year)
        except StorageError:
            next_code = None
    return FoundPatients(query, tuple(rows), next_code)


def add(record: Record, code: str, notes: str, tech_id: int) -> Patient:
    """Add a patient under this code. StorageError for a code of another form or in use."""
    with record.database.transaction(tech_id) as transaction:
        return patients.add(
            transaction, record.utc(), code=code.strip(), created_by=tech_id, notes=notes.strip() or None
        )
