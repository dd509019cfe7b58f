"""The widgets of the screens: they draw the values they are given and say what was touched, nothing more.

All are usable from kv by class name. "= value" is the default. Colours are token names (`tokens.Theme`).
Events are bound as `widget.bind(on_tap=...)`; every handler gets the widget first. `disabled` is Kivy's own.
Sizes: give rows their height by `size_hint_y=None, height=mm(...)`; targets are never under 15 mm.

Text and surfaces
  UiText        text="", ink="text", size_mm=TEXT_MM, bold=False, halign="left", valign="middle",
                shorten=False (True: may be cut with ..., for names of any length), wraps=False
  UiCard        BoxLayout on a surface; paper="surface", outline="" (a token draws a border)
  UiChip        text, ink="text", paper="raised", mark=""       a small label on its own paper
  UiMark        mark="" (of marks.MARKS: tick cross unknown lock unlock laser pedal stop back up down left
                right shift space erase search plus minus audio muted person info refused dot), ink="text"
  UiNotice      text="" (shows nothing), tone="info" | "refused"    a line in place: what is wrong, what to do

Touch
  UiButton      text, mark="", kind="secondary" | "primary" | "danger" | "key", acts_on="up" | "down",
                chosen=False (outlined thick: a choice in force), size_mm=STRONG_MM
                on_tap()        acts_on="up": only where the finger is lifted inside
  UiChoice      options=(("key", "text"), ...), chosen="key";  on_choose(key)      two to five side by side
  UiStop        text="STOP"; the panel alone hit-tests it, see panel.UiPanel.on_stop
  UiHoldButton  text, need_s=1.5, size_mm=STRONG_MM,
                held_s=None (given: how long control has counted)
                on_begin()      finger down: ask control to start counting
                on_complete()   held_s reached need_s with the finger still down; once a hold
                on_cancel(why)  "released", "slid off", "second finger", "disabled" or cancel(why)'s
                cancel(why)     for an interlock change; also disabled=True cancels
  UiTextField   caption, value="", hint="", error="", secret=False, required=False
                on_edit()       tapped: open a UiKeyboard or UiNumberPad
  UiPinPad      length=6, message="", wait_s=0 (over 0: keys off, says how long)
                on_pin(pin)     when the last digit is in; the digits are forgotten before the event ends
                clear()
  UiPickList    rows=(Row(key, title, detail="", right="", disabled=False), ...), chosen=None,
                empty="Nothing here"
                on_pick(key)    pages by two big buttons; page=0; show_key(key) turns to a row's page
  UiListRow     title="", detail="", right_text="", chosen=False;  on_tap()
  UiRowList     rows=(ReadRow(title, detail="", mark=""), ...), empty="Nothing here"   to be read alone

What control says
  UiTopBar      patient="", protocol="", technician="", clock="", link_age_s=None, simulated=False
  UiAlarmSlot   priority="" | "low" | "medium" | "high", what="", to_do="", more=0, audio_pause_s=0,
                can_pause=True, has_sound=True (False: there is no device, and the key says so)
                on_tap()  on_audio_pause()        flashes by itself, from the moment the priority was set
  UiStateBar    state="standby" | "ready" | "emitting" | "paused" | "fault" | "stale", detail=""
  UiValueTile   caption, value="--", unit="", details=("", ...), ink="text", value_mm=VALUE_MM
  UiDoseBar     dose_j=None, planned_j=None
  UiLamp        text, state="good" | "bad" | "unknown"
  UiLampGrid    lamps=(("text", "good"), ...), columns=2
  UiLivePicture live=False, rate="", message="" (where it is not live), target=None (share of the width)
                show(pixels)    height x width, uint8
  UiTrend       window_s=20, limit_w=None, top_w=6
                add(time_s, measured_w, set_w)     None breaks the line;  clear()
  UiProfilePlot planned=((t_s, w), ...), measured=((t_s, w), ...), limit_w=None, marker_s=None
  UiStepper     steps=("Patient", ...), current=0
  UiActionBar   show(widgets)        left of STOP; the panel fills it from screen.actions or sheet.actions

Layers, inside the content area (panel.open_sheet(sheet), panel.close_sheet(sheet))
  UiSheet       title; body (a vertical box to fill); actions (widgets for the action bar); covers=False,
                share=[0.8, 0.9] (of the content area)
  UiConfirmSheet title, text, confirm_text, cancel_text="Back", danger=False;  on_confirm()  on_cancel()
  UiKeyboard    caption, value, max_length=40, check=None (text -> refusal or None),
                letters="upper" | "lower", accept_text="Done";  on_accept(text)  on_cancel()
  UiNumberPad   caption, unit, value=None, low, high, decimals=2, step=0.1,
                accept_text="Set";  on_accept(number)  on_cancel()

Simulated cart
  UiSimulatedBanner  text="SIMULATED"     part of the top bar while simulated
  UiSimulatedStrip   pedal_pressed=None, stop_loop_closed=None (given, by control)
                on_pedal(pressed)  on_stop_loop(closed)

The panel (`panel.UiPanel`) is the same on every screen:
  simulated=False, strip_shown=False, lock_shown=False, asleep=False
  top_bar, alarm_slot, strip, action_bar, stop
  show(screen)   screen: a widget; its attribute `actions` (widgets), where it has one, fills the action bar
  open_sheet(sheet)  close_sheet(sheet)  close_sheets()  lock(layer)  unlock()  locked
  attach(window)  detach()
  on_stop()      touch-down on STOP, under every layer, asleep and locked too
  on_activity()  any touch-down;  on_wake() the touch that ended asleep;  on_lock() the lock button
"""

from __future__ import annotations

from tosca_kiosk.kiosk.widgets.action_bar import UiActionBar
from tosca_kiosk.kiosk.widgets.alarm_slot import UiAlarmSlot
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.chip import UiChip
from tosca_kiosk.kiosk.widgets.choice import UiChoice
from tosca_kiosk.kiosk.widgets.confirm_sheet import UiConfirmSheet
from tosca_kiosk.kiosk.widgets.dose_bar import UiDoseBar
from tosca_kiosk.kiosk.widgets.hold_button import UiHoldButton
from tosca_kiosk.kiosk.widgets.keyboard import UiKeyboard
from tosca_kiosk.kiosk.widgets.lamp import UiLamp
from tosca_kiosk.kiosk.widgets.lamp_grid import UiLampGrid
from tosca_kiosk.kiosk.widgets.list_row import UiListRow
from tosca_kiosk.kiosk.widgets.live_picture import UiLivePicture
from tosca_kiosk.kiosk.widgets.mark import UiMark
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.number_pad import UiNumberPad
from tosca_kiosk.kiosk.widgets.pick_list import Row, UiPickList
from tosca_kiosk.kiosk.widgets.pin_pad import UiPinPad
from tosca_kiosk.kiosk.widgets.profile_plot import UiProfilePlot
from tosca_kiosk.kiosk.widgets.row_list import ReadRow, UiRowList
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.simulated_banner import UiSimulatedBanner
from tosca_kiosk.kiosk.widgets.simulated_strip import UiSimulatedStrip
from tosca_kiosk.kiosk.widgets.state_bar import UiStateBar
from tosca_kiosk.kiosk.widgets.stepper import UiStepper
from tosca_kiosk.kiosk.widgets.stop_button import UiStop
from tosca_kiosk.kiosk.widgets.text import UiText
from tosca_kiosk.kiosk.widgets.text_field import UiTextField
from tosca_kiosk.kiosk.widgets.top_bar import UiTopBar
from tosca_kiosk.kiosk.widgets.trend import UiTrend
from tosca_kiosk.kiosk.widgets.value_tile import UiValueTile

__all__ = [
    "ReadRow",
    "Row",
    "UiActionBar",
    "UiAlarmSlot",
    "UiButton",
    "UiCard",
    "UiChip",
    "UiChoice",
    "UiConfirmSheet",
    "UiDoseBar",
    "UiHoldButton",
    "UiKeyboard",
    "UiLamp",
    "UiLampGrid",
    "UiListRow",
    "UiLivePicture",
    "UiMark",
    "UiNotice",
    "UiNumberPad",
    "UiPickList",
    "UiPinPad",
    "UiProfilePlot",
    "UiRowList",
    "UiSheet",
    "UiSimulatedBanner",
    "UiSimulatedStrip",
    "UiStateBar",
    "UiStepper",
    "UiStop",
    "UiText",
    "UiTextField",
    "UiTopBar",
    "UiTrend",
    "UiValueTile",
]
