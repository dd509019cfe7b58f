"""What a self-test has measured, in numbers: what the check of every morning keeps and compares."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import fmean

from tosca_kiosk.control.self_test.board import vibration_mg
from tosca_kiosk.control.self_test.evidence import Evidence


def found(evidence: Evidence) -> dict[str, float]:
    """Return what was measured by the names of `domain.calibrating.morning`, without what is not known."""
    boards = [sample.board for sample in evidence.all if sample.board is not None]
    rest_mg = vibration_mg(evidence.rest)
    values = {
        "dark_level_v": _mean(board.photodiode_v for board in boards),
        "vibration_rest_mg": rest_mg,
        "vibration_motor_mg": vibration_mg(evidence.running) - rest_mg,
    }
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return fmean(known) if known else math.nan
