"""Every word of a calibration's certificate, beside those that it shares with a session's report."""

from __future__ import annotations

from typing import Final

from tosca_kiosk.domain.calibrating.validation import State

TITLE: Final = "Calibration certificate"
SUBJECT: Final = "Judgement of a device's calibration; research use only"
NUMBER: Final = "Calibration {number} \u00b7 measured {day}"
FOOT: Final = "{serial} \u00b7 calibration {number} \u00b7 {maker}"
VERDICTS: Final = {
    State.IN_FORCE: "Passed, in force",
    State.WAITS: "Passed, awaits confirmation",
    State.FAILED: "Failed",
    State.REJECTED: "Rejected",
    State.OUT_OF_FORCE: "Passed, out of force",
}
UNKNOWN_STATE: Final = "Of unknown state"

KIND: Final = "Kind"
DEVICE: Final = "Device"
MEASURED: Final = "Measured"
MEASURED_SAID: Final = "{day}, by {who}"
DUE: Final = "Due"
DECIDED: Final = {True: "Confirmed", False: "Rejected"}
DECIDED_SAID: Final = "{at}, by {who}{reason}"
NOT_DECIDED: Final = "Decided"
NOBODY: Final = "by nobody yet"
PAPER: Final = "Certificate"
PAPER_SAID: Final = "{number}, {day}"
METER: Final = "Meter"
METER_SAID: Final = "{serial}, {wavelength:g} nm, range {range:g} {unit}"
METER_UNTIL: Final = "Calibrated until"
METER_UNCERTAIN: Final = "Uncertain by"
BROUGHT_IN: Final = "Brought in by"
K: Final = "{value:.3g} {unit} (k = {k:g})"

RESULT: Final = "Uncertainty of the result"
OF_ALLOWED: Final = "{value} {unit}, {allowed:g} {unit} allowed"
PARTS: Final = "k = {k:g}; meter {meter}, repeats {repeats}, curve {curve} {unit}"
MORE_FAILURES: Final = "and {count} more, told by tosca-kiosk calibrations show {number}"
ALL_PASSED: Final = "Spread, fit, held-back points and uncertainty are within their tolerances."

CURVE_HEADING: Final = "Points and fit"
AXES: Final = {
    "voltage_v": "Photodiode, V",
    "power_watts": "Power, W",
    "current_ma": "Current, mA",
    "actuator_position_um": "Stage, \u00b5m",
    "ring_size_mm": "Ring, mm",
}
UNITS: Final = {"power_watts": "W", "ring_size_mm": "mm"}
READINGS_KEY: Final = "readings"
CURVE_KEY: Final = "curve"
LINE_KEY: Final = "straight line"
RESIDUALS_AXIS: Final = "Departure, {unit}: dot from the line, cross of a held-back point from all others"
ALLOWED_LABEL: Final = "allowed"
LINE_SAID: Final = (
    "Straight line: {y} = {intercept:.5g} {sign} {slope:.5g} \u00b7 {x}; R\u00b2 = {r_squared:.5f}"
)
IN_USE: Final = (
    "A treatment under this calibration reads the curve of straight pieces between the points. What is "
    "commanded beyond them is refused; what is measured beyond them is read on the last piece, so that too "
    "much light is never hidden."
)
POINTS_HEADING: Final = "Points"
POINT_COLUMN: Final = "Point"
REPEATS_COLUMN: Final = "Repeats"
SPREAD_COLUMN: Final = "Spread"
RESIDUAL_COLUMN: Final = "From line"
HELD_BACK_COLUMN: Final = "Held back"
POINTS_NOTE: Final = (
    "Spread: the largest distance of a repeat from its point. Held back: the point's distance from what all "
    "other points predict. All in {y}."
)
DRIFT_HEADING: Final = "Drift"
NO_HISTORY: Final = "No earlier calibration of this device can be compared."
MOVED: Final = "Since calibration {number} of {day} it has moved by {by:+.2g} {unit}."
TREND: Final = "It moves by {per_year:+.2g} {unit} a year"
LEAVES: Final = "{trend}, and leaves the tolerance about {day} if that goes on."
NO_LEAVING: Final = "{trend}."
NO_TREND: Final = "The history shows no trend yet: none is forecast."
HOW_HEADING: Final = "How it was judged"
HOW: Final = (
    "Uncertainty by the Guide to the expression of uncertainty in measurement (JCGM 100:2008): U = k \u00b7 "
    "\u221a(meter\u00b2 + repeats\u00b2 + curve\u00b2) at the worst point of each. Meter: its stated "
    "uncertainty over k. Repeats: their standard deviation over the root of their number. Curve: the largest "
    "error of an inner point that was held back, over \u221a3. Per cent are of the reading, below a fifth of "
    "the highest one of that fifth."
)
FILE_HASH: Final = "Imported file, SHA-256"
SIGN_TECHNICIAN: Final = "Technician, date"
SIGN_SUPERVISOR: Final = "Supervisor, name and signature"
