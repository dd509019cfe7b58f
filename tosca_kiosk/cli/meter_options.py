"""What whoever calibrates says of the reference meter: all of it, or nothing on a simulated cart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import click

from tosca_kiosk.calibration.planning import MeterSaid

_OPTIONS: Final = (
    ("--meter-serial", "serial_number", str, "Its serial number."),
    ("--meter-wavelength-nm", "wavelength_nm", float, "The wavelength that it is set to."),
    ("--meter-range-watts", "range_watts", float, "Where its range ends."),
    ("--meter-uncertainty-percent", "uncertainty_percent", float, "By its certificate, k = 2."),
    ("--meter-calibrated-until", "calibrated_until", click.DateTime(["%Y-%m-%d"]), "Its last day."),
)
_BEGIN: Final = "meter_"


def meter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the reference meter."""
    for option, name, kind, told in reversed(_OPTIONS):
        command = click.option(option, f"{_BEGIN}{name}", type=kind, help=f"Of the reference meter. {told}")(
            command
        )
    return command


def meter_said(given: Mapping[str, Any]) -> MeterSaid | None:
    """Return the meter; None where nothing was said of it. Raises UsageError for a part of it."""
    values = {name: given[f"{_BEGIN}{name}"] for _, name, _, _ in _OPTIONS}
    missing = [option for option, name, _, _ in _OPTIONS if values[name] is None]
    if len(missing) == len(_OPTIONS):
        return None
    if missing:
        raise click.UsageError(f"Of the meter is missing: {', '.join(missing)}.")
    until: date = values["calibrated_until"].date()
    return MeterSaid(**values | {"calibrated_until": until})
