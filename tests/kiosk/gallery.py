"""Every widget as it is met on the screens: what to draw, and how large in millimetres."""

import math

import numpy as np
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, SPACING_MM
from tosca_kiosk.kiosk.panel.panel import UiPanel
from tosca_kiosk.kiosk.widgets.marks import MARKS
from tosca_kiosk.kiosk.widgets.painted import OnPlate
from tosca_kiosk.kiosk.widgets.text_field import FIELD_MM

MARGIN_MM = 2.0


class Ground(OnPlate, FloatLayout):
    """The window's ground behind a single widget."""

    def __init__(self, widget, paper):
        super().__init__(paper=paper)
        self._widget = widget
        self.add_widget(widget)

    def paint(self):
        super().paint()
        margin = px(MARGIN_MM)
        self._widget.size_hint = (None, None)
        self._widget.pos = (self.x + margin, self.y + margin)
        if not isinstance(self._widget, ui.UiChip):
            self._widget.size = (self.width - 2 * margin, self.height - 2 * margin)


def row(*widgets, **settings):
    settings.setdefault("spacing", px(GAP_MM))
    box = BoxLayout(**settings)
    for widget in widgets:
        box.add_widget(widget)
    return box


def column(*widgets, **settings):
    return row(*widgets, orientation="vertical", **settings)


def buttons():
    return column(
        row(ui.UiButton(text="Back", mark="back"), ui.UiButton(text="New patient", mark="plus")),
        row(ui.UiButton(text="Start session", kind="primary"), ui.UiButton(text="Delete", kind="danger")),
        row(ui.UiButton(text="Off", disabled=True), ui.UiButton(text="Chosen", chosen=True)),
        row(ui.UiButton(mark="up"), ui.UiButton(text="PAUSE", kind="primary", disabled=True)),
    )


def held(held_s):
    button = ui.UiHoldButton(text="HOLD 1.5 s TO ARM")
    button._touch, button.holding, button.held_s = None, True, held_s
    return button


def trend():
    chart = ui.UiTrend(limit_w=5.5, top_w=6)
    for at in range(400):
        time_s = at / 20
        emitting = time_s > 8
        measured_w = 4.5 + 0.1 * math.sin(3 * time_s) if emitting else 0.0
        chart.add(time_s, None if 14 < time_s < 15 else measured_w, 4.5 if emitting else 0.0)
    return chart


def live_picture(live=True, rate="LIVE 30 fps", **settings):
    picture = ui.UiLivePicture(live=live, message="NO LIVE IMAGE", rate=rate, **settings)
    rows, columns = np.mgrid[0:272, 0:364]
    picture.show((60 + 120 * rows / 272 + 60 * columns / 364).astype(np.uint8))
    return picture


PLAN = ((0, 0), (0, 2.0), (4, 2.0), (12, 5.0), (12, 3.0), (20, 3.0), (20, 0))


def profile(measured=True):
    found = [(at / 10, 2 + 0.05 * math.sin(at)) for at in range(1, 60)] if measured else []
    return ui.UiProfilePlot(planned=PLAN, measured=found, limit_w=6.0, marker_s=6.0 if measured else None)


def lamps():
    names = ("Board", "Stop loop", "Pedal", "Smoothing", "Photodiode", "Laser", "Temperature", "Stage")
    states = ("good", "good", "unknown", "good", "good", "bad", "good", "good")
    return ui.UiLampGrid(lamps=[*zip(names, states, strict=True)])


def patients(count=9):
    rows = [ui.Row(at, f"P-{at:04d}", f"born 19{40 + at}, right eye", "2 sessions") for at in range(count)]
    return ui.UiPickList(rows=rows, chosen=1)


def read_rows():
    rows = (
        ui.ReadRow("A wrong PIN for jane.doe.", "warning, 2026-03-14 09:26:53", "refused"),
        ui.ReadRow("The treatment was paused.", "info, 2026-03-14 09:21:07, session 7", "info"),
    )
    return ui.UiRowList(rows=rows)


def strip(**settings):
    return ui.UiSimulatedStrip(**settings)


def alarm(priority, **settings):
    words = {"what": "Stop loop opened: light is off", "to_do": "Release the red button, then reset."}
    return ui.UiAlarmSlot(priority=priority, **words, **settings)


def texts():
    return column(
        ui.UiText(text="Running text"),
        ui.UiText(text="Quieter text", ink="text2"),
        ui.UiText(text="Bold text", bold=True),
        ui.UiText(text="A name much too long for its place is shortened at its end", shorten=True),
        ui.UiNotice(text="P-0042 is already used", tone="refused"),
        ui.UiNotice(text="Codes look like P-0042."),
        spacing=0,
    )


def choice():
    return ui.UiChoice(
        options=(("technician", "Technician"), ("supervisor", "Supervisor")), chosen="technician"
    )


def field(**settings):
    return ui.UiTextField(caption="Patient code", **settings)


def tile(**settings):
    return ui.UiValueTile(caption="POWER measured", unit="W", details=("set 4.50  limit 6.00 W",), **settings)


def top_bar(**settings):
    shown = {"patient": "P-0042", "protocol": "Ring-3 ramp", "technician": "M. Ortiz", "clock": "09:40:24"}
    return ui.UiTopBar(**{**shown, **settings})


def chips():
    chips = row(ui.UiChip(text="SIMULATED", ink="on_sim", paper="sim"), ui.UiChip(text="Homed", mark="tick"))
    chips.add_widget(Widget())
    return chips


def marks():
    return row(*[ui.UiMark(mark=name) for name in MARKS if name], spacing=px(SPACING_MM))


WIDGETS = {
    "alarm_none": (ui.UiAlarmSlot, 200, 15),
    "alarm_high": (lambda: alarm("high", more=2), 200, 15),
    "alarm_medium": (lambda: alarm("medium", audio_pause_s=94), 200, 15),
    "alarm_low": (lambda: alarm("low"), 200, 15),
    "buttons": (buttons, 100, 90),
    "chips": (chips, 90, 9),
    "choice": (choice, 100, 16),
    "dose_bar": (lambda: ui.UiDoseBar(dose_j=950, planned_j=2400), 100, 14),
    "dose_bar_unknown": (ui.UiDoseBar, 100, 14),
    "field": (lambda: field(value="P-0042"), 90, FIELD_MM),
    "field_empty": (lambda: field(hint="P-0001", required=True), 90, FIELD_MM),
    "field_refused": (lambda: field(value="0042", error="A code looks like P-0042."), 90, FIELD_MM),
    "field_secret": (lambda: field(value="123456", secret=True), 90, FIELD_MM),
    "hold": (lambda: ui.UiHoldButton(text="HOLD 1.5 s TO ARM"), 80, 20),
    "hold_begun": (lambda: held(None), 80, 20),
    "hold_half": (lambda: held(0.9), 80, 20),
    "hold_off": (lambda: ui.UiHoldButton(text="HOLD 1.5 s TO ARM", disabled=True), 80, 20),
    "lamps": (lamps, 108, 30),
    "live_picture": (lambda: live_picture(target=0.33), 82, 50),
    "live_picture_lost": (lambda: live_picture(live=False), 82, 50),
    "live_picture_plain": (lambda: live_picture(rate=""), 50, 50),
    "marks": (marks, 205, 8),
    "number_pad": (lambda: ui.UiNumberPad(caption="Power", unit="W", value=4.5, low=0.1, high=6), 184, 80.5),
    "keyboard": (lambda: ui.UiKeyboard(caption="Patient code", value="P-0042"), 184, 80.5),
    "confirm": (
        lambda: ui.UiConfirmSheet(title="Home the stage?", text="It moves to its index. Keep hands away."),
        184,
        80.5,
    ),
    "pick_list": (patients, 120, 80.5),
    "pick_list_short": (lambda: patients(2), 120, 60),
    "pick_list_empty": (lambda: ui.UiPickList(empty="No patient of that name"), 120, 60),
    "alarm_no_sound": (lambda: alarm("high", has_sound=False), 200, 15),
    "row_list": (read_rows, 150, 46),
    "pin_pad": (lambda: ui.UiPinPad(message="PIN of M. Ortiz", count=2), 120, 80.5),
    "pin_pad_waits": (lambda: ui.UiPinPad(message="That PIN is wrong.", wait_s=8), 120, 80.5),
    "profile": (profile, 120, 60),
    "profile_plan": (lambda: profile(measured=False), 90, 50),
    "state_standby": (lambda: ui.UiStateBar(state="standby"), 108, 10),
    "state_ready": (lambda: ui.UiStateBar(state="ready", detail="press the pedal"), 108, 10),
    "state_emitting": (lambda: ui.UiStateBar(state="emitting"), 108, 10),
    "state_paused": (lambda: ui.UiStateBar(state="paused"), 108, 10),
    "state_fault": (lambda: ui.UiStateBar(state="fault", detail="emission off"), 108, 10),
    "state_stale": (lambda: ui.UiStateBar(state="stale"), 108, 10),
    "stepper": (lambda: ui.UiStepper(current=2), 200, 8),
    "stop": (ui.UiStop, 34, 20),
    "strip": (lambda: strip(pedal_pressed=False, stop_loop_closed=True), 30, 80.5),
    "strip_pressed": (lambda: strip(pedal_pressed=True, stop_loop_closed=False), 30, 80.5),
    "texts": (texts, 90, 44),
    "tile": (lambda: tile(value="4.47", ink="measured"), 53, 28),
    "tile_unknown": (tile, 53, 28),
    "top_bar": (lambda: top_bar(simulated=True, link_age_s=0.02), 212, 9.5),
    "top_bar_no_link": (top_bar, 212, 9.5),
    "trend": (trend, 100, 60),
}
"""Name: how it is made, width and height in mm."""

ON_SURFACE = {"texts"}


def put_up(stage, name, theme):
    """Show one widget on its ground; return the ground, sized to hold it."""
    make, width_mm, height_mm = WIDGETS[name]
    size = (px(width_mm) + 2 * px(MARGIN_MM), px(height_mm) + 2 * px(MARGIN_MM))
    widget = make()
    ground = stage.show(Ground(widget, "surface" if name in ON_SURFACE else "bg"), size, theme)
    stage.turn(3)
    return ground, widget


def cut_out(stage, ground):
    """Return the picture of the ground alone."""
    picture = stage.picture()
    return picture[picture.shape[0] - int(ground.height) :, : int(ground.width)]


def in_panel(stage, theme="dark"):
    """Return a panel attached to the window, as the application does."""
    panel = UiPanel(simulated=True, strip_shown=True)
    stage.show(panel, theme=theme)
    stage.window.remove_widget(panel)
    panel.attach(stage.window)
    stage.turn(3)
    return panel
