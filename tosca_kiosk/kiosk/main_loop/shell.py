"""The panel with the screen of the moment in it: from a snapshot to widgets, and from touches to wishes."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from tosca_kiosk.kiosk.alarms.sound import AlarmSound
from tosca_kiosk.kiosk.look.theme import look
from tosca_kiosk.kiosk.main_loop.screens import make_screens
from tosca_kiosk.kiosk.panel.alarm_sheet import AlarmSheet
from tosca_kiosk.kiosk.panel.panel import UiPanel
from tosca_kiosk.kiosk.panel.surroundings import Surroundings, surroundings
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.snapshot.state import KioskState


class Shell:
    """world: takes the simulated cart's inputs (`{"pedal.pressed": true}`), None where there is none."""

    def __init__(
        self, presenter: Presenter, world: Callable[[dict[str, Any]], object] | None, sound: AlarmSound
    ) -> None:
        self.presenter = presenter
        self.sound = sound
        self.panel = UiPanel()
        self.screens = make_screens(presenter, self.panel)
        self.alarm_sheet = AlarmSheet(
            self._close_alarms, presenter.acknowledge_alarms, presenter.desk.start_control
        )
        self.shown: str | None = None
        self._surroundings: Surroundings | None = None
        self._now_s = 0.0
        self.panel.alarm_slot.has_sound = sound.ready
        self._bind(world)

    def _bind(self, world: Callable[[dict[str, Any]], object] | None) -> None:
        panel, presenter = self.panel, self.presenter
        panel.bind(
            on_stop=lambda _panel: presenter.stop(),
            on_activity=lambda _panel: presenter.touched(),
            on_lock=lambda _panel: presenter.lock(),
        )
        panel.alarm_slot.bind(
            on_tap=lambda _slot: self._open_alarms(),
            on_audio_pause=lambda _slot: self.sound.pause(self._now_s),
        )
        panel.strip_shown = world is not None
        if world is not None:
            panel.strip.bind(
                on_pedal=lambda _strip, pressed: world({"pedal.pressed": pressed}),
                on_stop_loop=lambda _strip, closed: world({"stop_loop.closed": closed}),
            )

    def show(self, state: KioskState) -> None:
        """Show a turn's snapshot."""
        if look.theme.name != state.theme:
            look.choose(state.theme)
        if state.screen != self.shown:
            self.shown = state.screen
            self.screens[state.screen].entered()
            self.panel.show(self.screens[state.screen])
        self._now_s = state.now_s
        self.sound.update(state.now_s, state.alarms)
        self.panel.alarm_slot.audio_pause_s = ceil(self.sound.paused_s(state.now_s))
        self._show_surroundings(surroundings(state))
        self.alarm_sheet.show_alarms(state.alarms)
        self.screens[state.screen].update(state)

    def _show_surroundings(self, view: Surroundings) -> None:
        if view == self._surroundings:
            return
        self._surroundings = view
        panel, top, slot = self.panel, self.panel.top_bar, self.panel.alarm_slot
        top.patient, top.protocol, top.technician = view.patient, view.protocol, view.technician
        top.clock, top.link_age_s = view.clock, view.link_age_s
        slot.priority, slot.what, slot.to_do, slot.more = view.priority, view.what, view.to_do, view.more
        panel.simulated, panel.lock_shown, panel.asleep = view.simulated, view.lock_shown, view.asleep
        slot.can_pause = view.audible
        panel.strip.pedal_pressed, panel.strip.stop_loop_closed = view.pedal_pressed, view.stop_loop_closed

    # --- alarms -------------------------------------------------------------------------------------------

    def _open_alarms(self) -> None:
        self.panel.open_sheet(self.alarm_sheet)

    def _close_alarms(self) -> None:
        self.panel.close_sheet(self.alarm_sheet)
