"""Every word of a report, in one place, so that another language is another one of these.

Templates are filled by `str.format`. The record's own words, such as the description of a fault, are shown as
they stand there.
"""

from __future__ import annotations

from typing import Final

from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.reports.light import Why

LANGUAGE: Final = "en"
TITLE: Final = "Treatment report"
SUBJECT: Final = "Record of a treatment session; research use only"
MAKER: Final = "TOSCA Kiosk"
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
UNKNOWN: Final = "not known"
NONE: Final = "\u2013"
NOTHING_SAID: Final = "nothing noted"

# --- every page ------------------------------------------------------------------------------------------

CART: Final = "Cart {cart}"
SESSION_OF: Final = "Session {number} \u00b7 {day} (UTC)"
SIMULATED: Final = "SIMULATED SESSION: made by simulated devices. No patient was treated."
ORIGIN_UNKNOWN: Final = (
    "ORIGIN NOT KNOWN: the record does not say whether real or simulated devices made this."
)
FOOT: Final = "{code} \u00b7 session {number} \u00b7 {maker}{software}"
SOFTWARE_OF_SESSION: Final = " {version}"
RESEARCH: Final = "Research use only, not a medical device. Times are UTC."
PAGE: Final = "Page {page} of {pages}"

# --- who ---------------------------------------------------------------------------------------------------

PATIENT: Final = "Patient"
BORN: Final = "{code}, born {year}"
SITE: Final = "Site"
IN_NOTES: Final = "see Site and notes"
TECHNICIAN: Final = "Technician"
USER: Final = "{name} ({username})"
BEGUN: Final = "Begun"
ENDED: Final = "Ended"
PROTOCOL: Final = "Protocol"
PLAN: Final = "Plan"
PLAN_SAID: Final = "{steps}, {length}, ring {ring}"
STEPS: Final = "{count} steps"
ONE_STEP: Final = "1 step"
SOFTWARE: Final = "Software"
LIMIT: Final = "Limit"
LIMIT_SAID: Final = "{limit}, dose {dose}"
PART: Final = "Part"
SECOND_OF: Final = "second part, after session {number}"
FIRST_OF: Final = "first part, finished by session {number}"
ALL_PARTS: Final = "All parts"
ALL_PARTS_SAID: Final = "{count} sessions, {given} of {planned}"

# --- verdict -----------------------------------------------------------------------------------------------

COMPLETED: Final = "Completed"
ENDED_EARLY: Final = "Ended early"
NO_LIGHT: Final = "Ended without light"
NOT_CONFIRMED: Final = "Light not confirmed ended"
LIGHT_UNKNOWN: Final = "Ended, light not known"
ALL_GIVEN: Final = "The plan was followed to its end."
REASON: Final = "{reason}."
REST: Final = "{time} and {energy} of the plan are left."
REST_UNKNOWN: Final = "How much of the plan is left is not known."
GIVEN: Final = "Energy that counts as dose"
OF_PLAN: Final = "{given} of {plan}"
AT_LEAST: Final = "at least {energy}"
SHARE: Final = "{share} of the plan in force"

# --- energies ----------------------------------------------------------------------------------------------

ENERGY: Final = "Energy, J"
PLAN_COLUMN: Final = "plan"
GIVEN_COLUMN: Final = "given"
SHARE_COLUMN: Final = "of plan"
BY_PHOTODIODE: Final = "Measured (photodiode)"
BY_CURRENT: Final = "Commanded (current)"
COUNTS: Final = "Counts as dose (larger)"
QUANTITY: Final = "Quantity"
MEASURED_COLUMN: Final = "measured"
LIGHT_ON: Final = "Light on"
MEAN_POWER: Final = "Mean power"
HIGHEST_POWER: Final = "Highest power"
RING: Final = "Ring, lowest to highest"
RANGE: Final = "{low} to {high} mm"
MM: Final = "{value} mm"
PLAN_AS_OPENED: Final = (
    "Before the deviations the plan was {energy}; the plan in force, with them, is the one above."
)

# --- course ------------------------------------------------------------------------------------------------

COURSE: Final = "Course of the session"
MEASURED_KEY: Final = "measured"
COMMANDED_KEY: Final = "commanded"
PLAN_KEY: Final = "plan"
GAP_KEY: Final = "no light"
POWER_AXIS: Final = "Power, W"
RING_AXIS: Final = "Ring, mm"
DOSE_AXIS: Final = "Energy, J"
INTERLOCKS_AXIS: Final = "Interlocks"
TIME_AXIS: Final = "Time from the session's begin, min:s, from an hour on h:min:s."
LIMIT_LABEL: Final = "limit {value}"
DOSE_LIMIT_LABEL: Final = "limit {value}"
PASSING: Final = "closed"
FAILED: Final = "failed"
MARKS_KEY: Final = (
    "Numbers lead to the table of events; where they would lie on each other some are left out."
)
BAR_KEY: Final = (
    "Interlocks: filled closed, hollow open by intent or for a moment that is allowed, "
    "hatched a fault or a warning, nothing where nothing is recorded."
)
NOTHING_MEASURED: Final = "Nothing is drawn where nothing was measured; each line shows every peak."
FROM_SAMPLES: Final = (
    "The curves are drawn from the samples that the record keeps, ten a second, and not from the journal "
    "({problem}): shorter peaks may be missing."
)
NO_COURSE: Final = "There was no light, and the cart was never armed: there is no course to draw."
COURSE_UNKNOWN: Final = "No course can be drawn: {why}."
NOTHING_LEFT: Final = "neither journal nor samples are left"
NOTHING_SHOWN: Final = "as far as the record goes there was no light, and the cart was never armed"
SUM_DIFFERS: Final = (
    "Summed up, the curve of the {which} energy ends at {summed}, the record counts {recorded}: what counts "
    "is the record."
)
MEASURED_WORD: Final = "measured"
COMMANDED_WORD: Final = "commanded"
LIMIT_UNKNOWN: Final = "The limit in force is not known: no journal tells it."
WHY: Final = {
    Why.BEFORE: "before the light",
    Why.NONE: "no light in this session",
    Why.RELEASED: "pedal released",
    Why.PAUSED: "paused",
    Why.FAULT: "fault",
    Why.RING: "ring moves",
    Why.FINISHED: "plan finished",
    Why.UNKNOWN: "light off",
    Why.UNCONFIRMED: "not confirmed ended",
    Why.NOT_KNOWN: "light not known",
    Why.UNBEGUN: "light whose begin is not recorded",
}
LAMPS: Final = {
    "footpedal": "Pedal",
    "e_stop": "Stop",
    "smoothing": "Smoothing",
    "board": "Board",
    "board_faults": "Board faults",
    "screen_stop": "Stop, screen",
    "photodiode": "Photodiode",
    "power_limit": "Power limit",
    "laser": "Laser",
    "tec": "Cooling",
    "stage": "Stage",
    "camera": "Camera",
    "session": "Session",
    "calibration": "Calibration",
    "kiosk": "Screen",
    "loop": "Control loop",
    "devices": "Devices",
    "journal": "Journal",
    "disk": "Disk",
    "others": "{count} others",
}

# --- protocol ----------------------------------------------------------------------------------------------

PROTOCOL_HEADING: Final = "Protocol and what was given of it"
STEP_COLUMN: Final = "Step"
LENGTH_COLUMN: Final = "Time"
POWER_COLUMN: Final = "Power, W"
SHAPE_COLUMN: Final = "Shape"
RING_COLUMN: Final = "Ring, mm"
ENERGY_COLUMN: Final = "Plan, J"
DONE_COLUMN: Final = "Given"
FROM_TO: Final = "{start} to {end}"
OVERRIDDEN: Final = "{step}, overridden"
SHAPES: Final = {
    RampType.CONSTANT: "constant",
    RampType.LINEAR: "even",
    RampType.LOGARITHMIC: "fast at first",
    RampType.EXPONENTIAL: "slow at first",
}
DONE_ALL: Final = "whole"
DONE_PART: Final = "{done} of {length}"
DONE_NOTHING: Final = "nothing"
NO_PLAN: Final = "The protocol is not known: the session's row holds none that can be read."

# --- notes -------------------------------------------------------------------------------------------------

NOTES_HEADING: Final = "Site and notes"
NOTES: Final = {
    "treatment_site": "Site",
    "treatment_notes": "Notes before",
    "post_treatment_notes": "Notes after",
}
AMENDED: Final = "amended {when} by {who}; reason: {reason}"

# --- events ------------------------------------------------------------------------------------------------

EVENTS_HEADING: Final = "Events"
TIME_COLUMN: Final = "Time"
WHAT_COLUMN: Final = "What"
VALUE_COLUMN: Final = "Value"
WHO_COLUMN: Final = "Who, why"
NO_EVENTS: Final = "The record holds no event of this session."
EVENTS: Final = {
    "laser_on": "light on",
    "laser_off": "light off",
    "power_set": "power set",
    "power_change": "power changed",
    "ring_size_set": "ring set",
    "ring_size_change": "ring changed",
    "protocol_step_start": "step {step} begins",
    "protocol_step_end": "step {step} ends",
    "pause": "paused",
    "resume": "goes on",
    "image_captured": "picture taken",
    "safety_warning": "warning",
    "safety_trigger": "fault",
    "user_action": "asked",
}
ACTIONS: Final = {
    "open_session": "session opened",
    "home_stage": "stage homed",
    "begin_arm": "arming begun",
    "cancel_arm": "arming let go",
    "arm": "armed",
    "disarm": "disarmed",
    "pause": "pause asked",
    "stop": "STOP pressed",
    "acknowledge": "fault reset asked",
    "close_session": "session closed",
    "run_self_test": "self-test asked",
    "aiming_on": "aiming beam on",
    "aiming_off": "aiming beam off",
    "confirm_key_off": "key off confirmed",
    "protocol_power_override": "power overridden",
    "protocol_ring_override": "ring overridden",
}
ASKED: Final = {
    "open_session": "opening the session",
    "home_stage": "homing the stage",
    "begin_arm": "beginning to arm",
    "cancel_arm": "letting go of arming",
    "arm": "arming",
    "pause": "pause",
    "stop": "STOP",
    "acknowledge": "fault reset",
    "close_session": "closing the session",
    "run_self_test": "self-test",
    "aiming_on": "aiming beam on",
    "aiming_off": "aiming beam off",
    "confirm_key_off": "confirming the key off",
    "protocol_power_override": "override of the power",
    "protocol_ring_override": "override of the ring",
    "select_station": "going to a station",
}
"""What was asked, where it was refused: nothing of it was done."""
RELEASED: Final = "pedal released, paused"
REFUSED: Final = "{what} refused: {why}"
CHANGED: Final = "{old} to {new}"
SO_FAR: Final = "{energy} measured so far"
MEASURED_OF: Final = "measured {measured}, expected {expected}"

# --- deviations and faults ---------------------------------------------------------------------------------

DEVIATIONS_HEADING: Final = "Deviations from the protocol"
QUIET_HEADING: Final = "What did not happen"
AS_FAR: Final = "{said}, as far as the record goes"
NO_DEVIATIONS: Final = "none: nothing of the plan was overridden"
FROM_COLUMN: Final = "From"
TO_COLUMN: Final = "To"
REASON_COLUMN: Final = "Reason"
FAULTS_HEADING: Final = "Faults, and who reset them"
NO_FAULTS: Final = "none"
FAULT_COLUMN: Final = "Fault"
SEVERITY_COLUMN: Final = "Severity"
RESET_COLUMN: Final = "Reset by"
RESET_AT_COLUMN: Final = "At"
NOT_RESET: Final = "not reset in this session"
NO_PIN: Final = "whoever stood at the cart (no PIN was asked)"
SAFETY_HEADING: Final = "Safety log of this session"
NO_SAFETY: Final = "no line"
SAID_COLUMN: Final = "What"
DID_COLUMN: Final = "Done"
RELEASES: Final = "releases of the pedal under light: {count}, each in the table of events"

# --- calibrations ------------------------------------------------------------------------------------------

CALIBRATIONS_HEADING: Final = "Calibrations used"
CALIBRATION_COLUMN: Final = "Kind, number"
DEVICE_COLUMN: Final = "Device"
MADE_COLUMN: Final = "Made"
DUE_COLUMN: Final = "Due"
DUE_AFTER_COLUMN: Final = "Due, after {days} days as set now"
CALIBRATION: Final = "{kind}, no. {number}"
CALIBRATIONS: Final = {
    "actuator_position_to_ring_size": "Ring (stage)",
    "photodiode_voltage_to_power": "Photodiode",
    "laser_power_verification": "Laser power",
    "camera_focus_calibration": "Camera focus",
    "ring_detection_calibration": "Ring detection",
}
NOT_IN_RECORD: Final = "{kind}, not in the record"
OVERDUE: Final = "{day}, overdue"
NO_CALIBRATIONS: Final = "Not known."

# --- loop, recordings, what is not known -------------------------------------------------------------------

LOOP_HEADING: Final = "Control loop"
WORST_LATE: Final = "Latest begin of a tick"
TICKS_LATE: Final = "Ticks, of them late over one period"
TICKS_SAID: Final = "{ticks}, {late}"
LATE_NONE: Final = "none late"
LATE_SOME: Final = "{count} late"
RECORDINGS_HEADING: Final = "Pictures and video"
KIND_COLUMN: Final = "Kind"
FILE_COLUMN: Final = "File"
SIZE_COLUMN: Final = "Size, bytes"
HASH_COLUMN: Final = "SHA-256"
RECORDING_KINDS: Final = {"video": "Video", "snapshot": "Picture", "focus_stack": "Focus stack"}
UNKNOWN_HEADING: Final = "Not known, and why"
JOURNAL_NEVER_TAKEN: Final = "no journal of this session was taken into the record"
U_JOURNAL: Final = "The journal is not used: {problem}."
U_CUT: Final = "The journal has no end: the program ended before the session was closed."
U_EVENTS: Final = "The events cannot be read: {why}"
U_ENERGY: Final = "Which energy counts as dose: the record does not tell all of this session's light."
U_TIMING: Final = "How punctual control was: no journal tells it."
U_CALIBRATIONS: Final = "Which calibrations were in force: {why}"
U_ODD: Final = "In the session's row, {odd}."
U_ODD_ROWS: Final = "{count} events of another program's hand that cannot be read."
U_PLAN: Final = (
    "The plan in force: nobody can say whether the plan was overridden; it is shown as it was opened."
)
U_SOFTWARE: Final = "The version of the software that treated: no journal tells it."

# --- anchor and signature ----------------------------------------------------------------------------------

PROOF_HEADING: Final = "Proof"
JOURNAL_HASH: Final = "Journal: {ticks} ticks, newest hash (SHA-256 chain)"
JOURNAL_HASH_UNKNOWN: Final = "Journal: no hash is recorded."
ANCHOR: Final = "Chain anchor of the record, link {link}, signed {made} UTC, covers all of this session"
TO_CHECK: Final = (
    "To check: save the line that the code holds, printed below in pieces that follow each other without "
    "a blank, as FILE, then run tosca-kiosk db check --anchor FILE. The record must go on from it."
)
NO_ANCHOR: Final = (
    "No anchor: no signature of the cart covers all of this session. Sign it with tosca-kiosk db anchor, "
    "then make the report anew."
)
SIGN_TECHNICIAN: Final = "Treating technician, date"
SIGN_DOCTOR: Final = "Responsible doctor, name and signature"
SIGN_DATE: Final = "Date"
