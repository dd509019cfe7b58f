"""The first start on the panel."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.panel.screen import KioskScreen, ask_text, load_layout, strong
from tosca_kiosk.kiosk.screens.first_start.part import FirstStart
from tosca_kiosk.kiosk.screens.first_start.view_model import FirstStartView, view
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.text import UiText
from tosca_kiosk.kiosk.widgets.text_field import UiTextField

WIDGETS = (UiNotice, UiCard, UiPinPad, UiText, UiTextField)
"""What the layout names."""
load_layout(__file__)


class FirstStartScreen(KioskScreen):
    """Sets the admin's PIN and creates the first technician."""

    view = staticmethod(view)
    part: FirstStart

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._entries = strong(self.ids.name_box), strong(self.ids.pad)
        self._back = action("Back", part.back, mark="back")
        self.actions = [self._back, room()]
        self.ids.pad.bind(on_pin=lambda _pad, pin: part.pin(pin))
        self.ids.name.bind(on_edit=lambda _field: self._ask_name())

    def show_view(self, view: FirstStartView) -> None:
        ids = self.ids
        ids.step.text, ids.title.text, ids.text.text = view.step, view.title, view.text
        ids.notice.text = view.refused or view.fault
        ids.notice.tone = "refused" if view.refused else "info"
        ids.name.value = view.full_name
        self._choose_entry(view.pin_shown)
        ids.pad.disabled = view.busy
        ids.pad.message = view.message
        self._back.disabled = not view.can_go_back

    def _choose_entry(self, pin_shown: bool) -> None:
        wanted = self._entries[pin_shown]
        entry = self.ids.entry
        if entry.children != [wanted]:
            entry.clear_widgets()
            entry.add_widget(wanted)

    def _ask_name(self) -> None:
        part = self.part
        ask_text(self.panel, "Technician", part.form.full_name, part.name, check=_name_refusal, max_length=40)


def _name_refusal(name: str) -> str | None:
    return None if name.strip() else "A name is needed."
