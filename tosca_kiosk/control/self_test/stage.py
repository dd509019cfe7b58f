"""Judgements of the stage; it is not moved."""

from __future__ import annotations

from typing import Final

from tosca_kiosk.control.self_test.evidence import Evidence
from tosca_kiosk.control.self_test.finding import Finding

STAGE_REACH_UM: Final = 90_000.0
"""The XLA-5-125 travels 90 mm; until the index is found its counts begin wherever it woke up."""


def trips(evidence: Evidence) -> Finding:
    """No trip was reported."""
    told = [stage.trips for s in evidence.all if (stage := s.inputs.stage) is not None]
    names = dict.fromkeys(name for trips in told for name in trips)
    return Finding(bool(told) and not names, ", ".join(names) or "none")


def position(evidence: Evidence) -> Finding:
    """Where the stage is: inside the optics' travel, or inside the stage's own where it has no index yet."""
    stage = evidence.all[-1].inputs.stage if evidence.all else None
    if stage is None:
        return Finding(False, "unknown")
    settings, slack_um = evidence.settings.stage, evidence.rules.limits.stage_tolerance_um
    low_um, high_um = settings.travel_min_um - slack_um, settings.travel_max_um + slack_um
    index = "index known"
    if not stage.index_known:
        low_um, high_um = -STAGE_REACH_UM, STAGE_REACH_UM
        index = "index not known yet, home it before a session"
    passed = low_um <= stage.position_um <= high_um
    return Finding(passed, f"{stage.position_um:g} um; {low_um:g} to {high_um:g} um allowed; {index}")


def stands(evidence: Evidence) -> Finding:
    """Nothing was asked of it, so it stands still."""
    positions = [stage.position_um for s in evidence.all if (stage := s.inputs.stage) is not None]
    moved_um = max(positions) - min(positions) if positions else float("nan")
    allowed_um = evidence.rules.limits.stage_tolerance_um
    return Finding(moved_um <= allowed_um, f"moved {moved_um:g} um unasked; {allowed_um:g} um allowed")
