"""Earlier light of the patient, as the treatment screen shows it before a session, and asks about it."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.session import EarlierDose, EarlierSession

Rows = tuple[tuple[str, str, str], ...]

_ROWS = 3
"""As many as stand above the words."""
_WHOLE_FROM_J = 100.0
_STATUSES = {"completed": "done", "in_progress": "open"}
"""Words short enough to stand beside the time."""


def rows(earlier: EarlierDose) -> Rows:
    """Return (when and how it ended, both energies, mark) of sessions, and of the rest how many and how much.

    Those that matter most come first: of unknown energy, then by energy, the newest of equal ones.
    """
    ranked = sorted(earlier.sessions, key=_matters)
    if len(ranked) <= _ROWS:
        return tuple(_row(one) for one in ranked)
    others = replace(earlier, sessions=tuple(ranked[_ROWS - 1 :]))
    mark = "refused" if any(_is_doubtful(one) for one in others.sessions) else "info"
    rest = (f"+{len(others.sessions)} more", total(others), mark)
    return (*(_row(one) for one in ranked[: _ROWS - 1]), rest)


def told(earlier: EarlierDose, patient_code: str) -> str:
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
    mark = "refused" if _is_doubtful(one) else "info"
    detail = f"{_joules(found.measured_j)}, set {_joules(found.commanded_j)}"
    if one.ending == LIGHT_NOT_CONFIRMED:  # these words fill the line: the time stands below them
        return one.ending, f"{_when(one)[len('2026-') :]}: {detail}", mark
    return f"{_when(one)} {_STATUSES.get(one.status, one.status)}", f"measured {detail}", mark


def _matters(one: EarlierSession) -> tuple[bool, float]:
    return one.energies.larger_j is not None, -one.energies.at_least_j


def _is_doubtful(one: EarlierSession) -> bool:
    return one.energies.differ or one.energies.larger_j is None


def _when(one: EarlierSession) -> str:
    return wording.local_time(one.start_utc)[: len("2026-11-22 11:53")]


def _joules(energy_j: float | None) -> str:
    """Return an energy in few characters."""
    if energy_j is None:
        return wording.UNKNOWN
    return wording.joules(energy_j) if energy_j < _WHOLE_FROM_J else f"{energy_j:.0f} J"
