"""Patients on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, ask_text, load_layout
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.patients.view_model import PatientsView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.stepper import UiStepper
from tosca_kiosk.kiosk.widgets.text import UiText
from tosca_kiosk.kiosk.widgets.text_field import UiTextField

WIDGETS = (UiButton, UiNotice, UiCard, UiPickList, UiStepper, UiText)
"""What the layout names."""
load_layout(__file__)


class NewPatientSheet(UiSheet):
    """The form of a new patient: a code and notes, refused in place."""

    def __init__(self, screen: PatientsScreen) -> None:
        super().__init__(title="New patient", covers=True)
        part = screen.part
        self.code = UiTextField(caption="Code, P-YYYY-NNNN", required=True)
        self.notes = UiTextField(caption="Notes (no name, nothing that tells who it is)", hint="None")
        self.notice = UiNotice(tone="refused")
        self.code.bind(
            on_edit=lambda field: ask_text(
                screen.panel, "Patient code", field.value, lambda text: part.edit(code=text), max_length=11
            )
        )
        self.notes.bind(
            on_edit=lambda field: ask_text(
                screen.panel,
                "Notes",
                field.value,
                lambda text: part.edit(notes=text),
                letters="lower",
                max_length=60,
            )
        )
        for widget in (self.code, self.notes, self.notice):
            self.body.add_widget(widget)
        self.create = action("Create", part.create, mark="tick", kind="primary", width_mm=60)
        self.actions = [action("Cancel", part.cancel_new, mark="cross"), room(), self.create]

    def show_view(self, view: PatientsView) -> None:
        """Put the form's part of the view into the widgets."""
        self.code.value, self.notes.value = view.code, view.notes
        self.code.error = view.refused
        self.notice.text = view.problem
        self.create.disabled = not view.can_create


class PatientsScreen(KioskScreen):
    """A list, a search and the form of a new patient."""

    view = staticmethod(view)
    part: Patients

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._next = action("Protocol", self.go("protocols"), mark="right", kind="primary", width_mm=60)
        self.actions = [action("Safety log", self.go("safety_log"), width_mm=46), room(), self._next]
        self._sheet = NewPatientSheet(self)
        self.ids.patients.bind(on_pick=lambda _list, code: self._choose(code))
        self.ids.search.bind(on_tap=lambda _button: self._ask_search())
        self.ids.clear_search.bind(on_tap=lambda _button: part.search(""))
        self.ids.new.bind(on_tap=lambda _button: part.new())

    def _choose(self, code: str) -> None:
        part = self.part
        found = part.form.found
        rows = () if found is None else found.patients
        for patient in rows:
            if patient.patient_code == code:
                part.choose(patient)

    def _ask_search(self) -> None:
        part = self.part
        ask_text(self.panel, "Search codes and notes", part.form.query, part.search)

    def show_view(self, view: PatientsView) -> None:
        ids = self.ids
        ids.patients.rows = [
            Row(key=code, title=code, detail=notes, right=created) for code, notes, created in view.rows
        ]
        ids.patients.chosen = view.chosen or None
        ids.patients.empty = view.empty
        ids.search.text = f'"{view.query}"' if view.query else "Search"
        ids.clear_search.disabled = not view.query
        ids.chosen.text = view.chosen or "None chosen"
        ids.chosen.ink = "text" if view.chosen else "text2"
        refused = view.problem or ("" if view.creating else view.refused)
        ids.notice.text, ids.notice.tone = refused or view.advice, "refused" if refused else "info"
        ids.new.disabled = bool(view.problem)
        self._next.disabled = not view.can_go_on
        self._sheet.show_view(view)
        if view.creating:
            self.panel.open_sheet(self._sheet)
        else:
            self.panel.close_sheet(self._sheet)
