"""A calibration's certificate: what was measured, how it was judged, who decided, the line to sign on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.domain.calibrating.kinds import KINDS, Kind
from tosca_kiosk.domain.calibrating.validation import Validation
from tosca_kiosk.reports import certificate_texts as words
from tosca_kiosk.reports import fonts, forms, texts
from tosca_kiosk.reports.certificate_plot import key, plot
from tosca_kiosk.reports.layout import (
    WIDTH,
    Every,
    heading,
    pairs,
    paragraph,
    pdf,
    ruled,
    signatures,
    table,
)
from tosca_kiosk.session import RefusedError
from tosca_kiosk.session.calibration_standing import CalibrationStanding
from tosca_kiosk.storage import Reader, users

_MOST_FAILURES: Final = 8


def certificate_pdf(reader: Reader, found: CalibrationStanding) -> bytes:
    """Return the certificate of a calibration that this program judged; of the same row the same bytes.

    Raises RefusedError for one that it did not judge.
    """
    number, validation = found.saved.calibration_id, found.validation
    kind = KINDS.get(found.saved.calibration_type)
    if (
        validation is None
        or kind is None
        or (validation.x_name, validation.y_name) != (kind.x_name, kind.y_name)
    ):
        raise RefusedError(
            f"calibration {number} was not judged by this program, so there is nothing to certify; "
            "tosca-kiosk calibrate import FILE judges a maker's certificate"
        )
    fonts.register()
    story: list[Flowable] = [
        Spacer(0, 3 * mm),
        _who(reader, found, validation),
        Spacer(0, 3 * mm),
        _verdict(found, validation),
        *_curve(kind, validation),
        *_points(validation),
        *_drift(validation),
        *_how(validation),
    ]
    return pdf(_every(found), story)


def _every(found: CalibrationStanding) -> Every:
    saved = found.saved
    serial = saved.device_serial_number or texts.UNKNOWN
    return Every(
        title=words.TITLE,
        subject=words.SUBJECT,
        code=serial,
        session=words.NUMBER.format(number=saved.calibration_id, day=forms.day(saved.calibration_date)),
        place=texts.CALIBRATIONS.get(saved.calibration_type, saved.calibration_type),
        band="",
        foot=words.FOOT.format(serial=serial, number=saved.calibration_id, maker=texts.MAKER),
    )


def _who(reader: Reader, found: CalibrationStanding, validation: Validation) -> Flowable:
    saved, meter, unit = found.saved, validation.meter, validation.judgement.unit
    user = users.of_id(reader, saved.tech_id)
    decision = validation.decision
    uncertain = words.K.format(
        value=meter.uncertainty, unit=unit, k=validation.judgement.uncertainty.coverage_factor
    )
    left = [
        (words.KIND, saved.calibration_type),
        (words.DEVICE, f"{saved.device_type} {saved.device_serial_number}"),
        (
            words.MEASURED,
            words.MEASURED_SAID.format(day=_day(validation.measured_on), who=validation.measured_by),
        ),
        (words.DUE, _day(validation.due_on)),
        (
            words.BROUGHT_IN,
            texts.UNKNOWN if user is None else texts.USER.format(name=user.full_name, username=user.username),
        ),
    ]
    right = [
        (
            words.PAPER,
            words.PAPER_SAID.format(
                number=validation.certificate.number, day=_day(validation.certificate.dated)
            ),
        ),
        (
            words.METER,
            words.METER_SAID.format(
                serial=meter.serial_number,
                wavelength=meter.wavelength_nm,
                range=meter.y_range,
                unit=words.UNITS[validation.y_name],
            ),
        ),
        (words.METER_UNCERTAIN, uncertain),
        (words.METER_UNTIL, _day(meter.calibrated_until)),
        (
            words.NOT_DECIDED if decision is None else words.DECIDED[decision.confirmed],
            words.NOBODY
            if decision is None
            else words.DECIDED_SAID.format(
                at=decision.at.partition(".")[0],
                who=decision.by,
                reason="" if decision.reason is None else f": {decision.reason}",
            ),
        ),
    ]
    return pairs(
        [
            [paragraph(one, "quiet"), paragraph(said), paragraph(other, "quiet"), paragraph(more)]
            for (one, said), (other, more) in zip(left, right, strict=True)
        ],
        (22, 70, 24, 67),
    )


def _verdict(found: CalibrationStanding, validation: Validation) -> Flowable:
    """Return the box: the verdict with its reasons, and the uncertainty of the result."""
    judgement = validation.judgement
    uncertainty = judgement.uncertainty
    title = words.UNKNOWN_STATE if found.state is None else words.VERDICTS[found.state]
    said = [failure.text for failure in judgement.failures[:_MOST_FAILURES]] or [words.ALL_PASSED]
    if (more := len(judgement.failures) - _MOST_FAILURES) > 0:
        said.append(words.MORE_FAILURES.format(count=more, number=found.saved.calibration_id))
    left = [paragraph(title, "verdict"), Spacer(0, 1.5 * mm), *(paragraph(one) for one in said)]
    right = [
        paragraph(words.RESULT, "quiet"),
        paragraph(
            words.OF_ALLOWED.format(
                value=_figure(uncertainty.expanded), unit=judgement.unit, allowed=judgement.tolerance
            ),
            "large",
        ),
        Spacer(0, 1 * mm),
        paragraph(
            words.PARTS.format(
                k=uncertainty.coverage_factor,
                meter=_figure(uncertainty.meter),
                repeats=_figure(uncertainty.repeats),
                curve=_figure(uncertainty.curve),
                unit=judgement.unit,
            )
        ),
    ]
    box = Table([[left, right]], colWidths=[WIDTH * 0.56, WIDTH * 0.44], splitInRow=1)
    box.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 1.5, black),
                ("LINEBEFORE", (1, 0), (1, 0), 0.6, black),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 9),
                ("RIGHTPADDING", (0, 0), (-1, -1), 9),
                ("TOPPADDING", (0, 0), (-1, -1), 7),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return box


def _curve(kind: Kind, validation: Validation) -> list[Flowable]:
    line = validation.judgement.line
    said = words.LINE_SAID.format(
        y=validation.y_name,
        x=validation.x_name,
        intercept=line.intercept,
        sign="\u2212" if line.slope < 0.0 else "+",
        slope=abs(line.slope),
        r_squared=line.r_squared,
    )
    picture = [
        Spacer(0, 4.5 * mm),
        ruled(words.CURVE_HEADING, key(WIDTH * 0.5)),
        Spacer(0, 1.5 * mm),
        plot(validation, kind, WIDTH),
    ]
    return [
        KeepTogether(picture),
        paragraph(said),
        paragraph(words.IN_USE, "note"),
    ]


def _points(validation: Validation) -> list[Flowable]:
    rows = [
        (
            str(point.number),
            f"{point.x:.6g}",
            f"{point.y:.5g}",
            ", ".join(f"{y:.5g}" for y in point.ys),
            f"{point.spread:.2g}",
            f"{point.residual:+.2g}",
            f"{point.held_back:+.2g}",
        )
        for point in validation.judgement.points
    ]
    columns = (
        words.POINT_COLUMN,
        words.AXES[validation.x_name],
        words.AXES[validation.y_name],
        words.REPEATS_COLUMN,
        words.SPREAD_COLUMN,
        words.RESIDUAL_COLUMN,
        words.HELD_BACK_COLUMN,
    )
    return [
        *heading(words.POINTS_HEADING),
        table(columns, rows, (12, 38, 24, 50, 18, 20, 20), (1, 2, 4, 5, 6)),
        paragraph(words.POINTS_NOTE.format(y=words.UNITS[validation.y_name]), "note"),
    ]


def _drift(validation: Validation) -> list[Flowable]:
    return [*heading(words.DRIFT_HEADING), *(paragraph(said) for said in _drift_said(validation))]


def _drift_said(validation: Validation) -> Iterator[str]:
    drift = validation.drift
    if not drift.moved:
        yield words.NO_HISTORY
        return
    for one in drift.moved:
        yield words.MOVED.format(number=one.number, day=_day(one.made), by=one.by, unit=drift.unit)
    if drift.per_year is None:
        yield words.NO_TREND
        return
    trend = words.TREND.format(per_year=drift.per_year, unit=drift.unit)
    leaves = drift.leaves_on
    yield (
        words.NO_LEAVING.format(trend=trend)
        if leaves is None
        else words.LEAVES.format(trend=trend, day=_day(leaves))
    )


def _how(validation: Validation) -> list[Flowable]:
    head = heading(words.HOW_HEADING)
    signed = (words.SIGN_TECHNICIAN, words.SIGN_SUPERVISOR, texts.SIGN_DATE)
    kept = [
        paragraph(words.HOW),
        Spacer(0, 1 * mm),
        paragraph(words.FILE_HASH, "note"),
        paragraph(validation.certificate.sha256, "mono"),
        *signatures(signed),
    ]
    return [*head[:2], KeepTogether([*head[2:], *kept])]


def _figure(value: float) -> str:
    """Return a figure with two digits that count, as far as they stand behind the point."""
    return forms.figure(value, max(0, 1 - math.floor(math.log10(value))) if value > 0.0 else 0)


def _day(day: date) -> str:
    return forms.day(datetime.combine(day, time()))
