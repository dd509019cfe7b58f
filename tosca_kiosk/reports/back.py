"""The further pages: protocol, notes, events, faults, calibrations, what is not known, proof, signature."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from reportlab.graphics.shapes import Drawing
from reportlab.platypus import Flowable

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.reports import forms, strokes, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.layout import Cell, heading, pairs, paragraph, table
from tosca_kiosk.reports.proof import proof
from tosca_kiosk.reports.record_rows import SafetyLine
from tosca_kiosk.reports.told import EventLine
from tosca_kiosk.reports.used import used
from tosca_kiosk.storage.session_amendments import original

_SHOWN_ELSEWHERE: Final = "footpedal_released"


def back(content: Content, lines: list[EventLine]) -> list[Flowable]:
    """Return all that comes behind the first page."""
    parts: tuple[Callable[[Content], list[Flowable]], ...] = (
        _protocol,
        _notes,
        lambda content: _events(content, lines),
        _deviations,
        _faults,
        _safety,
        _quiet,
        used,
        _unknown,
        proof,
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


def _events(content: Content, lines: list[EventLine]) -> list[Flowable]:
    head = heading(texts.EVENTS_HEADING)
    if not lines:
        unread = content.result.happened.unread
        return [*head, paragraph(texts.U_EVENTS.format(why=unread) if unread else texts.NO_EVENTS)]
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
    for shape in strokes.circled(number, 5.5, 4.5):
        sign.add(shape)
    return sign


def _quiet(content: Content) -> list[Flowable]:
    """Return what did not happen, in a line each."""
    happened = content.result.happened
    rows = []
    if not happened.deviations:
        rows.append((texts.DEVIATIONS_HEADING, _none(content, texts.NO_DEVIATIONS)))
    if not happened.faults:
        rows.append((texts.FAULTS_HEADING, _none(content, texts.NO_FAULTS)))
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


def _none(content: Content, said: str) -> str:
    """Return that there was none of something, as far as the record can tell."""
    if content.result.happened.unread or not content.events:
        return texts.UNKNOWN
    return said if content.result.proof.whole else texts.AS_FAR.format(said=said)


def _shown_safety(content: Content) -> list[SafetyLine]:
    return [line for line in content.safety if line.kind != _SHOWN_ELSEWHERE]


def _deviations(content: Content) -> list[Flowable]:
    head, found = heading(texts.DEVIATIONS_HEADING), content.result.happened.deviations
    if not found:
        return []
    rows = []
    for one in found:
        unit = "mm" if one.action == CommandType.RING_OVERRIDE else "W"
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
        by = texts.UNKNOWN if content.result.happened.unread else texts.NOT_RESET
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


def _unknown(content: Content) -> list[Flowable]:
    said = list(_unknowns(content))
    return [*heading(texts.UNKNOWN_HEADING), *(paragraph(one) for one in said)] if said else []


def _unknowns(content: Content) -> Iterator[str]:
    result, journal = content.result, content.journal
    happened, cut = result.happened, not journal.problem and result.proof.whole is False
    for holds, said in (
        (journal.problem, texts.U_JOURNAL.format(problem=journal.problem.rstrip("."))),
        (cut, texts.U_CUT),
        (journal.software is None, texts.U_SOFTWARE),
        (result.plan is not None and result.in_force is None, texts.U_PLAN),
        (happened.unread, texts.U_EVENTS.format(why=happened.unread)),
        (result.given.larger_j is None, texts.U_ENERGY),
        (result.timing is None, texts.U_TIMING),
        (result.calibrations_unknown, texts.U_CALIBRATIONS.format(why=result.calibrations_unknown)),
        (content.odd_rows, texts.U_ODD_ROWS.format(count=content.odd_rows)),
        *((True, texts.U_ODD.format(odd=odd.rstrip("."))) for odd in result.session.odd),
    ):
        if holds:
            yield said
