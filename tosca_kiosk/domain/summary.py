"""What a session's row says at its end, from the state that its last step left."""

from __future__ import annotations

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.state import State

LIGHT_NOT_CONFIRMED = "light not confirmed ended"
"""Why a session was aborted whose darkness was not known when it, or its record, ended."""


def not_confirmed(reason: str | None) -> str:
    """Return the reason of a session whose light is not confirmed ended, what was known before behind it."""
    if reason is None:
        return LIGHT_NOT_CONFIRMED
    return reason if unconfirmed(reason) else f"{LIGHT_NOT_CONFIRMED}; {reason}"


def unconfirmed(reason: str | None) -> bool:
    """Whether a session that was aborted for this reason is one whose light is not confirmed ended."""
    return (reason or "").startswith(LIGHT_NOT_CONFIRMED)


def known_before(reason: str) -> str:
    """Return why a session was aborted but for its light not being confirmed ended; empty if that is all."""
    return reason.removeprefix(LIGHT_NOT_CONFIRMED).removeprefix("; ") if unconfirmed(reason) else reason


def left_in_light(state: State) -> bool:
    """Whether a session that ends with this state is still open, and its darkness not known."""
    return state.session_open and not state.dark


def summarise(state: State, abort_reason: str | None = None) -> Summary:
    """Return the summary of a session. abort_reason: why it ended when the state itself does not know."""
    reason = state.abort_reason or abort_reason or (None if state.finished else "not finished")
    if left_in_light(state):
        reason = not_confirmed(reason)
    lit_s = state.emission_s + state.lit_beyond_s
    lit = lit_s > 0.0
    return Summary(
        status="completed" if reason is None else "aborted",
        abort_reason=reason,
        duration_s=state.now_s,
        laser_on_time_s=lit_s,
        avg_power_w=state.measured_j / lit_s if lit else None,
        max_power_w=state.max_measured_w if lit else None,
        energy_j=state.measured_j,
        commanded_j=state.commanded_j,
    )
