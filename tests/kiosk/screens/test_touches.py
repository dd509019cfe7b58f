"""What a finger on a screen asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kiosk.screens.cast import JANE, JOHN, NOW_S, in_session, treating
from tests.kiosk.screens.scenes import SCENES
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.hold_button import UiHoldButton
from tosca_kiosk.kiosk.widgets.list_row import UiListRow


def put_up(stage, shell, scene):
    shell.show(SCENES[scene] if isinstance(scene, str) else scene)
    stage.turn(5)


def key(shell, text, kind=UiButton):
    return next(
        widget
        for widget in shell.panel.walk()
        if isinstance(widget, kind) and (getattr(widget, "text", "") or getattr(widget, "title", "")) == text
    )


@pytest.mark.slow
def test_stop_acts_on_every_screen_and_under_every_sheet(stage, shell, asked):
    for scene in SCENES:
        put_up(stage, shell, scene)
        asked.clear()
        finger = stage.touch(shell.panel.stop)
        assert asked == [("stop",)], scene
        finger.lift()
        assert asked == [("stop",)], scene


@pytest.mark.parametrize(
    ("scene", "text", "wish"),
    [
        ("treatment_home", "HOME STAGE", ("home_stage",)),
        ("treatment_earlier_dose", "TREAT AGAIN", ("open",)),
        ("treatment_earlier_told", "GO ON", ("open",)),
        ("treatment_refused", "TRY AGAIN", ("retry",)),
        ("treatment_finished", "FINISH", ("end",)),
        ("treatment_finished", "End session", ("end",)),
        ("treatment_paused", "End session", ("ask_end", True)),
        ("treatment_home", "Back", ("leave",)),
        ("treatment_emitting", "PAUSE", ("pause",)),
        ("treatment_ready", "Aiming: off", ("switch_aiming",)),
        ("treatment_emitting", "Aiming: off", ("switch_aiming",)),
        ("treatment_overdue", "Aiming: on", ("switch_aiming",)),
        ("treatment_control_lost", "START CONTROL", ("start_control",)),
        ("treatment_end_asked", "END", ("end",)),
        ("login_locked", "Unlock", ("unlock",)),
        ("login_unlocking", "Back", ("unlock",)),
        ("fault_technician", "RESET", ("reset",)),
        ("fault_technician", "End session", ("end",)),
        ("fault_pin", "Other account", ("choose", None)),
        ("key_off_waits", "Back", ("stay",)),
        ("key_off_pin", "Other account", ("choose", None)),
        ("patients", "Protocol", ("go", "protocols")),
        ("patients", "Safety log", ("go", "safety_log")),
        ("protocol_chosen", "Back", ("go", "patients")),
        ("protocol_chosen", "Treatment", ("go", "treatment")),
        ("summary_completed", "Done", ("go", "patients")),
        ("patients", "New patient", ("new",)),
        ("patient_new", "Create", ("create",)),
        ("patient_new", "Cancel", ("cancel_new",)),
    ],
)
def test_a_key_asks_for_what_it_says(stage, shell, asked, scene, text, wish):
    put_up(stage, shell, scene)
    stage.tap(key(shell, text))
    assert asked == [wish]


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        ("treatment_emitting", "End session"),
        ("treatment_ready", "PAUSE"),
        ("fault_pin", "RESET"),
        ("key_off_waits", "Other account"),
        ("patients_no_record", "New patient"),
        ("protocol_refused", "Treatment"),
        ("protocols", "Treatment"),
    ],
)
def test_a_key_that_may_not_be_used_asks_for_nothing(stage, shell, asked, scene, text):
    put_up(stage, shell, scene)
    assert key(shell, text).disabled
    stage.tap(key(shell, text))
    assert asked == []


def test_pause_acts_on_touch_down(stage, shell, asked):
    put_up(stage, shell, "treatment_emitting")
    finger = stage.touch(key(shell, "PAUSE"))
    assert asked == [("pause",)]
    finger.lift()


@pytest.mark.parametrize("scene", ["treatment_stale", "treatment_control_lost"])
def test_pause_is_sent_while_nobody_knows_whether_there_is_light(stage, shell, asked, scene):
    put_up(stage, shell, scene)
    finger = stage.touch(key(shell, "PAUSE"))
    assert asked == [("pause",)]
    finger.lift()


def test_a_line_of_the_safety_log_is_no_key(stage, shell, asked):
    put_up(stage, shell, "safety_log")
    shown = shell.screens["safety_log"].ids.rows
    assert len([*shown.walk(restrict=True)]) > 10
    assert not any(getattr(widget, "tappable", False) for widget in shown.walk(restrict=True))


def test_arming_takes_what_control_has_counted(stage, shell, asked):
    put_up(stage, shell, "treatment_ready")
    hold = key(shell, "HOLD TO ARM", UiHoldButton)
    finger = stage.touch(hold)
    assert asked == [("begin_arm",)]
    put_up(stage, shell, treating(hold_s=0.6))
    assert asked == [("begin_arm",)]
    put_up(stage, shell, treating(hold_s=1.5))
    assert asked == [("begin_arm",), ("arm",)]
    finger.lift()
    assert asked == [("begin_arm",), ("arm",)]


def test_arming_waits_for_as_long_as_the_sites_rules_ask(stage, shell, asked):
    put_up(stage, shell, treating(arm_hold_s=3.0))
    finger = stage.touch(key(shell, "HOLD TO ARM", UiHoldButton))
    put_up(stage, shell, treating(arm_hold_s=3.0, hold_s=2.9))
    assert asked == [("begin_arm",)]
    put_up(stage, shell, treating(arm_hold_s=3.0, hold_s=3.0))
    assert asked == [("begin_arm",), ("arm",)]
    finger.lift()


def test_letting_go_early_cancels(stage, shell, asked):
    put_up(stage, shell, "treatment_ready")
    finger = stage.touch(key(shell, "HOLD TO ARM", UiHoldButton))
    put_up(stage, shell, treating(hold_s=0.6))
    finger.lift()
    assert asked == [("begin_arm",), ("cancel_arm",)]


def test_an_interlock_that_opens_cancels_the_hold(stage, shell, asked):
    put_up(stage, shell, "treatment_ready")
    finger = stage.touch(key(shell, "HOLD TO ARM", UiHoldButton))
    put_up(stage, shell, treating(hold_s=None, refusals=("laser_stale",)))
    assert asked == [("begin_arm",), ("cancel_arm",)]
    finger.lift()
    assert asked == [("begin_arm",), ("cancel_arm",)]


def test_stale_data_cancels_the_hold(stage, shell, asked):
    put_up(stage, shell, "treatment_ready")
    finger = stage.touch(key(shell, "HOLD TO ARM", UiHoldButton))
    old = replace(treating(hold_s=0.3), telemetry=in_session(mono_s=NOW_S - 1.0, hold_s=0.3))
    put_up(stage, shell, old)
    assert asked == [("begin_arm",), ("cancel_arm",)]
    finger.lift()


def test_a_pin_reaches_the_login_whole_and_is_nowhere_on_the_screen(stage, shell, asked):
    put_up(stage, shell, "login_pin")
    for digit in "314159":
        stage.tap(key(shell, digit))
    assert asked == [("pin", "314159")]
    shown = [getattr(widget, "text", "") for widget in shell.panel.walk()]
    assert not any("314159" in text for text in shown if isinstance(text, str))


def test_an_account_is_chosen_by_its_row(stage, shell, asked):
    put_up(stage, shell, "login")
    stage.tap(key(shell, "Jane Doe", UiListRow))
    put_up(stage, shell, "fault_supervisor")
    stage.tap(key(shell, "John Smith", UiListRow))
    # The parts look the accounts up themselves; the presenter of this test has none.
    assert [wish[0] for wish in asked] == ["choose", "choose"]
    assert JANE.username != JOHN.username


def test_a_protocol_is_chosen_by_its_row(stage, shell, asked):
    put_up(stage, shell, "protocols")
    stage.tap(key(shell, "Gentle", UiListRow))
    assert asked == [("choose", "Gentle")]


def test_the_simulated_strip_presses_the_world(stage, shell, asked):
    put_up(stage, shell, "treatment_armed")
    strip = shell.panel.strip
    pedal, stop = [widget for widget in strip.children if getattr(widget, "tappable", False)][::-1]
    finger = stage.touch(pedal)
    finger.lift()
    stage.tap(stop)
    assert asked == [
        ("world", {"pedal.pressed": True}),
        ("world", {"pedal.pressed": False}),
        ("world", {"stop_loop.closed": False}),
    ]


def test_closing_a_session_shows_no_key_that_could_be_pressed_twice(stage, shell, asked):
    put_up(stage, shell, treating(Course(opening=Opening.CLOSING), phase="idle", finished=True))
    assert key(shell, "End session").disabled
