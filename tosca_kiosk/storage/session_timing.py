"""How punctual control was in a session: read off its journal's lines where it is imported.

A tick line begins with its session time and with what came in, of which the second is how late the tick began
(see domain/inputs.py). So much is cut out of the text: to decode every line takes longer than the import.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise

from tosca_kiosk.domain.journal_lines import TICK_TIME_AT
from tosca_kiosk.storage.door import Reader, Transaction

_LOOKED_AT = 256
"""Of so many ticks the times are kept, which tell the period."""
_ROUNDING = 1e-6
"""Of a period: deadlines do not survive the way through seconds exactly."""


@dataclass(frozen=True, slots=True)
class Timing:
    """ticks: of control, in the journal; late_ticks: of them begun later than one period."""

    ticks: int
    late_ticks: int
    worst_late_ms: float


class TickTimes:
    """Takes a journal's tick lines one by one. known: False once a line was not as this program writes it."""

    def __init__(self) -> None:
        self.known = True
        self._late_s = array("d")
        self._due_s: list[float] = []

    def take(self, line: bytes) -> None:
        """Note how late the tick of this line began."""
        try:
            time, _, late, _ = line.split(b",", 3)
            late_s = float(late)
            if len(self._due_s) < _LOOKED_AT:
                self._due_s.append(float(time[TICK_TIME_AT:]) - late_s)
        except ValueError:
            self.known = False
            return
        self._late_s.append(late_s)

    def timing(self) -> Timing | None:
        """Return what the ticks say together; None where there is none, or one could not be read."""
        if not self.known or not self._late_s:
            return None
        # A tick is due at a multiple of the period, however late it begins, and none is due twice.
        period_s = min((later - earlier for earlier, later in pairwise(self._due_s)), default=0.0)
        limit_s = period_s * (1.0 + _ROUNDING)
        late_ticks = sum(late_s > limit_s for late_s in self._late_s) if period_s > 0.0 else 0
        worst_s = max(self._late_s)
        return Timing(
            ticks=len(self._late_s), late_ticks=late_ticks, worst_late_ms=max(worst_s, 0.0) * 1000.0
        )


def keep(transaction: Transaction, session_id: int, timing: Timing | None) -> None:
    """Write a session's timing, over that of a close that knew less; nothing where it is not known."""
    if timing is None:
        return
    values = {
        "ticks": timing.ticks,
        "late_ticks": timing.late_ticks,
        "worst_late_ms": timing.worst_late_ms,
    }
    if transaction.held_one("session_timing", session_id=session_id) is None:
        transaction.insert("session_timing", session_id=session_id, **values)
    else:
        transaction.update("session_timing", {"session_id": session_id}, **values)


def of_session(reader: Reader, session_id: int) -> Timing | None:
    """Return a session's timing, None where nobody knows."""
    found = reader.held_one("session_timing", session_id=session_id)
    if found is None or found.odd:
        return None
    row = found.row
    return Timing(ticks=row["ticks"], late_ticks=row["late_ticks"], worst_late_ms=row["worst_late_ms"])
