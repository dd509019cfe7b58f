"""Figures, times and spans as a report writes them. What is not known is said so, never left blank or 0."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from tosca_kiosk.reports import texts

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0


def amount(value: float | None, unit: str, digits: int = 1) -> str:
    """Return a figure with its unit."""
    return texts.UNKNOWN if value is None else f"{figure(value, digits)} {unit}"


def figure(value: float | None, digits: int = 1) -> str:
    """Return a figure for a column that names its unit."""
    return (
        texts.UNKNOWN
        if value is None or not math.isfinite(value)
        else f"{value:,.{digits}f}".replace(",", "\u00a0")
    )


def share(part: float | None, whole: float | None) -> str:
    """Return a part of a whole in per cent."""
    if part is None or whole is None or not whole > 0.0:
        return texts.UNKNOWN if part is None else texts.NONE
    return f"{100.0 * part / whole:.1f} %"


def clock(t_s: float, digits: int = 2) -> str:
    """Return a session time: m:ss, from an hour on h:mm:ss."""
    if not math.isfinite(t_s):
        return texts.UNKNOWN
    rounded = round(t_s, digits)
    minutes, seconds = divmod(rounded, _MINUTE_S)
    wide = 2 if digits == 0 else 3 + digits
    tail = f"{seconds:0{wide}.{digits}f}"
    if rounded < _HOUR_S:
        return f"{int(minutes)}:{tail}"
    return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{tail}"


def length(seconds: float | None) -> str:
    """Return how long something is: 38.0 s, 2 min 30 s, 1 h 0 min 9 s."""
    if seconds is None:
        return texts.UNKNOWN
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] + [f"{rest} s"] * (rest > 0)
    return " ".join(parts)


def day(time: datetime | None) -> str:
    """Return the day of a time, in UTC."""
    return texts.UNKNOWN if time is None else f"{time.day} {texts.MONTHS[time.month - 1]} {time.year}"


def moment(time: datetime | None) -> str:
    """Return a time of day with its day, in UTC."""
    return texts.UNKNOWN if time is None else f"{day(time)}, {time:%H:%M:%S}"


def known(text: str | None) -> str:
    """Return a text of the record, or that it says none."""
    return text if text is not None and text.strip() else texts.NOTHING_SAID
