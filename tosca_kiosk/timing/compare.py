"""What got worse since an older report, by a rule that the noise of a run does not trip.

Then and now are the figures that either report shows. One got worse when it rose by a quarter or more (p999
by half, the maximum to its double), by at least 5 us, and when of all pairs of an old and a new tenth of the
runs at least nine in ten rose. Lateness is judged as a multiple of the witness's, so that a machine that was
busier then is not taken for a better program now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tosca_kiosk.timing.figures import (
    LATE,
    MISSED,
    MISSED_UNSEEN,
    OF_WITNESS,
    SPREAD,
    TICK,
    WITNESS,
    figures,
    with_part,
)
from tosca_kiosk.timing.samples import PARTS

WORSE_BY: Final = {"p50": 1.25, "p99": 1.25, "p999": 1.5, "max": 2.0}
WORSE_BY_US: Final = 5.0
OF_ALL_PAIRS: Final = 0.9
FORMAT: Final = "tosca-kiosk timing 1"
NOT_TOLD: Final = "not told"

_JUDGED: Final = (TICK, *PARTS)
_CIRCUMSTANCES: Final = (
    ("processor cores", ("computer", "cores")),
    ("processor", ("computer", "processor")),
    ("kernel", ("computer", "kernel")),
    ("Python", ("computer", "python")),
    ("scheduling class", ("scheduling",)),
    ("priority", ("priority",)),
    ("locked memory", ("memory_locked",)),
    ("witness", ("witness", "name")),
    ("seconds measured", ("seconds",)),
)


class CompareError(Exception):
    """No report to compare with."""


class Change(NamedTuple):
    """One value then and now. part: of the figure's spread; nothing where it has none."""

    figure: str
    part: str
    old: float
    new: float
    unit: str
    worse: bool

    @property
    def what(self) -> str:
        """Its name, as the verdict has it."""
        return with_part(self.figure, self.part)


class Unlike(NamedTuple):
    """A circumstance in which the two runs differ."""

    what: str
    old: str
    new: str


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
        unlike(report, report)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return isinstance(report["loads"], list)


def unlike(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Unlike]:
    """Return in what the runs and their computers differ; an older report may not tell."""
    pairs = ((what, _at(old, path), _at(new, path)) for what, path in _CIRCUMSTANCES)
    return [Unlike(what=what, old=then, new=now) for what, then, now in pairs if then != now]


def _at(report: Any, path: Iterable[str]) -> str:
    for key in path:
        report = report.get(key)
        if report is None:
            return NOT_TOLD
    return {True: "yes", False: "no"}[report] if isinstance(report, bool) else str(report)


def changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """Return every value that both reports have, in the order in which figures are shown."""
    then, now = figures(old), figures(new)
    for key, figure in now.items():
        for part in (part for part in SPREAD if part in figure.spread and part in then[key].spread):
            before, after = then[key].spread[part], figure.spread[part]
            of_us = then[WITNESS].spread[part] if key == OF_WITNESS else 1.0
            rose = _rose(*_tenths(key, part, old, new))
            worse = rose and after >= WORSE_BY[part] * before and (after - before) * of_us >= WORSE_BY_US
            yield Change(figure=figure.name, part=part, old=before, new=after, unit=figure.unit, worse=worse)
    missed = float(old["missed"]), float(new["missed"])
    yield Change(figure=MISSED, part="", old=missed[0], new=missed[1], unit="periods", worse=False)
    unseen = float(old["missed_without_witness"]), float(new["missed_without_witness"])
    # Missed periods come as a Poisson process does: three of its deviations are no noise.
    worse = unseen[1] > unseen[0] + 3.0 * sqrt(unseen[0] + 1.0)
    yield Change(figure=MISSED_UNSEEN, part="", old=unseen[0], new=unseen[1], unit="periods", worse=worse)


def by_figure(compared: Sequence[dict[str, Any]]) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Return a report's comparison by figure and unit, then by part of the spread; no bare counts."""
    rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for each in compared:
        if each["part"]:
            rows.setdefault((each["figure"], each["unit"]), {})[each["part"]] = each
    return rows


def _tenths(key: str, part: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Return a value in every tenth of both runs, in us; no tenths where a row is not judged by them.

    Lateness now is what it had been with a witness as late as then; two kinds of witness cannot tell it.
    """
    if key in _JUDGED:
        return _tenth(old, key, part), _tenth(new, key, part)
    if key != OF_WITNESS or old["witness"]["name"] != new["witness"]["name"]:
        return [], []
    witness = _tenth(old, WITNESS, part), _tenth(new, WITNESS, part)
    if not all(witness):
        return [], []
    factor = median(witness[0]) / max(median(witness[1]), 0.1)
    return _tenth(old, LATE, part), [value * factor for value in _tenth(new, LATE, part)]


def _tenth(report: dict[str, Any], key: str, part: str) -> list[float]:
    """Return a value in every tenth of a run; none where an older report does not hold it."""
    return [float(value) for value in (report["blocks"][key] or {}).get(part, ())]


def _rose(old: list[float], new: list[float]) -> bool:
    pairs = [later > earlier for earlier, later in product(old, new)]
    return bool(pairs) and sum(pairs) >= OF_ALL_PAIRS * len(pairs)
