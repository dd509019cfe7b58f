"""The treatment on the panel."""

from __future__ import annotations

from typing import Any

from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout, strong
from tosca_kiosk.kiosk.screens.treatment.guide import UiGuide
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.screens.treatment.picture import NO_PICTURE
from tosca_kiosk.kiosk.screens.treatment.primary import Primary
from tosca_kiosk.kiosk.screens.treatment.view_model import TreatmentView, view
from tosca_kiosk.kiosk.snapshot.picture import Picture
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.kiosk.widgets.action_bar import action
from tosca_kiosk.kiosk.widgets.confirm_sheet import UiConfirmSheet
from tosca_kiosk.kiosk.widgets.dose_bar import UiDoseBar
from tosca_kiosk.kiosk.widgets.hold_button import UiHoldButton
from tosca_kiosk.kiosk.widgets.lamp_grid import UiLampGrid
from tosca_kiosk.kiosk.widgets.live_picture import UiLivePicture
from tosca_kiosk.kiosk.widgets.row_list import ReadRow, UiRowList
from tosca_kiosk.kiosk.widgets.state_bar import UiStateBar
from tosca_kiosk.kiosk.widgets.trend import UiTrend
from tosca_kiosk.kiosk.widgets.value_tile import UiValueTile

WIDGETS = (UiDoseBar, UiGuide, UiLampGrid, UiLivePicture, UiStateBar, UiTrend, UiValueTile)
"""What the layout names."""
load_layout(__file__)
_TREND_EVERY_S = 0.05
_BACK_MM = 36
_AIMING_MM = 36
_AIMING = {True: "Aiming: on", False: "Aiming: off", None: "Aiming: --"}
_FOOT_MM = 30.0
"""Height of what stands below the picture: as many lines as the longest words need."""
_SLACK_S = 1e-6


class TreatmentScreen(KioskScreen):
    """State, power, time, dose, lamps, trend; PAUSE and the one large key that is next."""

    view = staticmethod(view)
    part: Treatment

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        part = self.part
        self._view: TreatmentView | None = None
        self._trend_s = 0.0
        self._picture: Picture | None = None
        self._parts = [strong(self.ids[name]) for name in ("picture", "trend", "guide")]
        self._back = action("Back", self._go_back, width_mm=_BACK_MM)
        self._pause = action("PAUSE", part.pause, acts_on="down", width_mm=_BACK_MM)
        self._earlier = UiRowList()
        self._primary = BoxLayout()
        self._key = action("", self._press_primary, kind="primary", width_mm=None)
        self._hold = UiHoldButton(text="HOLD TO ARM")
        self._hold.bind(
            on_begin=lambda _key: part.begin_arm(),
            on_complete=lambda _key: part.arm(),
            on_cancel=lambda _key, why: part.cancel_arm(),
        )
        self._aiming = action(_AIMING[None], part.switch_aiming, width_mm=_AIMING_MM)
        self.actions = [self._back, self._aiming, self._pause, self._primary]
        self._end_sheet = self._make_end_sheet()

    def _make_end_sheet(self) -> UiConfirmSheet:
        part = self.part
        sheet = UiConfirmSheet(
            title="End the session?",
            text="The protocol is not finished. The session ends as aborted; it cannot be continued.",
            confirm_text="END",
            danger=True,
            share=[0.74, 0.46],
        )
        sheet.bind(on_confirm=lambda _sheet: part.end(), on_cancel=lambda _sheet: part.ask_end(False))
        return sheet

    def entered(self) -> None:
        super().entered()
        self.ids.trend.clear()
        self._trend_s = -_TREND_EVERY_S

    def update(self, state: KioskState) -> None:
        super().update(state)
        self._show_picture(state)
        if state.now_s - self._trend_s < _TREND_EVERY_S - _SLACK_S:
            return
        self._trend_s = state.now_s
        live = state.live
        if live is None:
            self.ids.trend.add(state.now_s, None, None)
        else:
            self.ids.trend.add(live.mono_s, live.measured_w, live.set_w)

    def _show_picture(self, state: KioskState) -> None:
        picture = state.picture
        if picture is not None and self.ids.picture.live and picture is not self._picture:
            self._picture = picture
            self.ids.picture.show(picture.pixels)

    def show_view(self, view: TreatmentView) -> None:
        self._view = view
        ids = self.ids
        ids.state.state, ids.state.detail = view.state, view.state_detail
        ids.power.value, ids.power.details = view.power, view.power_details
        ids.remaining.value, ids.remaining.details = view.remaining, view.remaining_details
        ids.dose.dose_j, ids.dose.planned_j = view.dose_j, view.planned_j
        ids.lamps.lamps = view.lamps
        ids.trend.limit_w, ids.trend.top_w = view.limit_w, view.top_w
        ids.guide.text, ids.guide.detail = view.guide, view.guide_detail
        ids.guide.tone, ids.guide.share = view.guide_tone, view.guide_share
        ids.picture.live, ids.picture.rate = view.picture.live, view.picture.rate
        ids.picture.target, ids.picture.message = view.picture.target, NO_PICTURE
        self._earlier.rows = [ReadRow(*row) for row in view.earlier]
        self._arrange(view)
        self._show_actions(view)

    def _arrange(self, view: TreatmentView) -> None:
        """Put picture and words on the left; the trend takes the place of whichever is not needed.

        Earlier light stands above the words that tell or ask of it.
        """
        picture, trend, guide = self._parts
        below = trend if view.trend_shown else guide
        wanted = [picture, below] if view.picture.shown else [trend, guide]
        if view.earlier:
            wanted = [self._earlier, guide]
        left = self.ids.left
        if left.children[::-1] == wanted:
            return
        left.clear_widgets()
        for part in wanted:
            left.add_widget(part)
        for part in (trend, guide):
            part.size_hint_y = 1 if part is wanted[0] else None
            part.height = px(_FOOT_MM)

    def _show_actions(self, view: TreatmentView) -> None:
        self._back.text, self._back.disabled = view.back_text, not view.can_go_back
        self._pause.disabled = not view.can_pause
        self._aiming.text, self._aiming.disabled = _AIMING[view.aiming], view.aiming is None
        self._aiming.chosen = view.aiming is True
        wanted = self._hold if view.primary is Primary.ARM else self._key
        self._key.text = view.primary_text
        self._key.disabled = view.primary is Primary.NONE or not view.primary_enabled
        self._hold.disabled = not view.primary_enabled
        self._hold.text = view.primary_text
        if view.arm_hold_s is not None:
            self._hold.need_s = view.arm_hold_s
        self._hold.held_s = view.hold_s
        if self._primary.children != [wanted]:
            self._primary.clear_widgets()
            self._primary.add_widget(wanted)
        if view.asking_end:
            self.panel.open_sheet(self._end_sheet)
        else:
            self.panel.close_sheet(self._end_sheet)

    def _go_back(self) -> None:
        part = self.part
        if self._view is not None and self._view.primary is Primary.FINISH:
            part.end()
        elif self._view is not None and self._view.in_session:
            part.ask_end(True)
        else:
            part.leave()

    def _press_primary(self) -> None:
        part = self.part
        presses = {
            Primary.HOME: part.home_stage,
            Primary.CONFIRM_DOSE: part.open,
            Primary.RETRY: part.retry,
            Primary.FINISH: part.end,
            Primary.START_CONTROL: self.desk.start_control,
        }
        press = presses.get(Primary.NONE if self._view is None else self._view.primary)
        if press is not None:
            press()
