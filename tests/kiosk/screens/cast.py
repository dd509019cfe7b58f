"""Who and what the kiosk's snapshots are made of: one cast of people, protocols, sessions and states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from tosca_kiosk.domain.interlocks import LAMPS
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.kiosk.alarms.alarm import Alarm
from tosca_kiosk.kiosk.alarms.conditions import (
    of_interlock,
)
from tosca_kiosk.kiosk.screens.fault.form import FaultForm
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm
from tosca_kiosk.kiosk.screens.protocols.form import ProtocolsForm
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm
from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.kiosk.services.history import LogRow, Plot, PlottedResult
from tosca_kiosk.kiosk.services.people import FoundPatients
from tosca_kiosk.kiosk.services.plans import ListedProtocol, Listing
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.kiosk.snapshot.picture import Picture
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.link.telemetry import SelfTestShown, Telemetry
from tosca_kiosk.session import EarlierDose, EarlierSession, SessionResult
from tosca_kiosk.session.happenings import Happenings
from tosca_kiosk.session.session_result import Proof
from tosca_kiosk.storage.energies import UNKNOWN, Energies
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.session_parts import Parts
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import Role, User

NOW_S = 1000.0
TIME = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def user(tech_id, username, full_name, role):
    return User(tech_id, username, full_name, role, TIME, TIME, True, True, None)


JANE = user(2, "jane.doe", "Jane Doe", Role.TECHNICIAN)
JOHN = user(3, "john.smith", "John Smith", Role.SUPERVISOR)
ADMIN = user(1, "admin", "System Administrator", Role.ADMIN)
EVE = user(4, "eve", "Eve", Role.ADMIN)
ACCOUNTS = Accounts((JANE, JOHN, ADMIN), False)
TWO_ADMINS = Accounts((JANE, JOHN, ADMIN, EVE), False)


def patient(number, notes=""):
    return Patient(number, f"P-2026-{number:04d}", None, None, TIME, 2, None, notes, True)


PATIENT = patient(41, "left cheek")
PATIENTS = (PATIENT, patient(40, "forehead, second visit of three"), *(patient(at) for at in range(9, 0, -1)))

RAMP = Protocol(
    "Warm-up, treatment, cool-down",
    "Rises to 8 W, holds it for a minute on a wider ring and falls again.",
    (
        Step(1, 30.0, 2.0, 8.0, 3.0, RampType.LINEAR),
        Step(2, 60.0, 8.0, 8.0, 3.5, RampType.CONSTANT),
        Step(3, 20.0, 8.0, 2.0, 3.0, RampType.LOGARITHMIC),
    ),
)
GENTLE = Protocol("Gentle", "5 W for one minute.", (Step(1, 60.0, 5.0, 5.0, 3.0, RampType.CONSTANT),))
LISTED = (
    ListedProtocol(GENTLE.name, GENTLE.description, GENTLE, None, 9.49),
    ListedProtocol(RAMP.name, RAMP.description, RAMP, None, 9.49),
    ListedProtocol(
        "Too strong",
        "Over this cart's limit.",
        GENTLE,
        "Step 1: power at its end 12.0 is over 10.0 W (the cart's limit)",
        None,
    ),
    ListedProtocol("Broken", "", None, "The steps are missing", None),
)

SESSION = Session(
    7, 41, 2, 1, TIME, None, None, "in_progress", None, None, None, RAMP.name, None, "data/sessions/7",
    None, None, None, None, None, None, TIME,
)  # fmt: skip
FINISHED = replace(
    SESSION,
    status="completed",
    end_time=TIME,
    duration_seconds=140,
    total_laser_on_time_seconds=110.02,
    avg_power_watts=6.71,
    max_power_watts=8.06,
    total_energy_joules=738.2,
)
ABORTED = replace(
    FINISHED,
    status="aborted",
    abort_reason="e_stop_pressed: The emergency stop is pressed or its wire is open. Turn the red button.",
)


def plot(scale=1.0):
    times = [at * 0.2 for at in range(600)]
    powers = [RAMP.power_w(max(0.0, at_s - 5.0)) for at_s in times]
    return Plot(tuple(times), tuple(powers), tuple(power * scale for power in powers))


def telemetry(**changes):
    """Return a healthy cart at rest, with changes."""
    values = {
        "tick": 100, "mono_s": NOW_S - 0.01, "session_time_s": 42.0, "session_id": None, "phase": "idle",
        "beam": "dark", "finished": False, "simulated": True, "devices": (),
        "lamps": dict.fromkeys(LAMPS, True), "refusals": (), "faults": (), "standing": (), "warnings": (),
        "hold_s": None, "measured_w": 0.0, "set_w": 0.0, "power_limit_w": None, "elapsed_s": 0.0,
        "remaining_s": None, "step_index": 0, "steps": 0, "dose_j": 0.0, "planned_j": None,
        "ring_size_mm": 3.0, "ring_target_mm": None, "stage_homed": True, "stage_searching": False,
        "tec_c": 25.0, "tec_setpoint_c": 25.0, "pedal_pressed": False, "stop_loop_closed": True,
        "gate_closed": False, "aiming": False, "self_test": SelfTestShown(1, None, 39), "session_open": False,
    }  # fmt: skip
    return Telemetry(**{**values, **changes})


def in_session(**changes):
    """Return a cart with an open session, ready."""
    opened = {
        "session_id": 7, "phase": "ready", "power_limit_w": 9.49, "remaining_s": 110.0, "steps": 3,
        "planned_j": RAMP.planned_energy_j, "ring_target_mm": 3.0, "session_open": True,
    }  # fmt: skip
    return telemetry(**{**opened, **changes})


def changed(scene, *forms, **changes):
    """Return the scene with these forms in hand, and with changes."""
    return replace(scene, forms={**scene.forms, **{type(form): form for form in forms}}, **changes)


def alarm(condition, **changes):
    return replace(Alarm(*condition, since_s=NOW_S - 3.0), **changes)


BASE = KioskState(
    now_s=NOW_S,
    wall_clock="09:26:53",
    screen="login",
    theme="dark",
    telemetry=telemetry(),
    control=True,
    user=None,
    patient=None,
    protocol=None,
    session=None,
    alarms=(),
    record_problem=None,
    simulated=True,
    accounts=ACCOUNTS,
)
SIGNED_IN = replace(BASE, user=JANE, screen="patients")
FOUND = FoundPatients("", PATIENTS, "P-2026-0042")
TREATING = replace(
    SIGNED_IN,
    screen="treatment",
    patient=PATIENT,
    protocol=RAMP,
    session=SESSION,
    telemetry=in_session(),
    course=Course(opening=Opening.OPEN),
)
GONE = "Do not treat. Restart the kiosk or call service: /data/laser_control.db is gone or was replaced."


def picture(age_s=0.04, rate_hz=30.0):
    """Return a ring of 3 mm on tissue, as the camera sees it: 13.8 um a pixel, reduced by two."""
    rows, columns = np.mgrid[0:272, 0:364]
    from_ring = np.hypot(rows - 133, columns - 186) - 1500.0 / (2 * SCALE_UM)
    tissue = 70 + 12 * np.sin(rows / 31) * np.cos(columns / 43)
    level = tissue + 160 * np.exp(-((from_ring / 9.0) ** 2))
    return Picture(1200, NOW_S - age_s, rate_hz, 728, level.astype(np.uint8))


SCALE_UM = 13.8


def with_camera(scene, **changes):
    values = {"camera": True, "picture": picture(), "picture_um_per_px": SCALE_UM}
    return replace(scene, **{**values, **changes})


def treating(course=None, **changes):
    return replace(TREATING, telemetry=in_session(**changes), course=course or TREATING.course)


def fault(*sources, signed_in=JANE, form=None, **changes):
    row = of_interlock(sources[0])
    return changed(
        TREATING,
        form or FaultForm(),
        screen="fault",
        user=signed_in,
        telemetry=in_session(phase="fault", faults=sources, elapsed_s=12.0, dose_j=45.2, **changes),
        alarms=tuple(alarm(of_interlock(source)) for source in sources) or (alarm(row),),
    )


def key_off(in_s, form=None):
    return changed(
        fault("light_while_off", standing=("light_while_off",), measured_w=4.98, key_off_in_s=in_s),
        form or KeyOffForm(),
        screen="key_off",
    )


def protocols(chosen, **changes):
    form = ProtocolsForm(listing=Listing(LISTED, None), chosen=chosen)
    plan = None if chosen is None or chosen.refused else chosen.plan
    return changed(
        SIGNED_IN,
        form,
        screen="protocols",
        patient=PATIENT,
        protocol=plan,
        **changes,
    )


def earlier(number, status, energies, reason=None):
    return EarlierSession(number, TIME, status, energies, reason)


EARLIER = EarlierDose(
    (
        earlier(19, "completed", Energies(1234.5, 1236.1, 1236.1)),
        earlier(18, "aborted", Energies(0.0, 1.6, 1.6)),
        earlier(17, "in_progress", UNKNOWN),
        earlier(12, "aborted", Energies(12.3, None, 12.3)),
        earlier(11, "completed", Energies(300.1, 299.2, 300.1)),
    )
)
"""Light of one day, as much of it as ever stands on the screen."""

NOT_CONFIRMED = earlier(
    20,
    "aborted",
    Energies(1738.2, 1737.9, None),
    "light not confirmed ended; laser_stale: The laser is silent.",
)


AS_COMMANDED = Energies(738.2, 737.9, 738.2)


def summary(session, scale=1.0, energies=AS_COMMANDED, **changes):
    result = SessionResult(
        session=session,
        patient_code="P-2026-0041",
        technician=JANE,
        plan=RAMP,
        given=energies,
        timing=None,
        parts=Parts(),
        amendments=(),
        happened=Happenings(safety_events=3),
        recordings=(),
        calibrations=(),
        proof=Proof(),
    )
    return changed(
        SIGNED_IN,
        SummaryForm(result=PlottedResult(result, plot(scale))),
        screen="summary",
        patient=PATIENT,
        **changes,
    )


LOG = tuple(
    LogRow(
        number,
        TIME,
        severity,
        "interlock_failure",
        text,
        7,
        "Jane Doe",
        "laser_shutdown",
    )
    for number, (severity, text) in enumerate(
        [
            ("info", "Gone: The emergency stop is pressed or its wire is open."),
            ("emergency", "The emergency stop is pressed or its wire is open. Turn the red button."),
            ("warning", "A wrong PIN for jane.doe."),
            ("critical", "Measured power is far under the set power. Check the fibre."),
            ("info", "The treatment was paused."),
        ],
        start=1,
    )
)

FIRST = replace(BASE, screen="first_start", accounts=Accounts((), True))
