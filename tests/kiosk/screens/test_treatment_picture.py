"""The live picture in the treatment: aimed with while it is live, never old, and ARM waits for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.kiosk.screens.cast import (
    NOW_S,
    RAMP,
    SCALE_UM,
    TREATING,
    in_session,
    picture,
    treating,
    with_camera,
)
from tests.kiosk.screens.scenes import SCENES
from tosca_kiosk.camera.frame_memory import FrameWriter
from tosca_kiosk.kiosk.screens.treatment.picture import picture_view
from tosca_kiosk.kiosk.screens.treatment.view_model import Primary, view
from tosca_kiosk.kiosk.snapshot.picture import PictureSource


@pytest.mark.parametrize(("age_s", "live"), [(0.0, True), (0.499, True), (0.51, False), (60.0, False)])
def test_a_picture_is_live_for_half_a_second(age_s, live):
    shown = picture_view(with_camera(TREATING, picture=picture(age_s)))
    assert shown.live is live
    assert bool(shown.rate) is live


def test_the_chip_says_how_many_frames_the_camera_takes():
    assert picture_view(with_camera(TREATING)).rate == "LIVE 30 fps"
    assert picture_view(with_camera(TREATING, picture=picture(rate_hz=1.9))).rate == "LIVE 2 fps"


def test_the_chip_says_that_nothing_can_be_seen():
    covered = replace(picture(), covered=True)
    assert picture_view(with_camera(TREATING, picture=covered)).rate == "COVERED, LIVE 30 fps"


def test_the_planned_ring_is_drawn_to_scale():
    shown = picture_view(with_camera(treating(ring_target_mm=3.5)))
    assert shown.target == pytest.approx(3500.0 / (SCALE_UM * 728))
    before = with_camera(replace(TREATING, telemetry=in_session(ring_target_mm=None)))
    assert picture_view(before).target == pytest.approx(
        RAMP.steps[0].ring_size_mm * 1000.0 / (SCALE_UM * 728)
    )


def test_without_a_scale_no_ring_is_drawn():
    assert picture_view(with_camera(TREATING, picture_um_per_px=None)).target is None


@pytest.mark.parametrize("lost", [picture(0.6), None], ids=["old", "none"])
def test_arming_waits_for_a_live_picture_and_says_so(lost):
    assert view(with_camera(TREATING)).primary_enabled
    blocked = view(with_camera(TREATING, picture=lost))
    assert blocked.primary is Primary.ARM
    assert not blocked.primary_enabled
    assert (blocked.guide, blocked.guide_detail) == ("Check the camera.", "There is no live picture.")
    assert blocked.guide_tone == "refused"


def test_a_hold_is_given_up_when_the_picture_is_lost():
    assert not view(with_camera(treating(hold_s=0.9), picture=picture(0.6))).primary_enabled


def test_a_cart_without_a_camera_waits_for_no_picture():
    assert view(TREATING).primary_enabled
    assert not view(TREATING).picture.shown


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("treatment_picture_ready", ["UiLivePicture", "UiGuide"]),
        ("treatment_picture_armed", ["UiLivePicture", "UiGuide"]),
        ("treatment_picture_emitting", ["UiLivePicture", "UiTrend"]),
        ("treatment_picture_stale", ["UiLivePicture", "UiGuide"]),
        ("treatment_emitting", ["UiTrend", "UiGuide"]),
        ("treatment_ready", ["UiTrend", "UiGuide"]),
    ],
)
def test_picture_words_and_trend_share_the_left(stage, shell, name, parts):
    shell.show(SCENES[name])
    stage.turn(3)
    left = shell.screens["treatment"].ids.left
    assert [type(part).__name__ for part in left.children[::-1]] == parts


def bright_share(stage, shell):
    """Return how much of the picture's place is as bright as the frames of this test."""
    stage.turn(3)
    widget = shell.screens["treatment"].ids.picture
    left, bottom = (round(edge) for edge in widget.to_window(*widget.pos))
    window = stage.picture()[::-1][bottom : bottom + round(widget.height), left : left + round(widget.width)]
    return (window.min(axis=2) > 200).mean()


def test_what_lies_in_memory_is_what_the_panel_shows_and_half_a_second_later_nothing_of_it(
    stage, shell, tmp_path
):
    writer, source = FrameWriter(tmp_path), PictureSource(tmp_path)

    def show(now_s):
        found = source.newest(now_s, wanted=True)
        live = in_session(mono_s=now_s)
        shell.show(with_camera(replace(TREATING, now_s=now_s, telemetry=live), picture=found))
        return bright_share(stage, shell)

    assert show(NOW_S - 1.0) < 0.1
    for number, level in enumerate((230, 10, 230)):
        now_s = NOW_S + 0.1 * number
        writer.publish(np.full((544, 728), level, np.uint8), number=number, taken_s=now_s, content=number)
        assert bool(show(now_s) > 0.5) is (level > 200)
    assert show(now_s + 0.49) > 0.5
    assert show(now_s + 0.51) < 0.1
    bright = np.full((544, 728), 230, np.uint8)
    for number, content, new in ((3, 2, False), (3, 3, False), (4, 4, True)):
        now_s += 0.6
        writer.publish(bright, number=number, taken_s=now_s, content=content)
        assert bool(show(now_s) > 0.5) is new, (
            "the same picture is no new one, nor is one whose counter stands"
        )
    source.close()
    writer.close()
