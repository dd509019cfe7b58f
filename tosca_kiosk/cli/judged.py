"""A calibration's judgement, as the commands tell it."""

from __future__ import annotations

from typing import Any

import msgspec

from tosca_kiosk.cli.tables import printable, table_text
from tosca_kiosk.domain.calibrating.drift import Drift
from tosca_kiosk.domain.calibrating.validation import Validation


def judgement_result(validation: Validation) -> dict[str, Any]:
    """Return the verdict and the whole document as it is stored."""
    return {"passed": validation.judgement.passed, "validation_data": msgspec.to_builtins(validation)}


def judgement_text(validation: Validation) -> str:
    """Return the judgement as a page: verdict and reasons, origin, points, uncertainty, drift, decision."""
    judgement, meter = validation.judgement, validation.meter
    unit, uncertainty = judgement.unit, judgement.uncertainty
    lines = [
        "Passed." if judgement.passed else "Failed:",
        *(f"  {failure.fault}: {failure.text}" for failure in judgement.failures),
        f"Certificate {validation.certificate.number} of {validation.certificate.dated}, measured on "
        f"{validation.measured_on} by {validation.measured_by}, due on {validation.due_on}",
        f"Meter {meter.serial_number}, {meter.wavelength_nm:g} nm, {meter.uncertainty:g} {unit} uncertain "
        f"(k = {uncertainty.coverage_factor:g}), calibrated until {meter.calibrated_until}",
        f"Result uncertain by {uncertainty.expanded:.3g} {unit} (k = {uncertainty.coverage_factor:g}), "
        f"{judgement.tolerance:g} {unit} allowed; straight line R2 {judgement.line.r_squared:.5f}",
        *_drift_lines(validation.drift),
    ]
    if (decision := validation.decision) is not None:
        word = "Confirmed" if decision.confirmed else "Rejected"
        reason = "" if decision.reason is None else f": {decision.reason}"
        lines.append(f"{word} by {decision.by}, {decision.at}{reason}")
    columns = ("Point", validation.x_name, validation.y_name, "Repeats", "Spread", "From line", "Held back")
    rows = [
        (
            point.number,
            f"{point.x:.6g}",
            f"{point.y:.6g}",
            len(point.ys),
            *(f"{value:.3g}" for value in (point.spread, point.residual, point.held_back)),
        )
        for point in judgement.points
    ]
    return "\n".join(map(printable, lines)) + "\n\n" + table_text(columns, rows)


def _drift_lines(drift: Drift) -> list[str]:
    lines = [
        f"Since calibration {one.number} of {one.made} it moved by {one.by:+.3g} {drift.unit}"
        for one in drift.moved
    ]
    if drift.per_year is not None:
        leaves = "" if drift.leaves_on is None else f"; it leaves the tolerance about {drift.leaves_on}"
        lines.append(f"It moves by {drift.per_year:+.3g} {drift.unit} a year{leaves}")
    return lines
