"""The base of every screen's part: what its touches ask for, and its form."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader

Form = TypeVar("Form")


class Part(Generic[Form]):
    """A screen without its looks. form: what it has in hand, immutable; the snapshot shows it.

    It tells other screens through the desk, and asks the router for them; it knows no other part.
    """

    form: Form

    def __init__(self, desk: Desk, leader: Leader) -> None:
        self._desk = desk
        self._leader = leader

    def enter(self, about: Any = None) -> None:
        """The screen is shown anew. about: what it shall show, where it can show several."""

    def turn(self) -> None:
        """Called every turn of the main loop, whatever screen is shown."""
