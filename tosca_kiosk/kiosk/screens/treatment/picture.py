"""What the screen says of the camera's picture: live with its rate, or that there is none."""

from __future__ import annotations

from typing import NamedTuple

from tosca_kiosk.kiosk.snapshot.state import KioskState

NO_PICTURE = "NO LIVE IMAGE"
COVERED = "COVERED"
"""The picture is live, and nothing can be seen in it."""


class PictureView(NamedTuple):
    """The picture's place. shown: the cart has a camera. live: its picture may be shown.

    rate: whether anything can be seen in it, and how many new pictures come a second. target: the planned
    ring's diameter as a share of the picture's width, None where that is not known.
    """

    shown: bool
    live: bool
    rate: str
    target: float | None


def picture_view(state: KioskState) -> PictureView:
    """Return what is shown; a picture that is not live is not shown at all."""
    picture = state.picture
    if not state.camera or picture is None or not picture.live(state.now_s):
        return PictureView(shown=state.camera, live=False, rate="", target=None)
    rate = "LIVE" if picture.rate_hz is None else f"LIVE {picture.rate_hz:.0f} fps"
    if picture.covered:
        rate = f"{COVERED}, {rate}"
    return PictureView(shown=True, live=True, rate=rate, target=_target(state, picture.width_px))


def _target(state: KioskState, width_px: int) -> float | None:
    """Return the ring of the present step, or of the first one before there is a session."""
    live, plan, scale = state.live, state.protocol, state.picture_um_per_px
    ring_mm = None if live is None else live.ring_target_mm
    if ring_mm is None and plan is not None:
        ring_mm = plan.steps[0].ring_size_mm
    return None if ring_mm is None or scale is None else ring_mm * 1000.0 / (scale * width_px)
