"""Choosing a protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.protocols.form import ProtocolsForm
from tosca_kiosk.kiosk.services import plans
from tosca_kiosk.kiosk.services.plans import ListedProtocol, Listing


class Protocols(Part[ProtocolsForm]):
    """Lists the protocols with why one cannot be treated."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self.form = ProtocolsForm()

    def enter(self, about: Any = None) -> None:
        """Show the protocols, checked anew."""
        desk = self._desk
        desk.protocol = None
        self.form = ProtocolsForm(busy=True)
        desk.errands.run(
            ProtocolsForm,
            "The protocols cannot be read",
            lambda: plans.listed(desk.record),
            self._listed,
            refused=self._refused,
            wanted=lambda: desk.router.shown == "protocols",
        )

    def _listed(self, listing: Listing) -> None:
        self.form = replace(self.form, listing=listing, busy=False)

    def choose(self, name: str) -> None:
        """Choose a protocol; a refused one is shown too, with its reason."""
        listing = self.form.listing
        rows = () if listing is None else listing.protocols
        chosen = next((row for row in rows if row.name == name), None)
        self.form = replace(self.form, chosen=chosen)
        self._desk.protocol = _usable(chosen)

    def _refused(self, text: str) -> None:
        self.form = ProtocolsForm(listing=Listing((), text))


def _usable(chosen: ListedProtocol | None) -> ListedProtocol | None:
    """Return the protocol where the cart may follow it, else None."""
    return chosen if chosen is not None and chosen.refused is None and chosen.plan is not None else None
