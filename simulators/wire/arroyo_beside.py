"""What a laser driver sees beside itself: its interlock loop, and a TEC controller in the same box.

Of the TEC it sees what its OUTOFF has bits for, which no COND? shows.
"""

from __future__ import annotations

from typing import Protocol

from simulators.physics.contacts import ContactFault
from simulators.plant import Contact, OnChange

TEC_OFF, TEC_TEMPERATURE, HARDWARE_ERROR = (1 << bit for bit in (10, 11, 12))


class InterlockLoop:
    """The loop through its plug; on_change is called whenever contact or plug have moved."""

    __slots__ = ("_contact", "_on_change", "_plug")

    def __init__(self, contact: Contact, on_change: OnChange) -> None:
        self._contact = contact
        self._on_change = on_change
        self._plug: ContactFault = "ok"
        contact.subscribe(on_change)

    @property
    def closed(self) -> bool:
        return self._contact.closed if self._plug == "ok" else self._plug == "closed"

    def fail_plug(self, fault: ContactFault) -> None:
        """The plug is ok, out (open) or bridged (closed)."""
        self._plug = fault
        self._on_change()


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
