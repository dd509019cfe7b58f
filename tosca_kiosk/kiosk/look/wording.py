"""How values are written on the screens. What is not known is written `--`, never as 0."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

UNKNOWN = "--"
ODD = "odd value"
RECORD_LOST = "The record is lost: see the alarm."


def watts(power_w: float | None) -> str:
    """Return a power with its unit."""
    return UNKNOWN if power_w is None else f"{_plain(power_w, 2)} W"


def joules(energy_j: float | None) -> str:
    """Return an energy with its unit."""
    return UNKNOWN if energy_j is None else f"{_plain(energy_j, 1)} J"


def millimetres(size_mm: float | None) -> str:
    """Return a ring size with its unit."""
    return UNKNOWN if size_mm is None else f"{_plain(size_mm, 2)} mm"


def clock(seconds: float | None) -> str:
    """Return a duration as minutes and seconds; a begun second counts."""
    if seconds is None:
        return UNKNOWN
    whole = int(seconds) + (seconds > int(seconds))
    return f"{whole // 60:02d}:{whole % 60:02d}"


def duration(seconds: float | None) -> str:
    """Return a duration for reading: `8 s`, `1 min 30 s`."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(seconds, 60.0)
    parts = [f"{minutes:.0f} min"] if minutes else []
    if rest or not minutes:
        parts.append(f"{rest:.4g} s")
    return " ".join(parts)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, whole words where it has any; its end left out."""
    if len(text) <= most:
        return text
    kept = text[: most - 4]
    whole_words = kept if text[most - 4] == " " else kept.rpartition(" ")[0] or kept
    return f"{whole_words.rstrip()} ..."


def local_time(time: datetime | None) -> str:
    """Return a time of the record as the wall clock beside the cart showed it."""
    return UNKNOWN if time is None else f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def marked(text: str, odd: Sequence[str]) -> str:
    """Return what is shown of a row, marked where something in it is no value of its column."""
    return f"{text}, {ODD}" if odd else text


def _plain(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text
