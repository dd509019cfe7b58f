"""What stands still is drawn once and seen always; what changes is drawn anew."""

import numpy as np
import pytest
from kivy.graphics import Callback

from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.look.theme import look

SIZE = (600, 120)


@pytest.fixture
def lamps(stage):
    return stage.show(ui.UiLampGrid(lamps=(("GATE", "good"), ("PEDAL", "good"))), SIZE)


@pytest.fixture
def drawn(lamps):
    """How often the lamps' picture was drawn, as the list's length."""
    times = []
    with lamps._still.canvas:
        Callback(lambda _callback: times.append(None))
    return times


def test_a_part_that_does_not_change_is_drawn_once(stage, drawn):
    first = stage.picture()
    assert len(drawn) == 1
    assert np.array_equal(stage.picture(), first)
    assert len(drawn) == 1


def test_a_part_that_changes_is_drawn_anew(stage, lamps, drawn):
    first = stage.picture()
    lamps.lamps = (("GATE", "good"), ("PEDAL", "bad"))
    stage.turn(3)
    assert not np.array_equal(stage.picture(), first)
    assert len(drawn) == 2


def test_a_part_that_goes_leaves_no_picture(stage, lamps):
    stage.picture()
    lamps.lamps = ()
    stage.turn(3)
    none_left = stage.picture()
    lamps.parent.remove_widget(lamps)
    stage.show(ui.UiLampGrid(), SIZE)
    assert np.array_equal(stage.picture(), none_left)


def test_a_part_follows_the_theme(stage, lamps):
    dark = stage.picture()[-SIZE[1] :, : SIZE[0]]
    look.choose("light")
    stage.turn(3)
    light = stage.picture()[-SIZE[1] :, : SIZE[0]]
    assert light.mean() > dark.mean() + 50


def test_a_part_that_moves_shows_the_same_elsewhere(stage, lamps):
    before = stage.picture()[-SIZE[1] :, : SIZE[0]]
    lamps.pos = (100, 50)
    stage.turn(3)
    after = stage.picture()[-SIZE[1] - 50 : -50, 100 : SIZE[0] + 100]
    assert np.abs(before.astype(int) - after).max() <= 2
