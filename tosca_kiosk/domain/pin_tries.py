"""How long an account waits after wrong PINs: more and more, so that six digits are not found by trying."""

from __future__ import annotations

from typing import Final

WRONG_PIN_DELAYS_S: Final = (0.0, 2.0, 5.0, 15.0, 300.0, 900.0)
"""Seconds without another try after the n-th wrong PIN in a row; the last one holds for all further ones."""


def wrong_pin_delay_s(tries: int) -> float:
    """Return for how long no PIN is looked at after so many wrong ones in a row, 1 or more."""
    return WRONG_PIN_DELAYS_S[min(tries, len(WRONG_PIN_DELAYS_S)) - 1]


def wrong_pin_text(tries: int) -> str:
    """Return what a person is told after so many wrong PINs in a row."""
    return "Wrong PIN. Try again." if wrong_pin_delay_s(tries) == 0.0 else f"{tries} wrong PINs in a row."
