"""The frame with the screen of the moment in it: from a snapshot to widgets, and from touches to wishes."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from tosca_kiosk.kiosk.alarm_sheet import AlarmSheet
from tosca_kiosk.kiosk.chrome import Chrome, chrome
from tosca_kiosk.kiosk.frame import UiFrame
from tosca_kiosk.kiosk.look import look
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.screens.all_screens import make_screens
from tosca_kiosk.kiosk.sound import AlarmSound
from tosca_kiosk.kiosk.state import KioskState, ScreenName


class Shell:
    """world: takes the simulated cart's inputs (`{"pedal.pressed": true}`), None where there is none."""

    def __init__(
        self, presenter: Presenter, world: Callable[[dict[str, Any]], object] | None, sound: AlarmSound
    ) -> None:
        self.presenter = presenter
        self.sound = sound
        self.frame = UiFrame()
        self.screens = make_screens(presenter, self.frame)
        self.alarm_sheet = AlarmSheet(
            self._close_alarms, presenter.acknowledge_alarms, presenter.start_control
        )
        self.shown: ScreenName | None = None
        self._chrome: Chrome | None = None
        self._now_s = 0.0
        self.frame.alarm_slot.has_sound = sound.ready
        self._bind(world)

    def _bind(self, world: Callable[[dict[str, Any]], object] | None) -> None:
        frame, presenter = self.frame, self.presenter
        frame.bind(
            on_stop=lambda _frame: presenter.stop(),
            on_activity=lambda _frame: presenter.touched(),
            on_lock=lambda _frame: presenter.lock(),
        )
        frame.alarm_slot.bind(
            on_tap=lambda _slot: self._open_alarms(),
            on_audio_pause=lambda _slot: self.sound.pause(self._now_s),
        )
        frame.strip_shown = world is not None
        if world is not None:
            frame.strip.bind(
                on_pedal=lambda _strip, pressed: world({"pedal.pressed": pressed}),
                on_stop_loop=lambda _strip, closed: world({"stop_loop.closed": closed}),
            )

    def show(self, state: KioskState) -> None:
        """Show a frame's snapshot."""
        if look.theme.name != state.theme:
            look.choose(state.theme)
        if state.screen is not self.shown:
            self.shown = state.screen
            self.screens[state.screen].entered()
            self.frame.show(self.screens[state.screen])
        self._now_s = state.now_s
        self.sound.update(state.now_s, state.alarms)
        self.frame.alarm_slot.audio_pause_s = ceil(self.sound.paused_s(state.now_s))
        self._show_chrome(chrome(state))
        self.alarm_sheet.show_alarms(state.alarms)
        self.screens[state.screen].update(state)

    def _show_chrome(self, view: Chrome) -> None:
        if view == self._chrome:
            return
        self._chrome = view
        frame, top, slot = self.frame, self.frame.top_bar, self.frame.alarm_slot
        top.patient, top.protocol, top.technician = view.patient, view.protocol, view.technician
        top.clock, top.link_age_s = view.clock, view.link_age_s
        slot.priority, slot.what, slot.to_do, slot.more = view.priority, view.what, view.to_do, view.more
        frame.simulated, frame.lock_shown, frame.asleep = view.simulated, view.lock_shown, view.asleep
        slot.can_pause = view.audible
        frame.strip.pedal_pressed, frame.strip.stop_loop_closed = view.pedal_pressed, view.stop_loop_closed

    # --- alarms -------------------------------------------------------------------------------------------

    def _open_alarms(self) -> None:
        self.frame.open_sheet(self.alarm_sheet)

    def _close_alarms(self) -> None:
        self.frame.close_sheet(self.alarm_sheet)
