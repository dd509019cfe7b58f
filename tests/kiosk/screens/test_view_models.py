"""What the screens say, from the snapshot alone: no Kivy here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kiosk.screens.cast import (
    BASE,
    EARLIER,
    NOW_S,
    RAMP,
    TIME,
    TREATING,
    changed,
    fault,
    in_session,
    telemetry,
    treating,
)
from tests.kiosk.screens.scenes import SCENES
from tosca_kiosk.domain.interlocks import BY_SOURCE, INTERLOCKS, LAMPS
from tosca_kiosk.domain.plan import Override
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.panel.surroundings import surroundings
from tosca_kiosk.kiosk.screens.fault.view_model import view as fault_view
from tosca_kiosk.kiosk.screens.first_start.view_model import view as first_start_view
from tosca_kiosk.kiosk.screens.key_off.view_model import TURN_KEY
from tosca_kiosk.kiosk.screens.key_off.view_model import view as key_off_view
from tosca_kiosk.kiosk.screens.login.view_model import view as login_view
from tosca_kiosk.kiosk.screens.patients.view_model import view as patients_view
from tosca_kiosk.kiosk.screens.protocols.view_model import view as protocols_view
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm
from tosca_kiosk.kiosk.screens.summary.view_model import view as summary_view
from tosca_kiosk.kiosk.screens.treatment.lamps import GROUPS
from tosca_kiosk.kiosk.screens.treatment.primary import Primary
from tosca_kiosk.kiosk.screens.treatment.view_model import state_bar
from tosca_kiosk.kiosk.screens.treatment.view_model import view as treatment_view
from tosca_kiosk.kiosk.snapshot.course import Course, Opening

STALE = [
    replace(TREATING, telemetry=in_session(mono_s=NOW_S - 0.31, measured_w=4.4, set_w=4.5)),
    replace(TREATING, telemetry=in_session(measured_w=4.4, set_w=4.5), control=False),
    replace(TREATING, telemetry=in_session(mono_s=float("nan"), measured_w=4.4)),
    replace(TREATING, telemetry=None),
]


@pytest.mark.parametrize("state", STALE, ids=["old", "lost", "nan", "none"])
def test_no_figure_is_shown_from_data_that_is_not_fresh(state):
    view = treatment_view(state)
    assert (view.state, view.power, view.remaining, view.dose_j) == ("stale", "--", "--", None)
    assert view.power_details == ("set --", "limit --")
    assert view.remaining_details[-1] == "ring --"
    assert {lamp.state for lamp in view.lamps} == {"unknown"}
    assert view.can_pause, "nobody knows whether there is light: PAUSE and STOP are always there to be sent"
    assert view.primary is not Primary.ARM
    assert view.guide_tone == "refused"


def test_every_lamp_of_control_is_in_exactly_one_group():
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(LAMPS)


@pytest.mark.parametrize("name", [name for name in LAMPS if name not in ("footpedal", "smoothing")])
def test_a_failing_lamp_shows_in_its_group_alone(name):
    view = treatment_view(treating(lamps=dict.fromkeys(LAMPS, True) | {name: False}))
    assert [lamp.text for lamp in view.lamps if lamp.state == "bad"] == [
        text for text, names in GROUPS if name in names
    ]


def test_no_plan_is_shown_that_an_override_has_changed():
    """Of this session, by what control has last told; another session's overrides change nothing."""
    overrides = (Override(elapsed_s=10.0, power_w=2.0), Override(elapsed_s=40.0, ring_size_mm=2.5))
    view = treatment_view(treating(elapsed_s=50.0, overrides=overrides))
    planned_j = 10.0 * 3.0 + 20.0 * 2.0 + RAMP.planned_energy_j - 150.0
    assert view.planned_j == pytest.approx(planned_j)
    held = tuple(Override(elapsed_s=at_s, power_w=1.0) for at_s in (0.0, 30.0, 90.0))
    assert treatment_view(treating(overrides=held)).top_w == pytest.approx(2.0)
    stale = replace(TREATING, telemetry=in_session(mono_s=NOW_S - 3.0, overrides=overrides))
    assert treatment_view(stale).planned_j == pytest.approx(planned_j)
    other = treating(session_id=8, overrides=(Override(elapsed_s=109.0, power_w=2.0),))
    assert treatment_view(other).planned_j == RAMP.planned_energy_j


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"phase": "idle"}, "standby"),
        ({}, "standby"),
        ({"elapsed_s": 3.0}, "paused"),
        ({"elapsed_s": 3.0, "finished": True}, "standby"),
        ({"phase": "armed", "beam": "waiting"}, "ready"),
        ({"phase": "treating", "beam": "starting"}, "ready"),
        ({"phase": "treating", "beam": "emitting"}, "emitting"),
        ({"phase": "fault"}, "fault"),
    ],
)
def test_the_state_bar_says_the_phase(changes, shown):
    assert state_bar(treating(**changes)) == shown


@pytest.mark.parametrize("beam", Beam)
@pytest.mark.parametrize("phase", Phase)
def test_there_is_always_a_word_on_what_to_do(phase, beam):
    assert treatment_view(treating(phase=phase, beam=beam)).guide


ASKED_AGAIN = BY_SOURCE["rules"]


def test_a_hold_of_arm_has_control_look_into_the_record_again_and_the_screen_says_why():
    problem = "the record is being written by process 7; wait, then hold ARM again"
    view = treatment_view(treating(refusals=("rules",), rules_problem=problem))
    assert (view.primary, view.primary_enabled) == (Primary.ARM, True)
    assert (view.guide, view.guide_detail) == (ASKED_AGAIN.to_do, problem)
    assert not treatment_view(treating(refusals=("rules", "disk"))).primary_enabled


@pytest.mark.parametrize(
    "row", [row for row in INTERLOCKS if row is not ASKED_AGAIN], ids=lambda row: row.source
)
def test_whatever_refuses_arming_says_why_and_switches_the_key_off(row):
    view = treatment_view(treating(refusals=(row.source,)))
    assert (view.primary, view.primary_enabled) == (Primary.ARM, False)
    assert view.guide == row.to_do
    assert view.guide_detail == row.what


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"phase": "idle", "stage_homed": False}, "unknown"),
        ({"phase": "idle", "stage_homed": False, "stage_searching": True}, "unknown"),
        ({"phase": "idle", "stage_homed": None, "stage_searching": None}, "bad"),
        ({"phase": "idle", "stage_homed": False, "stage_searching": None}, "bad"),
        ({"phase": "idle", "stage_homed": True}, "bad"),
        ({"phase": "ready", "stage_homed": False}, "bad"),
    ],
    ids=["not homed", "homing", "silent", "not ready", "tripped", "in a session"],
)
def test_a_stage_that_waits_to_be_homed_has_not_failed(changes, shown):
    rows = treatment_view(treating(lamps=dict.fromkeys(LAMPS, True) | {"stage": False}, **changes)).lamps
    assert {row.text: row.state for row in rows}["STAGE"] == shown


def test_the_key_stays_on_while_it_is_held():
    assert treatment_view(treating(hold_s=0.5, refusals=("smoothing",))).primary_enabled


@pytest.mark.parametrize("phase", ["armed", "treating"])
def test_no_way_leads_off_while_armed_or_treating(phase):
    view = treatment_view(treating(phase=phase))
    assert (view.can_go_back, view.primary_enabled, view.can_pause) == (False, False, True)


def test_a_ring_on_its_way_shows_both_sizes():
    view = treatment_view(SCENES["treatment_ring_change"])
    assert view.remaining_details[-1] == "ring 3.20 > 3.50 mm"
    assert "3.50 mm" in view.guide_detail


@pytest.mark.parametrize("row", INTERLOCKS, ids=lambda row: row.source)
def test_a_fault_says_what_happened_what_to_do_and_who_resets(row):
    view = fault_view(fault(row.source))
    assert row.what in view.what
    assert view.to_do == row.to_do
    assert row.reset_role in view.role_text
    assert view.needs_pin == (row.reset_role != "technician")
    assert view.can_reset != view.needs_pin


def test_only_those_who_may_reset_are_offered():
    assert [name for _, name, _ in fault_view(fault("stop_loop")).rows] == [
        "John Smith",
        "System Administrator",
    ]


def test_with_nobody_signed_in_every_reset_takes_a_pin():
    assert fault_view(fault("screen", signed_in=None)).needs_pin


def test_a_fault_of_the_record_says_where_it_found_no_room():
    assert "/dev/shm: no more of the journal was taken" in fault_view(SCENES["fault_memory_full"]).to_do
    other = fault("screen", "journal", journal_problem="/dev/shm: no room")
    assert "no room" not in fault_view(other).to_do, "of the first cause alone"


def test_a_fault_cannot_be_reset_on_old_data():
    state = replace(fault("screen"), telemetry=in_session(phase="fault", mono_s=NOW_S - 1.0))
    view = fault_view(state)
    assert (view.can_reset, view.can_type) == (False, False)
    assert "old" in view.problem
    assert "RESET" not in view.advice
    assert "touch RESET" in fault_view(fault("screen")).advice


def test_while_darkness_is_not_known_it_says_what_is_waited_for():
    view = key_off_view(SCENES["key_off_waits"])
    assert (view.offered, view.can_type) == (False, False)
    assert "read back off and the photodiode is dark" in view.to_do
    assert "in 8 s" in view.advice


def test_after_ten_seconds_a_supervisor_may_confirm_with_a_reason_alone():
    assert key_off_view(SCENES["key_off_offered"]).to_do == TURN_KEY
    assert [role for *_, role in key_off_view(SCENES["key_off_offered"]).rows] == ["Supervisor", "Admin"]
    without, whole = key_off_view(SCENES["key_off_no_reason"]), key_off_view(SCENES["key_off_pin"])
    assert (without.can_type, without.message) == (False, "Say why first: touch Reason.")
    assert (whole.can_type, whole.message) == (True, "")


def test_nothing_is_confirmed_on_old_data():
    view = key_off_view(SCENES["key_off_stale"])
    assert (view.offered, view.can_type) == (False, False)
    assert "key off" in view.to_do


def test_a_fault_before_the_first_pin_says_when_it_can_be_reset():
    assert "reset takes a PIN" in first_start_view(SCENES["first_start_fault"]).fault
    assert first_start_view(SCENES["first_start_admin"]).fault == ""


def test_the_pad_says_what_its_digits_are_for():
    assert "Touch your name" in login_view(SCENES["login"]).message
    assert login_view(SCENES["login_pin"]).message == "PIN of Jane Doe"
    assert login_view(SCENES["login_wrong"]).message == "3 wrong PINs in a row."


@pytest.mark.parametrize(
    ("changes", "shown"),
    [({"phase": "idle"}, "unknown"), ({"finished": True}, "unknown"), ({}, "bad")],
)
def test_without_a_session_to_arm_for_its_lamps_have_not_failed(changes, shown):
    lamps = dict.fromkeys(LAMPS, True) | {"session": False, "calibration": False}
    rows = treatment_view(treating(lamps=lamps, **changes)).lamps
    assert {row.text: row.state for row in rows}["SYSTEM"] == shown


def test_a_cart_without_a_camera_says_so_and_one_with_it_has_a_lamp():
    def lamp(**changes):
        return next(
            lamp
            for lamp in treatment_view(replace(TREATING, **changes)).lamps
            if "amera" in lamp.text.lower()
        )

    assert lamp() == ("No camera", "unknown")
    assert lamp(camera=True) == ("CAMERA", "good")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("e_stop_pressed: The red button.", "The red button."),
        ("The stage: it moved.", "The stage: it moved."),
        ("ended by the operator", "ended by the operator"),
        ("long: " + "word " * 40, "word " * 40),
    ],
)
def test_the_reason_of_an_abort_is_told_without_the_events_name(reason, shown):
    told = SCENES["summary_aborted"].form(SummaryForm).result
    session = replace(told.result.session, abort_reason=reason)
    form = SummaryForm(result=replace(told, result=replace(told.result, session=session)))
    assert summary_view(changed(SCENES["summary_aborted"], form)).reason == shown


@pytest.mark.parametrize(
    ("scene", "key"), [("login_locked", "Unlock"), ("login_unlocking", "Back"), ("login_pin", "")]
)
def test_another_admin_alone_is_offered_to_end_a_wait(scene, key):
    assert login_view(SCENES[scene]).unlock == key
    assert login_view(SCENES["login_wrong"]).unlock == "", "there is no other admin"
    assert [row[0] for row in login_view(SCENES["login_unlocking"]).rows] == ["eve"]
    assert login_view(SCENES["login_unlocking"]).message == "Which admin unlocks System Administrator?"


def test_the_wait_after_wrong_pins_is_counted_in_whole_seconds():
    assert login_view(SCENES["login_wrong"]).wait_s == 15
    assert login_view(replace(SCENES["login_wrong"], now_s=NOW_S + 20.0)).wait_s == 0


@pytest.mark.parametrize(
    ("view", "scene"),
    [
        (login_view, "login_no_record"),
        (patients_view, "patients_no_record"),
        (summary_view, "summary_no_record"),
    ],
)
def test_a_lost_record_is_said_on_every_screen_that_needs_it(view, scene):
    assert view(SCENES[scene]).problem == wording.RECORD_LOST


def test_a_refused_protocol_is_shown_with_its_reason_and_leads_nowhere():
    view = protocols_view(SCENES["protocol_refused"])
    assert "over 10.0 W" in view.refused
    assert view.planned
    assert not view.can_go_on


def test_a_plan_is_drawn_with_its_corners():
    points = protocols_view(SCENES["protocol_chosen"]).planned
    assert (points[0], points[-1]) == ((0.0, 2.0), (110.0, 2.0))
    assert (30.0, 8.0) in points
    assert (90.0, 8.0) in points


def test_the_summary_holds_what_was_given_against_the_plan():
    facts = dict(summary_view(SCENES["summary_completed"]).facts)
    assert facts["Energy given"] == "738.2 J"
    assert facts["Energy planned"] == "708.8 J"
    assert facts["Of the plan"] == "104.2 %"


def test_the_summary_counts_the_larger_energy_and_says_both_where_they_differ():
    shown = summary_view(SCENES["summary_energies_differ"])
    assert dict(shown.facts)["Energy given"] == "2.9 J"
    assert shown.reason.endswith("Turn the red button. Measured 1.5 J, commanded 2.9 J: 2.9 J counts.")
    assert "Measured" not in summary_view(SCENES["summary_aborted"]).reason


def test_an_energy_that_is_not_known_is_never_a_number():
    shown = summary_view(SCENES["summary_energy_unknown"])
    assert dict(shown.facts)["Energy given"] == dict(shown.facts)["Of the plan"] == wording.UNKNOWN
    assert shown.reason == "Measured 1.5 J, commanded 2.9 J: not all is known."


def test_earlier_light_stands_above_the_question_what_matters_most_first():
    shown = treatment_view(SCENES["treatment_earlier_dose"])
    when = wording.local_time(TIME)[:16]
    assert shown.earlier == (
        (f"{when} open", "measured --, set --", "refused"),
        (f"{when} done", "measured 1234 J, set 1236 J", "info"),
        ("+3 more", "314.0 J", "refused"),
    )
    assert (shown.guide, shown.primary_text) == ("Treat again?", "TREAT AGAIN")
    assert shown.guide_detail == "P-2026-0041 had 1550.1 J or more in 5 sessions that may be within 24 h."
    one = treatment_view(SCENES["treatment_earlier_session"])
    assert [row[0] for row in one.earlier] == [f"{when} aborted"]
    assert one.guide_detail == "P-2026-0041 had 1.6 J in a session that may be within 24 h."


def test_earlier_light_below_the_sites_sum_is_shown_in_the_same_way_and_not_asked_about():
    shown = treatment_view(SCENES["treatment_earlier_told"])
    when = wording.local_time(TIME)[:16]
    assert shown.earlier == (
        (f"{when} done", "measured 1234 J, set 1236 J", "info"),
        (f"{when} aborted", "measured 0.0 J, set 1.6 J", "refused"),
    )
    assert (shown.guide, shown.primary_text) == ("Touch GO ON.", "GO ON")
    assert shown.guide_detail == "P-2026-0041 had 1237.7 J in 2 sessions that may be within 24 h."


def test_a_rest_of_which_not_all_is_known_says_so():
    unknown = EARLIER.sessions[2]
    form = Course(opening=Opening.CONFIRM_DOSE, earlier=replace(EARLIER, sessions=(unknown,) * 4))
    shown = treatment_view(treating(form, session_id=None, phase="idle"))
    assert shown.earlier[-1] == ("+2 more", "0.0 J or more", "refused")


def test_earlier_light_that_is_not_confirmed_ended_comes_first_and_says_so():
    shown = treatment_view(SCENES["treatment_earlier_unconfirmed"])
    when = wording.local_time(TIME)[:16]
    assert shown.earlier[0] == ("light not confirmed ended", f"{when[5:]}: 1738 J, set 1738 J", "refused")


def test_earlier_light_is_told_again_before_arming():
    shown = treatment_view(SCENES["treatment_ready_again"])
    assert shown.earlier == ()
    assert shown.guide_detail == "Goggles on, pedal up. Before: 1550.1 J or more."


def test_nothing_of_a_patient_is_shown_to_nobody():
    state = replace(TREATING, user=None)
    assert (surroundings(state).patient, surroundings(state).protocol) == ("", "")


def test_a_cleared_alarm_says_that_it_is_over():
    shown = surroundings(
        replace(
            SCENES["treatment_warning"],
            alarms=(replace(SCENES["treatment_warning"].alarms[0], active=False),),
        )
    )
    assert shown.what.startswith("Over: ")


def test_an_acknowledged_alarm_that_stands_stays_in_the_slot():
    standing = replace(SCENES["treatment_warning"].alarms[0], acknowledged=True)
    assert surroundings(replace(SCENES["treatment_warning"], alarms=(standing,))).what == standing.what


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (wording.watts(4.4666), "4.47 W"),
        (wording.watts(-0.001), "0.00 W"),
        (wording.watts(None), "--"),
        (wording.clock(59.01), "01:00"),
        (wording.clock(0.0), "00:00"),
        (wording.clock(None), "--"),
        (wording.duration(8.0), "8 s"),
        (wording.duration(90.0), "1 min 30 s"),
        (wording.duration(0.0), "0 s"),
        (wording.shortened("abc", 3), "abc"),
        (wording.shortened("abcdefgh", 7), "abc ..."),
    ],
)
def test_values_are_written_plainly(written, text):
    assert written == text


def test_a_fresh_link_does_not_change_the_bar_from_turn_to_turn():
    ages = {
        surroundings(replace(BASE, telemetry=telemetry(mono_s=NOW_S - age))).link_age_s
        for age in (0.0, 0.02, 0.04)
    }
    assert ages == {0.0}
