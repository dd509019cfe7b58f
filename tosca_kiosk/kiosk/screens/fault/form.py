"""What the reset of a fault has in hand."""

from __future__ import annotations

from tosca_kiosk.kiosk.desk.by_pin import PinForm


class FaultForm(PinForm):
    """Whose PIN resets it."""

    __slots__ = ()
