"""What the treatment rested on: calibrations, the control loop, and the files that were kept."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import Flowable

from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    RING,
    Calibration,
    CalibrationError,
    parse_calibration,
)
from tosca_kiosk.reports import forms, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.layout import heading, pairs, paragraph, table
from tosca_kiosk.session.calibration_standing import due as calibration_due
from tosca_kiosk.storage.calibrations import SavedCalibration


def used(content: Content) -> list[Flowable]:
    """Return these sections."""
    return [*_calibrations(content), *_loop(content), *_recordings(content)]


def _calibrations(content: Content) -> list[Flowable]:
    head, rows = heading(texts.CALIBRATIONS_HEADING), list(_used(content))
    if not rows:
        return [*head, paragraph(texts.NO_CALIBRATIONS)]
    days = content.calibration_interval_days
    columns = (
        texts.CALIBRATION_COLUMN,
        texts.DEVICE_COLUMN,
        texts.MADE_COLUMN,
        texts.DUE_COLUMN if days is None else texts.DUE_AFTER_COLUMN.format(days=days),
    )
    return [*head, table(columns, rows, (48, 42, 38, 55))]


def _used(content: Content) -> Iterator[tuple[str, str, str, str]]:
    """Yield the calibrations of the journal's header with the record's rows that hold the same points."""
    rules, rows = content.journal.rules, content.result.calibrations
    if rules is None or rules.calibrations is None:
        for row in rows:
            yield _row(content, row.calibration_type, row.device_serial_number or texts.UNKNOWN, row)
        return
    used = rules.calibrations
    by_kind: tuple[tuple[str, Calibration], ...] = (
        (RING, used.ring),
        (PHOTODIODE, used.photodiode),
        (POWER, used.power),
    )
    for kind, calibration in by_kind:
        same = (row for row in rows if _is(row, kind, calibration))
        yield _row(content, kind, calibration.device_serial_number, next(same, None))


def _is(row: SavedCalibration, kind: str, used: Calibration) -> bool:
    if (row.calibration_type, row.device_serial_number) != (kind, used.device_serial_number):
        return False
    try:
        return parse_calibration(kind, row.calibration_data, used.device_serial_number, "") == used
    except CalibrationError:
        return False


def _row(content: Content, kind: str, serial: str, row: SavedCalibration | None) -> tuple[str, str, str, str]:
    name = texts.CALIBRATIONS.get(kind, kind)
    if row is None:
        return texts.NOT_IN_RECORD.format(kind=name), serial, texts.UNKNOWN, texts.UNKNOWN
    made, days = row.calibration_date, content.calibration_interval_days
    due, begun = texts.UNKNOWN, content.result.session.start_time
    until = None if days is None else calibration_due(row, days)
    if until is not None:
        due = forms.day(until)
        due = texts.OVERDUE.format(day=due) if begun is not None and until < begun else due
    return texts.CALIBRATION.format(kind=name, number=row.calibration_id), serial, forms.day(made), due


def _loop(content: Content) -> list[Flowable]:
    timing = content.result.timing
    if timing is None:
        said = texts.UNKNOWN, texts.UNKNOWN
    else:
        late = texts.LATE_SOME.format(count=timing.late_ticks) if timing.late_ticks else texts.LATE_NONE
        said = (
            forms.amount(timing.worst_late_ms, "ms", 2),
            texts.TICKS_SAID.format(ticks=forms.figure(timing.ticks, 0), late=late),
        )
    rows = [
        (paragraph(name, "quiet"), one)
        for name, one in zip((texts.WORST_LATE, texts.TICKS_LATE), said, strict=True)
    ]
    return [*heading(texts.LOOP_HEADING), pairs(rows, (66, 117))]


def _recordings(content: Content) -> list[Flowable]:
    found = content.result.recordings
    if not found:
        return []
    rows = [
        (
            texts.RECORDING_KINDS.get(one.recording_type, one.recording_type),
            one.file_path,
            forms.figure(one.file_size_bytes, 0),
            paragraph(one.sha256 or texts.UNKNOWN, "mono"),
        )
        for one in found
    ]
    columns = (texts.KIND_COLUMN, texts.FILE_COLUMN, texts.SIZE_COLUMN, texts.HASH_COLUMN)
    return [*heading(texts.RECORDINGS_HEADING), table(columns, rows, (22, 75, 28, 58), (2,))]
