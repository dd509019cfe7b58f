"""Earlier light of the patient, as the treatment screen shows and asks about it."""

from __future__ import annotations

from tosca_kiosk.kiosk import wording
from tosca_kiosk.session import EarlierDose, EarlierSession

Rows = tuple[tuple[str, str, str], ...]

_ROWS = 3
"""As many as stand above the question."""
_WHOLE_FROM_J = 100.0
_STATUSES = {"completed": "done", "in_progress": "open"}
"""Words short enough to stand beside the time."""


def rows(earlier: EarlierDose) -> Rows:
    """Return (when and how it ended, both energies, mark) of the newest sessions, and how many more."""
    if len(earlier.sessions) <= _ROWS:
        return tuple(_row(one) for one in earlier.sessions)
    shown = earlier.sessions[: _ROWS - 1]
    others = earlier.sessions[_ROWS - 1 :]
    rest = (f"+{len(others)} more", f"the last of {_when(others[0])}", "info")
    return (*(_row(one) for one in shown), rest)


def asked(earlier: EarlierDose, patient_code: str) -> str:
    """Return what the operator must know before another session."""
    count = len(earlier.sessions)
    sessions = "a session" if count == 1 else f"{count} sessions"
    return f"{patient_code} had {total(earlier)} in {sessions} that may be within 24 h."


def total(earlier: EarlierDose) -> str:
    """Return the sum of what counts, as far as it is known."""
    known = wording.joules(earlier.energy_j)
    return f"{known} or more" if earlier.unknown else known


def _row(one: EarlierSession) -> tuple[str, str, str]:
    found = one.energies
    mark = "refused" if found.differ or found.larger_j is None else "info"
    detail = f"measured {_joules(found.measured_j)}, set {_joules(found.commanded_j)}"
    return f"{_when(one)} {_STATUSES.get(one.ending, one.ending)}", detail, mark


def _when(one: EarlierSession) -> str:
    return wording.local_time(one.start_utc)[: -len(":00")]


def _joules(energy_j: float | None) -> str:
    """Return an energy in few characters."""
    if energy_j is None:
        return wording.UNKNOWN
    return wording.joules(energy_j) if energy_j < _WHOLE_FROM_J else f"{energy_j:.0f} J"
