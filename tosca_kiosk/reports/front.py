"""The first page: whose and what, how it ended, both energies against the plan, the course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.reports import forms, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.course import course
from tosca_kiosk.reports.layout import WIDTH, pairs, paragraph, table
from tosca_kiosk.reports.told import EventLine
from tosca_kiosk.reports.verdict import verdict_box
from tosca_kiosk.storage.session_amendments import in_force

_LONGEST_SITE: Final = 80


def front(content: Content, lines: list[EventLine]) -> list[Flowable]:
    """Return the first page's parts."""
    return [
        Spacer(0, 3 * mm),
        _who(content),
        Spacer(0, 3 * mm),
        verdict_box(content),
        Spacer(0, 2.5 * mm),
        *_energies(content),
        *course(content, lines),
    ]


def _who(content: Content) -> Flowable:
    left, right = list(_whose(content)), list(_what(content))
    blank = ("", "")
    rows = [
        (*(left[row] if row < len(left) else blank), *(right[row] if row < len(right) else blank))
        for row in range(max(len(left), len(right)))
    ]
    return pairs(
        [
            [
                paragraph(one, "quiet"),
                paragraph(said, bold=not row),
                paragraph(other, "quiet"),
                paragraph(more, bold=not row),
            ]
            for row, (one, said, other, more) in enumerate(rows)
        ],
        (20, 74, 20, 69),
    )


def _whose(content: Content) -> Iterator[tuple[str, str]]:
    result = content.result
    code, year = result.patient_code, content.born_year
    yield texts.PATIENT, code if year is None else texts.BORN.format(code=code, year=year)
    site = forms.known(in_force(result.session, result.amendments, "treatment_site"))
    amended = any(one.field == "treatment_site" for one in result.amendments)
    yield texts.SITE, site if len(site) <= _LONGEST_SITE and not amended else texts.IN_NOTES
    user = result.technician
    yield (
        texts.TECHNICIAN,
        texts.UNKNOWN if user is None else texts.USER.format(name=user.full_name, username=user.username),
    )
    yield texts.BEGUN, forms.moment(result.session.start_time)
    yield texts.ENDED, forms.moment(result.session.end_time)


def _what(content: Content) -> Iterator[tuple[str, str]]:
    session, plan, limit_w = content.result.session, content.plan, content.power_limit_w
    yield texts.PROTOCOL, session.protocol_name or texts.UNKNOWN
    if plan is None:
        yield texts.PLAN, texts.UNKNOWN
    else:
        rings = [piece.ring_size_mm for piece in plan.pieces]
        count = len(plan.protocol.steps)
        yield (
            texts.PLAN,
            texts.PLAN_SAID.format(
                steps=texts.ONE_STEP if count == 1 else texts.STEPS.format(count=count),
                length=forms.length(plan.duration_s),
                ring=_range(min(rings), max(rings)),
            ),
        )
    yield texts.SOFTWARE, content.journal.software or texts.UNKNOWN
    doses = content.dose_limits
    dose_j = doses[-1].limit_j if doses else None
    yield (
        texts.LIMIT,
        texts.UNKNOWN
        if limit_w is None
        else texts.LIMIT_SAID.format(limit=forms.amount(limit_w, "W", 2), dose=forms.amount(dose_j, "J")),
    )
    parts = content.result.parts
    if parts.rest_of is not None:
        yield texts.PART, texts.SECOND_OF.format(number=parts.rest_of)
    if parts.finished_by is not None:
        yield texts.PART, texts.FIRST_OF.format(number=parts.finished_by)
    whole = content.treatment
    if len(whole.parts) > 1:
        given, planned = forms.amount(whole.given_j, "J"), forms.amount(whole.whole_j, "J")
        yield (
            texts.ALL_PARTS,
            texts.ALL_PARTS_SAID.format(count=len(whole.parts), given=given, planned=planned),
        )


def _range(low: float, high: float) -> str:
    if f"{low:.2f}" == f"{high:.2f}":
        return texts.MM.format(value=forms.figure(low, 2))
    return texts.RANGE.format(low=forms.figure(low, 2), high=forms.figure(high, 2))


def _energies(content: Content) -> list[Flowable]:
    given, plan, session = content.result.given, content.plan, content.result.session
    plan_j = None if plan is None else plan.planned_energy_j
    energies = [
        (name, forms.figure(plan_j), forms.figure(value), forms.share(value, plan_j))
        for name, value in (
            (texts.BY_PHOTODIODE, given.measured_j),
            (texts.BY_CURRENT, given.commanded_j),
            (texts.COUNTS, given.larger_j),
        )
    ]
    lit_s, none = session.total_laser_on_time_seconds, "" if plan is None else texts.NONE
    mean_w = None if plan is None else plan.planned_energy_j / plan.duration_s
    dark = lit_s == 0.0
    quantities = [
        (
            texts.LIGHT_ON,
            forms.amount(None if plan is None else plan.duration_s, "s"),
            forms.amount(lit_s, "s"),
        ),
        (
            texts.MEAN_POWER,
            forms.amount(mean_w, "W", 2),
            none if dark else forms.amount(session.avg_power_watts, "W", 2),
        ),
        (
            texts.HIGHEST_POWER,
            forms.amount(None if plan is None else plan.peak_power_w, "W", 2),
            none if dark else forms.amount(session.max_power_watts, "W", 2),
        ),
        (texts.RING, _plan_ring(content), _given_ring(content)),
    ]
    half = WIDTH * 0.47
    left = table(
        (texts.ENERGY, texts.PLAN_COLUMN, texts.GIVEN_COLUMN, texts.SHARE_COLUMN),
        energies,
        (36, 17, 17, 16),
        (1, 2, 3),
        width=half,
    )
    right = table(
        (texts.QUANTITY, texts.PLAN_COLUMN, texts.MEASURED_COLUMN),
        quantities,
        (36, 32, 26),
        (1, 2),
        width=WIDTH - half - 6 * mm,
    )
    both = Table([[left, "", right]], colWidths=[half, 6 * mm, WIDTH - half - 6 * mm])
    both.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    more: list[Flowable] = []
    opened = content.result.plan
    if opened is not None and plan is not None and plan.overrides:
        more.append(
            paragraph(texts.PLAN_AS_OPENED.format(energy=forms.amount(opened.planned_energy_j, "J")), "note")
        )
    return [both, *more]


def _plan_ring(content: Content) -> str:
    if content.plan is None:
        return texts.UNKNOWN
    rings = [piece.ring_size_mm for piece in content.plan.pieces]
    return _range(min(rings), max(rings))


def _given_ring(content: Content) -> str:
    """Return the rings under light."""
    curves = content.course
    if content.result.session.total_laser_on_time_seconds == 0.0:
        return texts.NONE
    if curves is None or curves.ring_mm.is_empty:
        return texts.UNKNOWN
    return _range(curves.ring_mm.lowest, curves.ring_mm.highest)
