"""Which screen is shown: the one place that sets it, by the rows of the registry.

A screen comes in three ways. An occasion brings it by itself, the first that holds counts: the urgent ones
whatever is shown, the others where the screen that is shown may not stay. A part goes to it, which shows it
anew. A part goes back to it, which shows it as it was left. While armed or treating no part goes anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from tosca_kiosk.storage.users import Role

EVERYBODY: frozenset[Role | None] = frozenset({None, *Role})
STAFF: frozenset[Role | None] = frozenset(Role)
NOBODY_YET: frozenset[Role | None] = frozenset({None})
"""Roles that may see a screen; None stands for nobody signed in."""

ANYWHERE: frozenset[str] = frozenset({"*"})
"""Of a screen that no touch opens, but an answer of control or the record, whatever is shown to whom."""
AS_IT_WAS = "*"
"""What follows a screen that came over another one: that other one, as it was."""


SCREENS = "tosca_kiosk.kiosk.screens"
"""The package of the screens' folders."""


class Facts(NamedTuple):
    """What decides on the screen. role: of who is signed in, None for nobody.

    record_read: the accounts are known. no_admin: none of them rules the cart yet. unconfirmed: a session
    does not close, as it is not known that its light has ended. fault: control is in fault. session: one is
    open. may_emit: control is armed or treating.
    """

    record_read: bool
    no_admin: bool
    unconfirmed: bool
    fault: bool
    role: Role | None
    session: bool
    may_emit: bool


class Occasion(StrEnum):
    """What brings a screen by itself."""

    RECORD_UNREAD = "record_unread"
    NO_ADMIN = "no_admin"
    UNCONFIRMED = "unconfirmed"
    FAULT = "fault"
    SIGNED_OUT = "signed_out"
    SESSION_OPEN = "session_open"
    SIGNED_IN = "signed_in"


_Held = tuple[tuple[Occasion, Callable[[Facts], bool]], ...]

_URGENT: _Held = (
    (Occasion.RECORD_UNREAD, lambda facts: not facts.record_read),
    (Occasion.NO_ADMIN, lambda facts: facts.no_admin),
    (Occasion.UNCONFIRMED, lambda facts: facts.unconfirmed),
    (Occasion.FAULT, lambda facts: facts.fault),
)
"""Whatever is shown, the first that holds."""
_HOME: _Held = (
    (Occasion.SIGNED_OUT, lambda facts: facts.role is None),
    (Occasion.SESSION_OPEN, lambda facts: facts.session),
    (Occasion.SIGNED_IN, lambda facts: True),
)
"""Where the screen that is shown may not stay, the first that holds."""


class RoutedPart(Protocol):
    """A screen's part, as the router knows it."""

    def enter(self, about: Any = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A screen, and where one may go.

    name: of its folder in package, where `part.py` and `screen.py` hold its classes: `KeyOff` and
    `KeyOffScreen` of key_off. who: may see it. go_from: the screens from which a part may go to it. back_to:
    the screens to which one may go back from it. brought_by: the occasions that bring it. then: what follows
    when its occasion has passed, for one that comes over others. under_light: it may stay while armed or
    treating. quiet: no light can be, and whoever treats passes here at least once a session. wants_picture:
    it shows the camera's picture.
    """

    name: str
    who: frozenset[Role | None] = STAFF
    go_from: frozenset[str] = frozenset()
    back_to: frozenset[str] = frozenset()
    brought_by: frozenset[Occasion] = frozenset()
    then: str | None = None
    under_light: bool = False
    quiet: bool = False
    wants_picture: bool = False
    package: str = SCREENS

    def load(self, module: str, ending: str = "") -> Any:
        """Return the class of this screen in a module of its folder. Raises ImportError or AttributeError."""
        named = "".join(word.capitalize() for word in self.name.split("_"))
        return getattr(import_module(f"{self.package}.{self.name}.{module}"), f"{named}{ending}")


class Router:
    """facts: asked anew for every decision. parts: by name; given once they are made."""

    def __init__(self, rows: Sequence[Row], facts: Callable[[], Facts]) -> None:
        self._rows = {row.name: row for row in rows}
        self._brought = {occasion: row.name for row in rows for occasion in row.brought_by}
        self._facts = facts
        self._shown = self._brought[Occasion.RECORD_UNREAD]
        self._covered = self._shown
        self._gone_from: dict[str, str] = {}
        self.parts: Mapping[str, RoutedPart] = {}

    @property
    def shown(self) -> str:
        """The name of the screen that is shown."""
        return self._shown

    @property
    def row(self) -> Row:
        """The row of the screen that is shown."""
        return self._rows[self._shown]

    def may_go(self, name: str) -> bool:
        """Whether a part may go to a screen now. Raises KeyError for one that has no row."""
        row, facts = self._rows[name], self._facts()
        if facts.may_emit:
            return False
        return row.go_from is ANYWHERE or (self._shown in row.go_from and facts.role in row.who)

    def go(self, name: str, about: Any = None) -> None:
        """Show a screen anew, where one may go there. about: what its part is told of, None for nothing."""
        if self.may_go(name):
            self._gone_from[name] = self._shown
            self._show(name, about)

    def back(self, name: str | None = None) -> None:
        """Show a screen as it was left, where one may go back to it; None: the one that one came from.

        Where another has come over the screen from which one goes back, that one stays until its occasion has
        passed.
        """
        is_covered = self.row.then == AS_IT_WAS
        left = self._covered if is_covered else self._shown
        wanted = self._gone_from.get(left) if name is None else name
        if wanted not in self._rows[left].back_to or self._facts().may_emit:
            return
        if is_covered:
            self._covered = wanted
        else:
            self._shown = wanted

    def turn(self) -> None:
        """Show what must be shown now; to be called before every snapshot."""
        facts = self._facts()
        wanted = self._first(_URGENT, facts)
        if wanted != self._shown:
            self._uncover()
        if wanted is None and not self._may_stay(facts):
            wanted = self._first(_HOME, facts)
        if wanted is not None and wanted != self._shown:
            self._covered = self._shown
            self._show(wanted)

    def _first(self, occasions: _Held, facts: Facts) -> str | None:
        return next((self._brought[occasion] for occasion, holds in occasions if holds(facts)), None)

    def _uncover(self) -> None:
        then = self.row.then
        if then is not None:
            self._shown = self._covered if then == AS_IT_WAS else then

    def _may_stay(self, facts: Facts) -> bool:
        return facts.role in self.row.who and (self.row.under_light or not facts.may_emit)

    def _show(self, name: str, about: Any = None) -> None:
        self._shown = name
        self.parts[name].enter(about)
