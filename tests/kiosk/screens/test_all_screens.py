"""Every screen in every state that matters: its sizes, gaps, texts and contrast, and its picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kiosk.audit import audit, count
from tests.kiosk.golden import compare
from tests.kiosk.screens.cast import changed, treating
from tests.kiosk.screens.scenes import SCENES, put
from tosca_kiosk.domain.interlocks import INTERLOCKS
from tosca_kiosk.kiosk.presenter.registry import ROWS
from tosca_kiosk.kiosk.screens.summary.form import SummaryForm

pytestmark = pytest.mark.slow

THEMES = ("dark", "light")


def put_up(stage, shell, name, theme, simulated=True):
    shell.panel.strip_shown = simulated
    put(shell, name, theme=theme, simulated=simulated)
    stage.turn(5)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("simulated", [True, False], ids=["simulated", "real"])
def test_no_screen_breaks_a_rule(stage, shell, theme, simulated):
    problems = []
    for name in SCENES:
        put_up(stage, shell, name, theme, simulated)
        assert count(shell.panel) > 20, name
        problems += [f"{name}: {problem}" for problem in audit(stage, shell.panel)]
    assert problems == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["login", "treatment_control_lost", "fault_supervisor"])
def test_the_list_of_alarms_breaks_no_rule(stage, shell, name, theme):
    put_up(stage, shell, name, theme)
    stage.tap(shell.panel.alarm_slot.children[-1])
    assert shell.panel.sheet is shell.alarm_sheet
    assert audit(stage, shell.panel) == []


def test_every_screen_is_in_the_scenes():
    assert {scene.screen for scene in SCENES.values()} == {row.name for row in ROWS}


PICTURES = (
    "first_start_admin",
    "login_pin",
    "patients",
    "patient_refused",
    "protocol_chosen",
    "protocol_refused",
    "treatment_home",
    "treatment_emitting",
    "treatment_stale",
    "treatment_picture_ready",
    "treatment_picture_emitting",
    "treatment_picture_lost",
    "fault_technician",
    "fault_pin",
    "summary_completed",
    "safety_log",
)


@pytest.mark.parametrize("name", PICTURES)
def test_a_screen_looks_as_it_was_approved(stage, shell, name):
    put_up(stage, shell, name, "dark")
    assert compare(f"screen_{name}", stage.picture()) == ""


@pytest.mark.parametrize("theme", THEMES)
def test_whatever_ended_a_session_its_summary_says_it_whole(stage, shell, theme):
    scene = SCENES["summary_aborted"]
    problems = []
    for row in INTERLOCKS:
        reason = f"{row.source}: {row.what} {row.to_do}"
        told = scene.form(SummaryForm).result
        session = replace(told.result.session, abort_reason=reason)
        form = SummaryForm(result=replace(told, result=replace(told.result, session=session)))
        shell.show(changed(scene, form, theme=theme))
        stage.turn(5)
        shown = shell.screens["summary"]
        assert shown.ids.reason.text == f"{row.what} {row.to_do}"
        assert not shown.ids.reason.shorten
        problems += [f"{row.source}: {problem}" for problem in audit(stage, shown)]
    assert problems == []


@pytest.mark.parametrize("more", [(), ("tec",)], ids=["alone", "more"])
def test_whatever_refuses_arming_the_words_fit(stage, shell, more):
    put_up(stage, shell, "treatment_ready", "dark")
    guide = shell.screens["treatment"].ids.guide
    problems = []
    for row in INTERLOCKS:
        shell.show(treating(refusals=(row.source, *more)))
        stage.turn(5)
        problems += [f"{row.source}: {problem}" for problem in audit(stage, guide)]
    assert problems == []
