"""What the word that the key is off has in hand."""

from __future__ import annotations

from tosca_kiosk.kiosk.desk.by_pin import PinForm


class KeyOffForm(PinForm):
    """Whose PIN vouches for it, and why that is needed."""

    __slots__ = ()
