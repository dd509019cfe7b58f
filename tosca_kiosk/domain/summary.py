"""What a session's row says at its end, from the state that its last step left."""

from __future__ import annotations

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.state import State


def summarise(state: State, abort_reason: str | None = None) -> Summary:
    """Return the summary of a session. abort_reason: why it ended when the state itself does not know."""
    completed = state.finished and state.abort_reason is None and abort_reason is None
    lit = state.emission_s > 0.0
    return Summary(
        status="completed" if completed else "aborted",
        abort_reason=None if completed else (state.abort_reason or abort_reason or "not finished"),
        duration_s=state.now_s,
        laser_on_time_s=state.emission_s,
        avg_power_w=state.measured_j / state.emission_s if lit else None,
        max_power_w=state.max_measured_w if lit else None,
        energy_j=state.measured_j,
        commanded_j=state.commanded_j,
    )
