"""What choosing a protocol has in hand."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.kiosk.services.plans import ListedProtocol, Listing


@dataclass(frozen=True, slots=True)
class ProtocolsForm:
    """chosen: also one that is refused, shown with its reason."""

    listing: Listing | None = None
    chosen: ListedProtocol | None = None
    busy: bool = False
