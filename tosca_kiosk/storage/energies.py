"""The energies of sessions: measured, commanded, and the larger of both, which counts as dose."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.storage.door import Reader, Transaction

DIFFER_FRACTION, DIFFER_J = 0.05, 0.5
"""Measured and commanded energy that are further apart than both, of the larger, are told apart in words."""


@dataclass(frozen=True, slots=True)
class Energies:
    """A session's energies in joules; None where nobody knows. larger_j: None where not all is known."""

    measured_j: float | None
    commanded_j: float | None
    larger_j: float | None

    @property
    def at_least_j(self) -> float:
        """As much as is known to have been given."""
        return max(self.measured_j or 0.0, self.commanded_j or 0.0, self.larger_j or 0.0)

    @property
    def differ(self) -> bool:
        """Whether measured and commanded energy are so far apart that a person must know of both."""
        if self.measured_j is None or self.commanded_j is None:
            return False
        apart_j = abs(self.measured_j - self.commanded_j)
        return apart_j > DIFFER_J and apart_j > DIFFER_FRACTION * max(self.measured_j, self.commanded_j)


UNKNOWN = Energies(measured_j=None, commanded_j=None, larger_j=None)


def in_words(energies: Energies) -> str:
    """Return both energies, and which of them counts, for a person."""
    if energies.commanded_j is None:
        return f"Measured {_joules(energies.measured_j)}, commanded not recorded."
    counts = "not all is known." if energies.larger_j is None else f"{_joules(energies.larger_j)} counts."
    return f"Measured {_joules(energies.measured_j)}, commanded {_joules(energies.commanded_j)}: {counts}"


def keep(transaction: Transaction, session_id: int, summary: Summary, *, whole: bool) -> Energies:
    """Write the energies of a session that is being closed, over those of a close that knew less.

    whole: whether its record tells all of its light; where it breaks off, the larger is not known. Nor is it
    where a record from before does not tell what was commanded, unless there was no light. Of a record that
    breaks off before any light nothing is known.
    """
    lit = summary.laser_on_time_s > 0.0 or summary.energy_j > 0.0
    known = whole and (summary.commanded_j is not None or not lit)
    kept = UNKNOWN
    if tells(summary, whole=whole):
        larger_j = summary.dose_j if known else None
        kept = Energies(measured_j=summary.energy_j, commanded_j=summary.commanded_j, larger_j=larger_j)
    values = {
        "measured_joules": kept.measured_j,
        "commanded_joules": kept.commanded_j,
        "larger_joules": kept.larger_j,
    }
    if transaction.held_one("session_energies", session_id=session_id) is None:
        transaction.insert("session_energies", session_id=session_id, **values)
    else:
        transaction.update("session_energies", {"session_id": session_id}, **values)
    return kept


def tells(summary: Summary, *, whole: bool) -> bool:
    """Whether a summary's figures say anything: of a record that is not whole, no light is no figure."""
    return whole or summary.laser_on_time_s > 0.0 or summary.dose_j > 0.0


def of_sessions(reader: Reader, session_ids: tuple[int, ...]) -> dict[int, Energies]:
    """Return the energies of sessions by number; those that are still open have none yet.

    One that the row does not tell is not known, as a number of another type is.
    """
    found = reader.held("session_energies", session_id=session_ids) if session_ids else []
    return {
        row["session_id"]: Energies(
            measured_j=row["measured_joules"],
            commanded_j=row["commanded_joules"],
            larger_j=row["larger_joules"],
        )
        for row, _ in found
    }


def warning(energies: Energies) -> SafetyEvent:
    """Return the line of the safety log that tells of energies that differ."""
    return noticed(
        "photodiode_out_of_range",
        f"{in_words(energies)} Check photodiode and laser before the next session.",
        "none",
        {
            "trigger_source": "session_energy",
            "measured_energy_joules": energies.measured_j,
            "commanded_energy_joules": energies.commanded_j,
        },
    )


def _joules(energy_j: float | None) -> str:
    return "unknown" if energy_j is None else f"{energy_j:.1f} J"
