"""Patients: found by code or notes, or created under the next free code."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.patients.form import PatientsForm
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.storage.patients import Patient

_WEAK_PIN = "Change your PIN: it is easy to guess."
Rows = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class PatientsView:
    """rows: code, notes, when created. creating: the new patient's form is shown instead of the list.

    advice: what the user is told after signing in.
    """

    rows: Rows
    chosen: str
    query: str
    empty: str
    creating: bool
    code: str
    notes: str
    refused: str
    problem: str
    busy: bool
    can_create: bool
    can_go_on: bool
    advice: str


def view(state: KioskState) -> PatientsView:
    """Return what the screen shows."""
    form = state.form(PatientsForm)
    found = () if form.found is None else form.found.patients
    usable = state.record_problem is None
    return PatientsView(
        rows=tuple(_row(patient) for patient in found),
        chosen="" if state.patient is None else state.patient.patient_code,
        query=form.query,
        empty=_empty(state),
        creating=form.creating,
        code=form.code,
        notes=form.notes,
        refused=form.refused,
        problem=wording.RECORD_LOST if state.record_problem else "",
        busy=form.busy,
        can_create=usable and not form.busy and bool(form.code),
        advice=_WEAK_PIN if state.weak_pin else "",
        can_go_on=state.patient is not None and usable and not form.creating,
    )


def _row(patient: Patient) -> tuple[str, str, str]:
    created = wording.local_time(patient.created_date)[: len("2026-11-22")]
    notes = (patient.notes or "").replace("\n", " ")
    return patient.patient_code, notes, wording.marked(created, patient.odd)


def _empty(state: KioskState) -> str:
    if state.form(PatientsForm).found is None:
        waits = state.form(PatientsForm).busy and not state.record_problem
        return "Searching ..." if waits else "The patients cannot be read."
    query = state.form(PatientsForm).query
    return f'No patient with "{query}" in code or notes.' if query else "There is no patient yet."
