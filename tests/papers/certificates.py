"""A maker's certificate as a file: its keys, its readings, and what each kind is judged by."""

from __future__ import annotations

from tests.papers.tables import paper as whole
from tests.papers.tables import table
from tosca_kiosk.domain.calibrating.judgement import Fault
from tosca_kiosk.domain.calibrating.kinds import (
    COVERAGE_FACTOR,
    KINDS,
    MOST_POINTS,
    WAVELENGTH_NM,
    WAVELENGTH_TOLERANCE_NM,
    Kind,
)

_KEYS = (
    ("calibration_type", "text", "one of the types below"),
    ("device_serial_number", "text", "the device's, as in the cart's configuration; any other is refused"),
    ("measured_on", "day", "becomes the calibration's date"),
    ("measured_by", "text", "who measured, and where"),
    ("certificate_number", "text", "the same of the same device comes in once"),
    ("certificate_date", "day", "not before it was measured"),
    ("due_on", "day", "may be left out; the cart's own interval holds where it ends sooner"),
    ("interval_days", "whole number", "in place of due_on; where neither stands, what the table below says"),
    ("notes", "text", "may be left out"),
    ("meter.serial_number", "text", "of the reference meter"),
    (
        "meter.wavelength_nm",
        "number",
        f"{WAVELENGTH_NM:g}, at most {WAVELENGTH_TOLERANCE_NM:g} beside it",
    ),
    ("meter.range_watts, meter.range_mm", "number", "where the meter's range ended; of a ring in mm"),
    (
        "meter.uncertainty_percent, meter.uncertainty_mm",
        "number",
        f"of the meter, k = {COVERAGE_FACTOR:g}; of a ring in mm",
    ),
    ("meter.calibrated_until", "day", "the meter's own calibration; not before it measured here"),
    ("readings", "list", "in the order in which they were read: point, and the two columns of the type"),
)
_FAULTS = {
    Fault.METER_RANGE: "a factor of ten, undone for all, some or one of them, makes everything fit",
    Fault.SWAPPED_READINGS: "two points or two readings exchanged make everything fit",
    Fault.TOO_EARLY: "the repeats of a point go one way by more than the spread's tolerance",
    Fault.SLOPE: "no device of the type has such a slope from the first to the last point",
    Fault.NOT_MONOTONIC: "the curve turns or stands",
    Fault.SPAN: "the points cover too little",
    Fault.SPREAD: "a repeat is too far from its point",
    Fault.HELD_BACK: "a point is too far from what all others predict",
    Fault.NOT_STRAIGHT: "a point of a linear device is too far from the straight line",
    Fault.UNCERTAINTY: "the result is less certain than its tolerance",
}


def _row(kind: Kind) -> tuple[str, ...]:
    spread_unit = kind.x_name.rpartition("_")[2] if kind.spread_of_x else kind.unit
    return (
        f"`{kind.calibration_type}`",
        kind.device,
        f"`{kind.x_name}`, `{kind.y_name}`",
        f"{kind.tolerance:g} {kind.unit}",
        f"{kind.spread:g} {spread_unit}",
        f"{kind.least_points} to {MOST_POINTS}, {kind.least_repeats} readings each, over {kind.least_span:g}",
        f"{kind.slope_low:g} to {kind.slope_high:g}",
        f"{kind.interval_days}",
    )


def paper() -> str:
    """Print CERTIFICATES.md."""
    return whole(
        "A maker's certificate",
        "`tosca-kiosk calibrate import FILE --tech USERNAME` takes it as YAML (`.yaml`) or CSV (`.csv`), "
        "UTF-8, judges it and stores it. It comes into force by `calibrate confirm N` of a supervisor who "
        "did not bring it in. Examples are `configs/calibrations/certificate_photodiode.yaml` and "
        "`certificate_ring.csv`. A day is written as 2026-11-02, a number with a point.",
        table(("key", "is", "holds"), [(f"`{key}`", kind, said) for key, kind, said in _KEYS]),
        "In CSV each key is a line `key,value`; behind them stands the line of columns, which begins with "
        "`point`, and a line for each reading. Readings of one number are the repeats of one point.",
        "## What each type is judged by",
        table(
            (
                "type",
                "of the",
                "columns",
                "tolerance",
                "spread of repeats",
                "points, and span of y",
                "slope",
                "days",
            ),
            (_row(kind) for kind in KINDS.values()),
        ),
        "The tolerance holds for held-back points, for the straight line where the device is linear (the "
        "photodiode), and for the uncertainty of the result. Per cent are of the reading; below a fifth of "
        "the highest point they are of that fifth. In use is the curve of straight pieces between the "
        "points' means.",
        "## Why it fails",
        "What cannot be meant is refused by its path or line, and nothing is stored: too few or equal "
        "points, swapped columns, text, a comma for a point, a reading of 0, over range or no number, "
        "another device, another wavelength, an expired certificate or meter. Measurements that fail are "
        "stored as failed with their reasons, and never come into force; the first three below are causes, "
        "told before what else is found.",
        table(("reason", "is"), [(f"`{fault}`", _FAULTS[fault]) for fault in Fault]),
        "## Uncertainty of the result",
        f"By the Guide to the expression of uncertainty in measurement (JCGM 100:2008), expanded by k = "
        f"{COVERAGE_FACTOR:g}: U = k sqrt(meter^2 + repeats^2 + curve^2), at the worst point of each.",
        table(
            ("part", "is", "by"),
            (
                ("meter", "its stated uncertainty over k", "4.3.3"),
                ("repeats", "the standard deviation of a point's n repeats over sqrt(n)", "4.2.3"),
                ("curve", "the largest error of an inner point that was held back, over sqrt(3)", "4.3.7"),
            ),
        ),
        "## Drift",
        "The new curve is compared with those of the same device that were once in force, at its own "
        "points. From four calibrations over 90 days on, the line of least squares through them, where it "
        "is twice as steep as its own standard error, says when the device leaves the tolerance.",
    )
