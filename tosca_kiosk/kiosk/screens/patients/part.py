"""Choosing a patient, or creating one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.patients.form import PatientsForm
from tosca_kiosk.kiosk.services import people
from tosca_kiosk.kiosk.services.people import FoundPatients
from tosca_kiosk.storage.patients import Patient


class Patients(Part[PatientsForm]):
    """Searches and creates patients."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self.form = PatientsForm()

    def enter(self, about: Any = None) -> None:
        """Show the patients, none chosen."""
        self._desk.patient = None
        self.form = PatientsForm()
        self.search("")

    def search(self, query: str) -> None:
        """Search in codes and notes; empty finds the newest patients."""
        self.form = replace(self.form, query=query.strip(), busy=True, refused="")
        desk = self._desk
        desk.errands.run(
            PatientsForm,
            "The patients cannot be read",
            lambda: people.found(desk.record, query),
            self._found,
            refused=self._refused,
            wanted=lambda: desk.router.shown == "patients",
        )

    def _found(self, found: FoundPatients) -> None:
        if found.query.strip() == self.form.query:
            self.form = replace(self.form, found=found, busy=False, refused="")

    def choose(self, patient: Patient) -> None:
        """Choose a patient."""
        self._desk.patient = patient

    def new(self) -> None:
        """Show the form of a new patient, the next free code in it."""
        found = self.form.found
        code = "" if found is None or found.next_code is None else found.next_code
        self.form = replace(self.form, creating=True, code=code, notes="", refused="")

    def cancel_new(self) -> None:
        """Go back to the list."""
        if not self.form.busy:
            self.form = replace(self.form, creating=False, refused="")

    def edit(self, *, code: str | None = None, notes: str | None = None) -> None:
        """Change a field of the new patient."""
        form = self.form
        self.form = replace(
            form,
            code=form.code if code is None else code.strip().upper(),
            notes=form.notes if notes is None else notes.strip(),
            refused="",
        )

    def create(self) -> None:
        """Create the patient; a code of the wrong form or in use is refused in place."""
        form, desk = self.form, self._desk
        user = desk.user
        if user is None or form.busy:
            return
        self.form = replace(form, busy=True, refused="")
        desk.ask(
            lambda: people.add(desk.record, form.code, form.notes, user.tech_id), self._created, self._refused
        )

    def _created(self, patient: Patient) -> None:
        self._desk.patient = patient
        self.form = replace(self.form, creating=False, busy=False)
        self.search("")

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)
