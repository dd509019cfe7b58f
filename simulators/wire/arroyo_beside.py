"""What a laser driver sees of a TEC controller in the same box, by OUTOFF bits that no COND? shows."""

from __future__ import annotations

from typing import Protocol

from simulators.plant import OnChange

TEC_OFF, TEC_TEMPERATURE, HARDWARE_ERROR = (1 << bit for bit in (10, 11, 12))


class TecInBox(Protocol):
    """A TEC controller as its neighbour knows it.

    broken: our reading of the hardware error, which WIRE.md does not explain.
    """

    @property
    def output_on(self) -> bool: ...

    @property
    def outside_limits(self) -> bool: ...

    @property
    def broken(self) -> bool: ...

    def subscribe(self, on_output: OnChange) -> None: ...


def forbidden_by(tec: TecInBox | None, off_mask: int) -> list[int]:
    """Return the errors for which it keeps the laser's output off, as far as OUTOFF says so."""
    if tec is None:
        return []
    seen = (
        (TEC_OFF, 508, not tec.output_on),
        (TEC_TEMPERATURE, 521, tec.outside_limits),
        (HARDWARE_ERROR, 511, tec.broken),
    )
    return [code for bit, code, stands in seen if stands and off_mask & bit]
