"""What got worse since an older report, by a rule that the noise of a run does not trip.

A figure got worse when it rose by a quarter or more, by at least 5 us, and when of all pairs of an old and a
new tenth of the runs at least nine in ten rose. Lateness is compared as a multiple of the witness's, so that
a machine that was busier then is not taken for a better program now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tosca_kiosk.timing.samples import PARTS

WORSE_BY: Final = 1.25
WORSE_BY_US: Final = 5.0
OF_ALL_PAIRS: Final = 0.9
FORMAT: Final = "tosca-kiosk timing 1"


class CompareError(Exception):
    """No report to compare with."""


class Change(NamedTuple):
    """One figure then and now."""

    what: str
    old: float
    new: float
    unit: str
    worse: bool


def read_report(path: Path, rate_hz: int, loads: Sequence[str]) -> dict[str, Any]:
    """Return an old report of the same rate and loads. Raises CompareError."""
    try:
        report = json.loads(path.read_bytes())
    except OSError as error:
        raise CompareError(
            f"{path}: cannot be read ({error.strerror}); name the JSON of an old run"
        ) from error
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict) or report.get("format") != FORMAT or not _usable(report):
        raise CompareError(f"{path}: is no timing report; name the JSON of an old run")
    if report["rate_hz"] != rate_hz or report["loads"] != list(loads):
        then = f"{report['rate_hz']} Hz with {','.join(report['loads']) or 'no load'}"
        raise CompareError(f"{path}: was measured at {then}; measure alike to compare")
    return report


def _usable(report: dict[str, Any]) -> bool:
    try:
        list(changes(report, report))
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return isinstance(report["loads"], list)


def changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """Return every figure that both reports have."""
    for part in ("p50", "p99"):
        if old["blocks"]["witness"] and new["blocks"]["witness"]:
            yield _change(f"lateness {part}", _corrected(old, old, part), _corrected(old, new, part))
        for name in ("tick", *PARTS):
            yield _change(f"{name} {part}", old["blocks"][name][part], new["blocks"][name][part])
    missed = float(old["missed_without_witness"]), float(new["missed_without_witness"])
    # Missed periods come as a Poisson process does: three of its deviations are no noise.
    worse = missed[1] > missed[0] + 3.0 * sqrt(missed[0] + 1.0)
    yield Change("missed periods the witness did not see", *missed, "periods", worse)


def _corrected(old: dict[str, Any], new: dict[str, Any], part: str) -> list[float]:
    """Return a run's lateness had its witness been as late as the old one's."""
    factor = median(old["blocks"]["witness"][part]) / max(median(new["blocks"]["witness"][part]), 0.1)
    return [value * factor for value in new["blocks"]["late"][part]]


def _change(what: str, old: list[float], new: list[float]) -> Change:
    before, now = round(median(old), 1), round(median(new), 1)
    pairs = [later > earlier for earlier, later in product(old, new)]
    worse = (
        now >= WORSE_BY * before and now - before >= WORSE_BY_US and sum(pairs) >= OF_ALL_PAIRS * len(pairs)
    )
    return Change(what=what, old=before, new=now, unit="us", worse=worse)
