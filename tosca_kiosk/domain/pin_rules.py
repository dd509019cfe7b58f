"""What a PIN may be: six digits that are not among those that others try first."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

PIN_DIGITS: Final = 6
NOT_SIX_DIGITS: Final = f"a PIN has {PIN_DIGITS} digits, 0 to 9; choose such a one"
WEAK_PIN: Final = "this PIN is easy to guess: no repeats, runs, dates or years"
"""One text for all kinds: which kind it was would tell a bystander most of it."""

_HALF: Final = PIN_DIGITS // 2
_DAYS: Final = range(1, 32)
_MONTHS: Final = range(1, 13)
_CENTURIES: Final = ("19", "20")


def pin_problem(pin: str) -> str | None:
    """Return why an account cannot be given this PIN, None where it can; never a digit of it."""
    if not (len(pin) == PIN_DIGITS and pin.isascii() and pin.isdigit()):
        return NOT_SIX_DIGITS
    return WEAK_PIN if is_weak(pin) else None


def is_weak(pin: str) -> bool:
    """Say whether six digits are among those that others try first: every eighth PIN is."""
    return len(set(pin)) < 3 or _repeats(pin) or _runs(pin) or _is_like_a_date(pin)


def _repeats(pin: str) -> bool:
    """Return whether it is 123123, 112233 or 123321."""
    first, second = pin[:_HALF], pin[_HALF:]
    return second in (first, first[::-1]) or pin[::2] == pin[1::2]


def _runs(pin: str) -> bool:
    """Return whether the digits go up or down by the same step, past 9 too, in one run or in two of three."""
    steps = [(int(after) - int(before)) % 10 for before, after in pairwise(pin)]
    halves = steps[: _HALF - 1], steps[_HALF:]
    return len(set(steps)) == 1 or all(half in ([1, 1], [9, 9]) for half in halves)


def _is_like_a_date(pin: str) -> bool:
    """Return whether it holds a day and a month where dates have them, or a year: 310184, 840131, 011984."""
    one, two, three = (int(pin[at : at + 2]) for at in (0, 2, 4))
    # Day, month and year; month, day and year; year, month and day.
    dated = any(day in _DAYS and month in _MONTHS for day, month in ((one, two), (two, one), (three, two)))
    return dated or pin[:2] in _CENTURIES or pin[2:4] in _CENTURIES
