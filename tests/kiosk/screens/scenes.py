"""Snapshots as the kiosk meets them: every screen in the states that matter."""

from __future__ import annotations

from dataclasses import replace
from math import sin

from tests.kiosk.screens.cast import (
    ABORTED,
    ADMIN,
    BASE,
    EARLIER,
    FINISHED,
    FIRST,
    FOUND,
    GONE,
    JANE,
    JOHN,
    LISTED,
    LOG,
    NOT_CONFIRMED,
    NOW_S,
    PATIENT,
    SIGNED_IN,
    TREATING,
    TWO_ADMINS,
    alarm,
    changed,
    fault,
    in_session,
    key_off,
    picture,
    protocols,
    summary,
    telemetry,
    treating,
    with_camera,
)
from tosca_kiosk.domain.interlocks import LAMPS
from tosca_kiosk.domain.pin_rules import WEAK_PIN
from tosca_kiosk.kiosk.alarms.conditions import (
    OWN,
    STALE_DATA,
    calibration_overdue,
    control_lost,
    of_interlock,
    record_problem,
)
from tosca_kiosk.kiosk.screens.fault.form import FaultForm
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm, SetUpStep
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.screens.patients.form import PatientsForm
from tosca_kiosk.kiosk.screens.safety_log.form import SafetyLogForm
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm
from tosca_kiosk.kiosk.screens.treatment.form import TreatmentForm
from tosca_kiosk.kiosk.services.people import FoundPatients
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.link.telemetry import SelfTestShown
from tosca_kiosk.session import EarlierDose
from tosca_kiosk.storage.energies import Energies

SCENES = {
    "first_start_admin": FIRST,
    "first_start_differ": changed(FIRST, FirstStartForm(refused="The two PINs differ. Type it again.")
    ),
    "first_start_weak_pin": changed(FIRST, FirstStartForm(refused=f"{WEAK_PIN[0].upper()}{WEAK_PIN[1:]}.")),
    "first_start_name": changed(FIRST, FirstStartForm(SetUpStep.NAME, "Jane Doe")),
    "first_start_fault": replace(
        FIRST,
        telemetry=telemetry(phase="fault", faults=("screen",)),
        alarms=(alarm(of_interlock("screen")),),
    ),
    "first_start_pin": changed(FIRST, FirstStartForm(SetUpStep.PIN, "Jane Doe")),
    "login": BASE,
    "login_pin": changed(BASE, LoginForm(chosen=JANE)),
    "login_wrong": changed(
        BASE,
        LoginForm(
            chosen=ADMIN, refused="3 wrong PINs in a row.", retry_at_s=NOW_S + 14.2
        ),
    ),
    "login_locked": changed(
        BASE,
        LoginForm(chosen=ADMIN, refused="5 wrong PINs in a row.", retry_at_s=NOW_S + 299.2),
        accounts=TWO_ADMINS,
    ),
    "login_unlocking": changed(BASE, LoginForm(unlocking=ADMIN), accounts=TWO_ADMINS),
    "login_no_record": replace(
        BASE, accounts=None, record_problem=GONE, alarms=(alarm(record_problem(GONE)),)
    ),
    "patients": changed(SIGNED_IN, PatientsForm(found=FOUND), patient=PATIENT),
    "patients_weak_pin": changed(SIGNED_IN, PatientsForm(found=FOUND), weak_pin=True),
    "patients_none_found": changed(
        SIGNED_IN, PatientsForm(found=FoundPatients("ZZ", (), "P-2026-0042"), query="ZZ")
    ),
    "patients_no_record": changed(
        SIGNED_IN, PatientsForm(), record_problem=GONE, alarms=(alarm(record_problem(GONE)),)
    ),
    "patient_new": changed(
        SIGNED_IN, PatientsForm(found=FOUND, creating=True, code="P-2026-0042", notes="chin")
    ),
    "patient_refused": changed(
        SIGNED_IN,
        PatientsForm(
            found=FOUND,
            creating=True,
            code="P-2026-0041",
            refused="patient code P-2026-0041 is in use; choose another or leave it out",
        ),
    ),
    "protocols": protocols(None),
    "protocol_chosen": protocols(LISTED[1]),
    "protocol_refused": protocols(LISTED[2]),
    "protocol_broken": protocols(LISTED[3]),
    "treatment_home": treating(
        Course(), session_id=None, phase="idle", stage_homed=False, ring_size_mm=None,
        power_limit_w=None, lamps=dict.fromkeys(LAMPS, True) | {"stage": False},
    ),
    "treatment_testing": treating(
        Course(tested_after=0), session_id=None, phase="idle", power_limit_w=None,
        self_test=SelfTestShown(1, "The test is under way.", 39, 12, "watching with the motor on"),
    ),
    "treatment_test_failed": treating(
        Course(
            refused="board: vibration with motor. Check the motor's mounting and cable. (+2 more)"
        ),
        session_id=None, phase="idle", power_limit_w=None,
    ),
    "treatment_overdue": replace(
        treating(Course(opening=Opening.OPEN, overdue=True), aiming=True),
        alarms=(alarm(calibration_overdue(("The ring calibration of 2025-01-31 is 412 days old.",))),),
    ),
    "treatment_preparing": treating(Course(opening=Opening.PREPARING), session_id=None, phase="idle"),
    "treatment_backing_up": treating(
        Course(opening=Opening.BACKING_UP, backed_up=0.43), session_id=None, phase="idle"
    ),
    "treatment_earlier_dose": treating(
        Course(opening=Opening.CONFIRM_DOSE, earlier=EARLIER), session_id=None,
        phase="idle",
    ),
    "treatment_earlier_session": treating(
        Course(opening=Opening.CONFIRM_DOSE, earlier=replace(EARLIER, sessions=EARLIER.sessions[1:2])),
        session_id=None, phase="idle",
    ),
    "treatment_earlier_told": treating(
        Course(
            opening=Opening.CONFIRM_DOSE,
            earlier=EarlierDose(EARLIER.sessions[:2], asked_above_j=10_000.0),
        ),
        session_id=None, phase="idle",
    ),
    "treatment_earlier_unconfirmed": treating(
        Course(
            opening=Opening.CONFIRM_DOSE, earlier=EarlierDose((*EARLIER.sessions[3:], NOT_CONFIRMED))
        ),
        session_id=None, phase="idle",
    ),
    "treatment_ready_again": treating(Course(opening=Opening.OPEN, earlier=EARLIER)),
    "treatment_not_armable": treating(
        refusals=("tec_settling", "stage_position"), lamps=dict.fromkeys(LAMPS, True) | {"tec": False}
    ),
    "treatment_ready": treating(),
    "treatment_holding": treating(hold_s=0.9),
    "treatment_armed": treating(phase="armed", beam="waiting"),
    "treatment_emitting": treating(
        phase="treating", beam="emitting", measured_w=4.47, set_w=4.5, elapsed_s=14.0, remaining_s=96.0,
        dose_j=56.1, pedal_pressed=True,
    ),
    "treatment_ring_change": treating(
        phase="treating", beam="moving", elapsed_s=30.0, remaining_s=80.0, dose_j=150.0, step_index=1,
        ring_size_mm=3.2, ring_target_mm=3.5, pedal_pressed=True,
    ),
    "treatment_paused": treating(elapsed_s=30.0, remaining_s=80.0, dose_j=150.0),
    "treatment_finished": treating(finished=True, elapsed_s=110.0, remaining_s=0.0, dose_j=740.0),
    "treatment_end_asked": changed(
        treating(elapsed_s=30.0, remaining_s=80.0, dose_j=150.0), TreatmentForm(asking_end=True)
    ),
    "treatment_refused": treating(
        Course(opening=Opening.NOT_ASKED, refused="The ring stage is silent, tripped or not homed."),
        session_id=None, phase="idle",
    ),
    "treatment_stale": replace(
        TREATING,
        telemetry=in_session(
            mono_s=NOW_S - 0.5, phase="treating", beam="emitting", measured_w=4.4, set_w=4.5, elapsed_s=14.0
        ),
        alarms=(alarm(OWN[STALE_DATA]),),
    ),
    "treatment_control_lost": replace(
        TREATING,
        telemetry=None,
        control=False,
        control_problem="control does not answer (Connection refused)",
        alarms=(alarm(control_lost("control does not answer (Connection refused)")),),
    ),
    "treatment_warning": replace(
        treating(
            phase="treating", beam="emitting", measured_w=3.7, set_w=4.5, warnings=("photodiode_warning",)
        ),
        alarms=(alarm(of_interlock("photodiode_warning")),),
    ),
    "treatment_picture_home": with_camera(
        treating(
            Course(), session_id=None, phase="idle", stage_homed=False, ring_size_mm=None,
            power_limit_w=None, lamps=dict.fromkeys(LAMPS, True) | {"stage": False},
        )
    ),
    "treatment_picture_ready": with_camera(treating()),
    "treatment_picture_no_scale": with_camera(
        treating(), picture=picture(rate_hz=None), picture_um_per_px=None
    ),
    "treatment_picture_emitting": with_camera(
        treating(
            phase="treating", beam="emitting", measured_w=4.47, set_w=4.5, elapsed_s=14.0, remaining_s=96.0,
            dose_j=56.1, pedal_pressed=True,
        )
    ),
    "treatment_picture_armed": with_camera(treating(phase="armed", beam="waiting")),
    "treatment_picture_lost": with_camera(
        treating(refusals=("camera_to_arm",), lamps=dict.fromkeys(LAMPS, True) | {"camera": False}),
        picture=picture(age_s=0.6),
    ),
    "treatment_picture_only_here_lost": with_camera(treating(), picture=None),
    "treatment_picture_stale": with_camera(
        replace(
            TREATING,
            telemetry=in_session(
                mono_s=NOW_S - 0.5, phase="treating", beam="emitting", measured_w=4.4, set_w=4.5
            ),
            alarms=(alarm(OWN[STALE_DATA]),),
        )
    ),
    "fault_technician": fault("screen", standing=("screen",)),
    "fault_supervisor": fault("stop_loop", "laser_stale", "tec", standing=("stop_loop",)),
    "fault_pin": fault("photodiode_out_of_range", form=FaultForm(chosen=JOHN)),
    "fault_wrong_pin": fault(
        "stop_loop", form=FaultForm(chosen=ADMIN, refused="2 wrong PINs in a row.", retry_at_s=NOW_S + 2.0)
    ),
    "fault_still_there": fault(
        "stop_loop",
        standing=("stop_loop",),
        form=FaultForm(
            chosen=JOHN, refused="Still there: The emergency stop is pressed or its wire is open."
        ),
    ),
    "fault_memory_full": fault(
        "journal",
        standing=("journal",),
        journal_problem="/dev/shm: no more of the journal was taken (No space left on device)",
    ),
    "fault_nobody": fault("kiosk_lost", signed_in=None),
    "fault_stale": replace(
        fault("screen"), telemetry=in_session(phase="fault", faults=("screen",), mono_s=NOW_S - 1.0)
    ),
    "key_off_waits": key_off(7.4),
    "key_off_offered": key_off(0.0),
    "key_off_no_reason": key_off(0.0, KeyOffForm(chosen=JOHN)),
    "key_off_pin": key_off(0.0, KeyOffForm(chosen=JOHN, reason="gate welded, laser deaf; key taken out")),
    "key_off_wrong_pin": key_off(
        0.0,
        KeyOffForm(
            chosen=ADMIN,
            reason="gate welded",
            refused="2 wrong PINs in a row.",
            retry_at_s=NOW_S + 2.0,
        ),
    ),
    "key_off_stale": replace(
        key_off(0.0), telemetry=in_session(phase="fault", faults=("screen",), mono_s=NOW_S - 1.0)
    ),
    "summary_completed": summary(FINISHED, 0.97),
    "summary_aborted": summary(
        replace(ABORTED, post_treatment_notes="slight redness"), 0.4, record_problem=None
    ),
    "summary_energies_differ": summary(ABORTED, 0.4, Energies(1.5, 2.9, 2.9)),
    "summary_energy_unknown": summary(FINISHED, energies=Energies(1.5, 2.9, None)),
    "summary_no_record": summary(FINISHED, record_problem=GONE),
    "summary_writing": changed(
        SIGNED_IN, SummaryForm(), screen="summary", course=Course(opening=Opening.CLOSING)
    ),
    "summary_reading": changed(SIGNED_IN, SummaryForm(busy=True), screen="summary"),
    "safety_log": changed(SIGNED_IN, SafetyLogForm(LOG), screen="safety_log"),
    "safety_log_empty": changed(SIGNED_IN, SafetyLogForm(()), screen="safety_log"),
}  # fmt: skip
"""Every scene by its name; the first part of the name is the screen's."""

HISTORY_S = 18.0


def history(name):
    """Return the snapshots before a treatment scene: dark, then rising light up to where it stands."""
    scene = SCENES[name]
    live = scene.telemetry
    if scene.screen != "treatment" or live is None or not live.elapsed_s:
        return []
    begun_s, end_s = NOW_S - HISTORY_S + 4.0, live.mono_s
    light_w = live.set_w or 4.5
    states = []
    for at in range(round((end_s - NOW_S + HISTORY_S) / 0.05)):
        at_s = NOW_S - HISTORY_S + at * 0.05
        lit = begun_s <= at_s and (live.set_w > 0.0 or at_s < end_s - 3.0)
        set_w = min(light_w, 2.0 + 0.25 * (at_s - begun_s)) if lit else 0.0
        measured_w = set_w * 0.99 + 0.05 * sin(9.0 * at_s) if lit else 0.0
        before = in_session(mono_s=at_s, phase="ready", set_w=set_w, measured_w=measured_w)
        states.append(replace(scene, now_s=at_s, telemetry=before, alarms=()))
    return states


def put(shell, name, **changes):
    """Show a scene as a person meets it: after what came before."""
    shell.shown = None
    for state in history(name):
        shell.show(replace(state, **changes))
    shell.show(replace(SCENES[name], **changes))
