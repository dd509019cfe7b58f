"""Makers' certificates for the tests: of each kind one that is right, to be changed, and as a file."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tosca_kiosk.config import bundled
from tosca_kiosk.domain.calibrating.kinds import KINDS
from tosca_kiosk.domain.calibrating.readings import Reading, points_of
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, RING

SERIALS = {PHOTODIODE: "BOARD-0001", POWER: "LASER-0001", RING: "STAGE-0001"}
NOISE = (0.0004, -0.0006, 0.0002)
"""What repeats are beside their point, as parts of it."""
YEAR = 365


def true_points(kind):
    """Return the points of the world as shipped, without those that no meter reads."""
    if kind == PHOTODIODE:
        return [(volts, 2.0 * volts) for volts in (0.5, 1.0, 2.0, 3.0, 4.0, 4.8)]
    if kind == RING:
        return [(float(um), 2.0 + um / 1000.0) for um in range(0, 2001, 400)]
    rows = json.loads(bundled("calibrations/simulated_10w.json").read_text("utf-8"))
    [laser] = [row for row in rows if row["calibration_type"] == POWER]
    return [(one["current_ma"], one["power_watts"]) for one in laser["calibration_data"]["points"]][2::3]


def readings(kind, points=None, noise=NOISE):
    """Return readings of a kind as (point, x, y), each point as often as there is noise."""
    return [
        (number, x, round(y * (1.0 + part), 6))
        for number, (x, y) in enumerate(points or true_points(kind), start=1)
        for part in noise
    ]


def points(kind, rows=None):
    """Return the domain's points of readings."""
    return points_of(
        [
            Reading(place=f"readings[{at}]", point=n, x=x, y=y)
            for at, (n, x, y) in enumerate(rows or readings(kind))
        ]
    )


def certificate(kind, today, **changes):
    """Return a document that is right on a day; changes: by key, of the meter by `meter__key`."""
    names, watts = KINDS[kind], kind != RING
    document = {
        "calibration_type": kind,
        "device_serial_number": SERIALS[kind],
        "measured_on": str(today),
        "measured_by": "M. Keller, Example Metrology",
        "certificate_number": f"EM-{kind}",
        "certificate_date": str(today),
        "interval_days": YEAR,
        "meter": {
            "serial_number": "PM-3311",
            "wavelength_nm": 1550,
            ("range_watts" if watts else "range_mm"): 15.0,
            ("uncertainty_percent" if watts else "uncertainty_mm"): 2.0 if watts else 0.02,
            "calibrated_until": str(today),
        },
        "readings": [{"point": n, names.x_name: x, names.y_name: y} for n, x, y in readings(kind)],
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return document


def written(folder: Path, document, name="certificate.yaml"):
    """Write a document as the file that its name says, and return its path."""
    file = folder / name
    if name.endswith(".csv"):
        file.write_text(as_csv(document), encoding="utf-8")
    else:
        file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return str(file)


def as_csv(document):
    """Return the same document as CSV."""
    lines = []
    for key, value in document.items():
        if key == "meter":
            lines += [f"meter.{name},{one}" for name, one in value.items()]
        elif key != "readings":
            lines.append(f'{key},"{value}"')
    columns = list(document["readings"][0])
    lines += ["", ",".join(columns)]
    lines += [",".join(str(one[column]) for column in columns) for one in document["readings"]]
    return "\n".join(lines) + "\n"
