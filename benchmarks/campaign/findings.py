"""What the monitor notes: intervals of light, and rules that were broken."""

from __future__ import annotations

from typing import NamedTuple


class Violation(NamedTuple):
    """A rule that was broken. at_s: seconds of the world."""

    rule: str
    at_s: float
    detail: str


class Lit(NamedTuple):
    """One interval of true light."""

    from_s: float
    until_s: float
