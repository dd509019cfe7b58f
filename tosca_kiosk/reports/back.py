"""The further pages: protocol, notes, events, faults, calibrations, what is not known, proof, signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from reportlab.graphics.shapes import Drawing, Path
from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    RING,
    Calibration,
    CalibrationError,
    parse_calibration,
)
from tosca_kiosk.reports import charts, forms, texts
from tosca_kiosk.reports.content import RING_OVERRIDE, Content
from tosca_kiosk.reports.layout import WIDTH, Cell, heading, pairs, paragraph, table
from tosca_kiosk.reports.record_rows import SafetyLine
from tosca_kiosk.reports.told import EventLine
from tosca_kiosk.storage import anchors
from tosca_kiosk.storage.calibrations import SavedCalibration
from tosca_kiosk.storage.session_amendments import original

_QR_SIDE: Final = 36 * mm
_QUIET_MODULES: Final = 4
"""So many of its own modules must be empty around a QR code."""
_SHOWN_ELSEWHERE: Final = "footpedal_released"
_SIGN_HIGH: Final = 16 * mm


def back(content: Content, lines: list[EventLine]) -> list[Flowable]:
    """Return all that comes behind the first page."""
    parts: tuple[Callable[[Content], list[Flowable]], ...] = (
        _protocol,
        _notes,
        lambda _: _events(lines),
        _deviations,
        _faults,
        _safety,
        _quiet,
        _calibrations,
        _loop,
        _recordings,
        _unknown,
        _proof,
    )
    return [flowable for part in parts for flowable in part(content)]


def _protocol(content: Content) -> list[Flowable]:
    plan, clock_s = content.plan, content.result.happened.treatment_clock_s
    head = heading(texts.PROTOCOL_HEADING)
    if plan is None:
        return [*head, paragraph(texts.NO_PLAN)]
    rows = []
    for piece in plan.pieces:
        step = plan.protocol.steps[piece.step_index]
        overridden = piece.shape is not step or piece.ring_size_mm != step.ring_size_mm
        start_w, end_w = piece.power_w(piece.start_s), piece.power_w(piece.end_s)
        power = forms.figure(start_w, 2)
        if forms.figure(end_w, 2) != power:
            power = texts.FROM_TO.format(start=power, end=forms.figure(end_w, 2))
        rows.append(
            (
                texts.OVERRIDDEN.format(step=step.number) if overridden else str(step.number),
                forms.length(piece.end_s - piece.start_s),
                power,
                texts.SHAPES.get(piece.shape.ramp, str(piece.shape.ramp)),
                forms.figure(piece.ring_size_mm, 2),
                forms.figure(piece.energy_j(piece.end_s)),
                _done(clock_s, piece.start_s, piece.end_s),
            )
        )
    columns = (
        texts.STEP_COLUMN,
        texts.LENGTH_COLUMN,
        texts.POWER_COLUMN,
        texts.SHAPE_COLUMN,
        texts.RING_COLUMN,
        texts.ENERGY_COLUMN,
        texts.DONE_COLUMN,
    )
    description = plan.protocol.description
    said = [paragraph(description, "note")] if description.strip() else []
    return [*head, table(columns, rows, (22, 27, 30, 28, 20, 22, 38), (4, 5)), *said]


def _done(clock_s: float | None, start_s: float, end_s: float) -> str:
    if clock_s is None:
        return texts.UNKNOWN
    if clock_s <= start_s:
        return texts.DONE_NOTHING
    if clock_s >= end_s:
        return texts.DONE_ALL
    return texts.DONE_PART.format(done=forms.length(clock_s - start_s), length=forms.length(end_s - start_s))


def _notes(content: Content) -> list[Flowable]:
    session = content.result.session
    rows: list[tuple[Cell, ...]] = []
    for field, name in texts.NOTES.items():
        rows.append((paragraph(name, "quiet"), forms.known(original(session, field))))
        for one in content.result.amendments:
            if one.field == field:
                when, who = forms.moment(one.amended_date), _named(content, one.username)
                said = texts.AMENDED.format(when=when, who=who, reason=one.reason)
                rows.append((paragraph(said, "quiet"), one.amendment))
    return [*heading(texts.NOTES_HEADING), pairs(rows, (46, 137))]


def _named(content: Content, username: str | None) -> str:
    if username is None:
        return texts.UNKNOWN
    name = content.names.get(username)
    return username if name is None else texts.USER.format(name=name, username=username)


def _events(lines: list[EventLine]) -> list[Flowable]:
    head = heading(texts.EVENTS_HEADING)
    if not lines:
        return [*head, paragraph(texts.NO_EVENTS)]
    rows: list[tuple[Cell, ...]] = [
        (
            forms.clock(line.t_s),
            "" if line.mark is None else _sign(line.mark),
            paragraph(line.what, bold=line.weighs),
            line.value,
            line.who,
        )
        for line in lines
    ]
    columns = (texts.TIME_COLUMN, "", texts.WHAT_COLUMN, texts.VALUE_COLUMN, texts.WHO_COLUMN)
    return [*head, table(columns, rows, (20, 9, 74, 42, 38))]


def _sign(number: int) -> Drawing:
    sign = Drawing(11, 11)
    for shape in charts.circled(number, 5.5, 4.5):
        sign.add(shape)
    return sign


def _quiet(content: Content) -> list[Flowable]:
    """Return what did not happen, in a line each."""
    happened = content.result.happened
    rows = []
    if not happened.deviations:
        rows.append((texts.DEVIATIONS_HEADING, texts.UNKNOWN if happened.unread else texts.NO_DEVIATIONS))
    if not happened.faults:
        rows.append((texts.FAULTS_HEADING, texts.NO_FAULTS))
    if not _shown_safety(content):
        released = len(content.safety)
        rows.append(
            (texts.SAFETY_HEADING, texts.RELEASES.format(count=released) if released else texts.NO_SAFETY)
        )
    if not rows:
        return []
    return [
        *heading(texts.QUIET_HEADING),
        pairs([(paragraph(name, "quiet"), said) for name, said in rows], (66, 117)),
    ]


def _shown_safety(content: Content) -> list[SafetyLine]:
    return [line for line in content.safety if line.kind != _SHOWN_ELSEWHERE]


def _deviations(content: Content) -> list[Flowable]:
    head, found = heading(texts.DEVIATIONS_HEADING), content.result.happened.deviations
    if not found:
        return []
    rows = []
    for one in found:
        unit = "mm" if one.action == RING_OVERRIDE else "W"
        rows.append(
            (
                forms.clock(one.time_s),
                texts.ACTIONS.get(one.action, one.action),
                forms.amount(one.old_value, unit, 2),
                forms.amount(one.new_value, unit, 2),
                forms.known(one.reason),
            )
        )
    columns = (
        texts.TIME_COLUMN,
        texts.WHAT_COLUMN,
        texts.FROM_COLUMN,
        texts.TO_COLUMN,
        texts.REASON_COLUMN,
    )
    return [*head, table(columns, rows, (20, 42, 24, 24, 73), (2, 3))]


def _faults(content: Content) -> list[Flowable]:
    head, found = heading(texts.FAULTS_HEADING), content.result.happened.faults
    if not found:
        return []
    rows = []
    for fault in found:
        by = texts.NOT_RESET
        if fault.reset_s is not None:
            by = texts.NO_PIN if fault.reset_by is None else _named(content, fault.reset_by)
            by = by if not fault.reset_reason else f"{by}: {fault.reset_reason}"
        rows.append(
            (
                texts.UNKNOWN if fault.time_s is None else forms.clock(fault.time_s),
                fault.description,
                fault.severity,
                by,
                "" if fault.reset_s is None else forms.clock(fault.reset_s),
            )
        )
    columns = (
        texts.TIME_COLUMN,
        texts.FAULT_COLUMN,
        texts.SEVERITY_COLUMN,
        texts.RESET_COLUMN,
        texts.RESET_AT_COLUMN,
    )
    return [*head, table(columns, rows, (20, 75, 22, 48, 18))]


def _safety(content: Content) -> list[Flowable]:
    shown = _shown_safety(content)
    if not shown:
        return []
    released = len(content.safety) - len(shown)
    more = [paragraph(texts.RELEASES.format(count=released), "note")] if released else []
    rows = [
        (
            texts.UNKNOWN if line.t_s is None else forms.clock(line.t_s),
            line.severity,
            line.said,
            line.done.replace("_", " "),
        )
        for line in shown
    ]
    columns = (texts.TIME_COLUMN, texts.SEVERITY_COLUMN, texts.SAID_COLUMN, texts.DID_COLUMN)
    return [*heading(texts.SAFETY_HEADING), table(columns, rows, (20, 22, 103, 38)), *more]


# --- calibrations ------------------------------------------------------------------------------------------


def _calibrations(content: Content) -> list[Flowable]:
    head, rows = heading(texts.CALIBRATIONS_HEADING), list(_used(content))
    if not rows:
        return [*head, paragraph(texts.NO_CALIBRATIONS)]
    columns = (
        texts.CALIBRATION_COLUMN,
        texts.DEVICE_COLUMN,
        texts.MADE_COLUMN,
        texts.DUE_COLUMN,
    )
    days = content.calibration_interval_days
    more = [] if days is None else [paragraph(texts.DUE_BY.format(days=days), "note")]
    return [*head, table(columns, rows, (52, 45, 40, 46)), *more]


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


def _row(
    content: Content, kind: str, serial: str, row: SavedCalibration | None
) -> tuple[str, str, str, str]:
    name = texts.CALIBRATIONS.get(kind, kind)
    if row is None:
        return texts.NOT_IN_RECORD.format(kind=name), serial, texts.UNKNOWN, texts.UNKNOWN
    made, days = row.calibration_date, content.calibration_interval_days
    due, begun = texts.UNKNOWN, content.result.session.start_time
    if made is not None and days is not None:
        until = made + timedelta(days=days)
        due = forms.day(until)
        due = texts.OVERDUE.format(day=due) if begun is not None and until < begun else due
    return texts.CALIBRATION.format(kind=name, number=row.calibration_id), serial, forms.day(made), due


# --- loop, recordings, what is not known -------------------------------------------------------------------


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
    rows = [(paragraph(name, "quiet"), one) for name, one in zip((texts.WORST_LATE, texts.TICKS_LATE), said, strict=True)]
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


def _unknown(content: Content) -> list[Flowable]:
    said = list(_unknowns(content))
    return [*heading(texts.UNKNOWN_HEADING), *(paragraph(one) for one in said)] if said else []


def _unknowns(content: Content) -> Iterator[str]:
    result, journal = content.result, content.journal
    if journal.problem:
        yield texts.U_JOURNAL.format(problem=journal.problem.rstrip("."))
    elif result.proof.whole is False:
        yield texts.U_CUT
    if journal.software is None:
        yield texts.U_SOFTWARE
    if result.happened.unread:
        yield texts.U_EVENTS.format(why=result.happened.unread)
    if result.given.larger_j is None:
        yield texts.U_ENERGY
    if result.timing is None:
        yield texts.U_TIMING
    if result.calibrations_unknown:
        yield texts.U_CALIBRATIONS.format(why=result.calibrations_unknown)
    for odd in result.session.odd:
        yield texts.U_ODD.format(odd=odd.rstrip("."))
    if content.odd_rows:
        yield texts.U_ODD_ROWS.format(count=content.odd_rows)


# --- proof and signature -----------------------------------------------------------------------------------


def _proof(content: Content) -> list[Flowable]:
    proof, head = content.result.proof, heading(texts.PROOF_HEADING)
    if proof.head_hash is None:
        journal: list[Flowable] = [paragraph(texts.JOURNAL_HASH_UNKNOWN)]
    else:
        said = texts.JOURNAL_HASH.format(ticks=forms.figure(proof.ticks, 0))
        journal = [paragraph(said), paragraph(proof.head_hash, "mono")]
    anchor = [paragraph(texts.NO_ANCHOR)] if content.anchor is None else [_anchor_box(content)]
    return [*head[:2], KeepTogether([*head[2:], *journal, Spacer(0, 2 * mm), *anchor, *_signatures()])]


def _anchor_box(content: Content) -> Flowable:
    assert content.anchor is not None
    line, signed = anchors.line_of(content.anchor), content.anchor.signed
    said = [
        paragraph(texts.ANCHOR.format(link=signed.link_id, made=signed.made.partition(".")[0])),
        Spacer(0, 1 * mm),
        paragraph(texts.TO_CHECK, "note"),
        Spacer(0, 1 * mm),
        paragraph(line, "mono"),
    ]
    box = Table([[_qr(line), said]], colWidths=[_QR_SIDE + 8, WIDTH - _QR_SIDE - 8])
    box.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 1.0, black),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 4),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return box


def _qr(line: str) -> Drawing:
    """Return a line's QR code with its quiet zone, drawn as one path of dark runs."""
    rows = [bytes(row) for row in anchors.qr(line).matrix]
    side = _QR_SIDE / (len(rows) + 2 * _QUIET_MODULES)
    path = Path(fillColor=black, strokeColor=None)
    for number, row in enumerate(rows):
        y = _QR_SIDE - (number + _QUIET_MODULES + 1) * side
        for begin, end in _dark_runs(row):
            x0, x1 = ((_QUIET_MODULES + at) * side for at in (begin, end))
            path.moveTo(x0, y)
            path.lineTo(x1, y)
            path.lineTo(x1, y + side)
            path.lineTo(x0, y + side)
            path.closePath()
    drawing = Drawing(_QR_SIDE, _QR_SIDE)
    drawing.add(path)
    return drawing


def _dark_runs(row: bytes) -> Iterator[tuple[int, int]]:
    begin = None
    for at, dark in enumerate((*row, 0)):
        if dark and begin is None:
            begin = at
        elif not dark and begin is not None:
            yield begin, at
            begin = None


def _signatures() -> list[Flowable]:
    words = (texts.SIGN_TECHNICIAN, texts.SIGN_DOCTOR, texts.SIGN_DATE)
    row: list[Cell] = []
    for word in words:
        row += [paragraph(word), ""]
    widths = [WIDTH * part for part in (0.32, 0.05, 0.38, 0.05, 0.20)]
    made = Table([row[:-1]], colWidths=widths)
    made.setStyle(
        TableStyle(
            [
                *(("LINEABOVE", (column, 0), (column, 0), 0.7, black) for column in (0, 2, 4)),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return [Spacer(0, _SIGN_HIGH), made]
