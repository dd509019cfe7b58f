"""The list of alarms: those that stand, and those that are over and nobody has seen yet."""

from __future__ import annotations

from collections.abc import Callable

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.alarms.alarm import Alarm, Priority
from tosca_kiosk.kiosk.alarms.conditions import CONTROL_LOST
from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import STRONG_MM
from tosca_kiosk.kiosk.widgets.action_bar import action, room
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.text import UiText

_SHOWN = 4
_ALARM_MM = 14.5
_SYMBOLS = {Priority.HIGH: "!!!", Priority.MEDIUM: "!!", Priority.LOW: "!"}


class AlarmSheet(UiSheet):
    """on_seen: acknowledge them all. start_control: offered while control is lost."""

    def __init__(
        self,
        on_close: Callable[[], object],
        on_seen: Callable[[], object],
        start_control: Callable[[], object],
    ) -> None:
        super().__init__(title="Alarms", covers=True)
        self._alarms: tuple[Alarm, ...] | None = None
        self._start = action("Start control", start_control, width_mm=54)
        self._seen = action("Seen", on_seen, mark="tick", kind="primary", width_mm=54)
        self.actions = [action("Back", on_close, mark="back"), room(), self._start, self._seen]

    def show_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        """Show these, the first at the top."""
        if alarms == self._alarms:
            return
        self._alarms = alarms
        self.body.clear_widgets()
        for alarm in alarms[:_SHOWN]:
            self.body.add_widget(_alarm_box(alarm))
        if not alarms:
            self.body.add_widget(UiText(text="There is no alarm.", ink="text2", size_mm=STRONG_MM))
        else:
            self.body.add_widget(Widget())
        if len(alarms) > _SHOWN:
            more = f"{len(alarms) - _SHOWN} more; they show when these are over."
            self.body.add_widget(UiText(text=more, ink="text2", size_hint_y=None, height=px(7)))
        self._start.disabled = not any(alarm.source == CONTROL_LOST and alarm.active for alarm in alarms)
        self._seen.disabled = all(alarm.acknowledged for alarm in alarms)


def _alarm_box(alarm: Alarm) -> BoxLayout:
    box = BoxLayout(spacing=px(2), size_hint_y=None, height=px(_ALARM_MM))
    box.add_widget(
        UiText(
            text=_SYMBOLS[alarm.priority],
            bold=True,
            size_mm=STRONG_MM,
            valign="top",
            size_hint_x=None,
            width=px(9),
        )
    )
    lines = BoxLayout(orientation="vertical")
    state = "" if alarm.active else "Over: "
    lines.add_widget(UiText(text=f"{state}{alarm.what}", bold=True, size_mm=STRONG_MM, shorten=True))
    lines.add_widget(UiText(text=alarm.to_do, ink="text2", shorten=True))
    box.add_widget(lines)
    return box
