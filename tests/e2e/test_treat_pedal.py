"""`tosca-kiosk treat` and a foot that leaves the pedal."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.e2e.treat_bench import (
    DARK_WITHIN_S,
    details,
    emitting,
    scenario,
    treated,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def paused(new_data_dir, warm, long):
    return treated(new_data_dir(), long, config=warm, scenario=scenario("pedal_pauses"))


def test_lifting_the_foot_pauses_and_pressing_resumes_without_a_fault(paused):
    assert paused.result["status"] == "completed"
    edges = [row["event_type"] for row in paused.events("pause", "resume", "laser_on", "laser_off")]
    assert edges == ["laser_on", *["pause", "laser_off", "resume", "laser_on"] * 2, "laser_off"]
    assert not paused.events("safety_trigger")


def test_each_release_stands_in_the_safety_log(paused):
    logged = [(row["event_type"], row["severity"]) for row in paused.safety_log()]
    assert logged == [("footpedal_released", "info")] * 2
    assert paused.result["safety_events"] == 2


def test_the_treatment_clock_stands_in_a_pause_and_nothing_is_skipped(paused):
    pauses, resumes = paused.events("pause"), paused.events("resume")
    for pause, resume in zip(pauses, resumes, strict=True):
        assert details(pause)["elapsed_s"] == details(resume)["elapsed_s"]
        assert resume["time_offset_ms"] > pause["time_offset_ms"]
    for before, after in pairwise(decision.state for decision in paused.decisions):
        if not emitting(before):
            assert after.elapsed_s == before.elapsed_s or not before.session_open
    assert max(decision.state.elapsed_s for decision in paused.decisions) == pytest.approx(12.0, abs=0.02)


def test_the_true_light_is_out_soon_after_a_release(paused):
    released_s = [index for index, decision in enumerate(paused.decisions) if _released(decision)]
    assert len(released_s) == 2
    for index in released_s:
        assert paused.true_power_w[index + round(DARK_WITHIN_S * 100)] == 0.0


def _released(decision):
    return any(event.event_type == "footpedal_released" for event in decision.safety)


def test_a_pedal_that_is_not_pressed_again_ends_the_session(data_dir, warm, long, tmp_path):
    path = tmp_path / "once.yaml"
    path.write_text("events: [{at: armed + 3s, pedal.pressed: true}, {at: armed + 6s, pedal.pressed: false}]")
    seen = treated(data_dir, long, config=warm, scenario=path)
    assert seen.result["abort_reason"] == "the pedal was not pressed within 120 s"
    assert 2.0 < seen.result["total_laser_on_time_seconds"] < 3.1
