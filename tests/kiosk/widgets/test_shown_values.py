"""What is shown of what is given: never an old or a made-up value, and nothing drawn twice."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.kiosk.gallery import alarm, trend
from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.look.theme import look
from tosca_kiosk.kiosk.look.tokens import FLASH_HZ
from tosca_kiosk.kiosk.widgets.chart import round_steps
from tosca_kiosk.kiosk.widgets.ribbons import dashed
from tosca_kiosk.kiosk.widgets.top_bar import link_text


def texts(widget):
    return [label.text for label in widget.walk() if getattr(label, "text", "")]


@pytest.mark.parametrize("priority", FLASH_HZ)
def test_an_alarm_flashes_at_its_rate_half_of_the_time(stage, priority):
    slot = stage.show(alarm(priority), (1200, 100))
    lit = []
    for _ in range(round(4 / FLASH_HZ[priority] * 60)):
        stage.turn(seconds=1 / 60)
        lit.append(slot.lit)
    changes = sum(1 for one, other in pairwise(lit) if one != other)
    assert changes == pytest.approx(8, abs=1)
    assert np.mean(lit) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("priority", ["low", ""])
def test_a_low_alarm_and_no_alarm_are_steady(stage, priority):
    slot = stage.show(alarm(priority), (1200, 100))
    for _ in range(100):
        stage.turn()
        assert slot.lit


def test_a_new_alarm_begins_lit(stage):
    slot = stage.show(alarm("high"), (1200, 100))
    began_s = stage.now_s
    while slot.lit:
        stage.turn()
        assert stage.now_s < began_s + 1.0 / FLASH_HZ["high"]
    slot.what = "Another"
    assert slot.lit


def test_the_slot_without_alarm_shows_none_of_the_last_one(stage):
    slot = stage.show(alarm("high", more=2), (1200, 100))
    slot.priority, slot.more = "", 0
    stage.turn(3)
    assert texts(slot) == ["No active alarms", "Audio\npause"]


def test_unknown_values_are_dashes(stage):
    tile = stage.show(ui.UiValueTile(caption="POWER", unit="W"), (310, 170))
    assert "--" in texts(tile)
    dose = stage.show(ui.UiDoseBar(planned_j=100), (500, 90))
    assert texts(dose) == ["DOSE   -- of 100 J"]


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (None, "no link"),
        (0.0, "link 10 ms"),
        (0.012, "link 10 ms"),
        (0.298, "link 300 ms"),
        (4.2, "link 4 s"),
    ],
)
def test_the_age_of_the_link_is_told_in_steps(age_s, text):
    assert link_text(age_s) == text


def test_a_lamp_tells_its_state_by_shape_and_not_by_colour_alone(stage):
    """In grey the three states still differ in many pixels."""
    pictures = []
    for state in ("good", "bad", "unknown"):
        stage.show(ui.UiLamp(text="Stop loop", state=state), (200, 40))
        grey = stage.picture()[-40:, :40].astype(float).mean(axis=2)
        pictures.append(grey > (grey.min() + grey.max()) / 2)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (pictures[one] != pictures[other]).mean() > 0.1


def test_a_theme_change_repaints_what_is_shown(stage):
    stage.show(ui.UiCard(), (200, 200))
    dark = stage.picture()[-100, 100].copy()
    look.choose("light")
    stage.turn(2)
    assert stage.picture()[-100, 100].mean() > dark.mean() + 100


def test_a_trend_draws_measured_set_and_limit_and_forgets_what_is_older_than_its_window(stage):
    chart = stage.show(trend(), (600, 350))
    assert len(chart._samples) == 400
    chart.add(40.0, 1.0, 1.0)
    assert len(chart._samples) <= 2
    chart.add(39.0, 1.0, 1.0)
    assert chart._samples[-1][0] == 40.0
    chart.clear()
    assert len(chart._samples) == 0


def test_a_chart_puts_values_where_its_scale_says(stage):
    chart = stage.show(trend(), (600, 350))
    x, y, width, height = chart.field
    points = chart.place([chart.left_s, chart.right_s], [0.0, 3.0])
    assert points[0] == pytest.approx([x, y])
    assert points[1] == pytest.approx([x + width, y + height / 2])


def test_an_unknown_power_breaks_the_line(stage):
    chart = stage.show(ui.UiTrend(top_w=6), (600, 350))
    for at in range(3):
        chart.add(float(at), None if at == 1 else 3.0, 3.0)
    stage.turn(2)
    assert chart.measured_line._mesh.indices == []
    assert len(chart.set_line._mesh.indices) > 0


@settings(max_examples=60)
@given(top=some.floats(0.01, 1e5), most=some.integers(3, 8))
def test_scale_steps_begin_at_zero_are_even_and_stay_inside(top, most):
    steps = round_steps(top, most)
    assert steps[0] == 0
    assert 2 <= len(steps) <= min(most, 6)
    assert steps[-1] <= top * (1 + 1e-6)
    assert np.diff(steps) == pytest.approx([steps[1]] * (len(steps) - 1))


def test_dashes_cover_half_of_a_level_line():
    cut = dashed(np.array([[0.0, 5.0], [100.0, 5.0]]), dash_px=5.0)
    pieces = np.diff(cut[:, 0])
    assert np.nansum(pieces) == pytest.approx(50)


def test_what_did_not_change_is_not_painted_again(stage):
    painted = []

    class Counted(ui.UiStateBar):
        def paint(self):
            painted.append(self.state)
            super().paint()

    bar = stage.show(Counted(state="ready"), (600, 60))
    stage.turn(3)
    painted.clear()
    for _ in range(10):
        bar.state, bar.detail = "ready", ""
        stage.turn()
    assert painted == []
    bar.state = "fault"
    bar.detail = "light off"
    stage.turn()
    assert painted[0] == "fault"
