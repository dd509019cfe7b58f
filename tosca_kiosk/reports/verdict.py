"""How a session ended, in the only box of the first page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect
from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.summary import known_before, unconfirmed
from tosca_kiosk.reports import forms, strokes, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.layout import WIDTH, paragraph
from tosca_kiosk.storage.energies import Energies

_LEAST_REST_S: Final = 0.05
"""Less is what the events' milliseconds leave over, and would be told as 0.0 s."""


def verdict_box(content: Content) -> Flowable:
    """Return the box: how it ended and why, and the energy that counts as dose beside the plan's."""
    title = verdict(content)
    given_j, plan = content.result.given.larger_j, content.plan
    plan_j = None if plan is None else plan.planned_energy_j
    left = [
        _headed(title),
        Spacer(0, 1.5 * mm),
        *(paragraph(said) for said in _why(content)),
    ]
    right = [
        paragraph(texts.GIVEN, "quiet"),
        paragraph(_given_of(content.result.given, plan_j), "large"),
        Spacer(0, 1 * mm),
        _share_bar(given_j, plan_j),
        Spacer(0, 0.5 * mm),
        paragraph(texts.SHARE.format(share=forms.share(given_j, plan_j))),
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


def verdict(content: Content) -> str:
    """Return how the session ended, in words."""
    session = content.result.session
    if session.status == "completed":
        return texts.COMPLETED
    if unconfirmed(session.abort_reason):
        return texts.NOT_CONFIRMED
    if content.light_unknown:
        return texts.LIGHT_UNKNOWN
    return texts.ENDED_EARLY if content.was_lit else texts.NO_LIGHT


def _why(content: Content) -> Iterator[str]:
    session, clock_s = content.result.session, content.result.happened.treatment_clock_s
    if session.abort_reason:
        reason = _for_a_person(session.abort_reason)
        if reason:
            yield texts.REASON.format(reason=reason[:1].upper() + reason[1:])
    plan = content.plan
    if plan is None or clock_s is None or content.result.given.larger_j is None:
        yield texts.REST_UNKNOWN
    elif plan.remaining_s(clock_s) >= _LEAST_REST_S:
        left_j = plan.planned_energy_j - plan.energy_j(clock_s)
        yield texts.REST.format(
            time=forms.length(plan.remaining_s(clock_s)), energy=forms.amount(left_j, "J")
        )
    elif session.status == "completed":
        yield texts.ALL_GIVEN


def _for_a_person(reason: str) -> str:
    """Return why a session was aborted without the interlock's name, and without what the title says."""
    reason = known_before(reason)
    source, _, said = reason.partition(": ")
    return (said if said and source in BY_SOURCE else reason).rstrip(".")


def _given_of(given: Energies, plan_j: float | None) -> str:
    """Return the energy that counts as dose beside the plan's."""
    said = _given(given)
    return said if plan_j is None else texts.OF_PLAN.format(given=said, plan=forms.amount(plan_j, "J"))


def _given(given: Energies) -> str:
    """Return the energy that counts as dose; where nobody knows it, as much as is known of it."""
    if given.larger_j is None and given.measured_j is not None:
        return texts.AT_LEAST.format(energy=forms.amount(given.at_least_j, "J"))
    return forms.amount(given.larger_j, "J")


def _headed(title: str) -> Flowable:
    """Return a verdict behind its sign: a tick, a cross, or neither where the light is not known."""
    sign = Drawing(16, 18)
    sign.add(Rect(0, 1, 16, 16, fillColor=white, strokeColor=black, strokeWidth=2))
    if title == texts.COMPLETED:
        sign.add(PolyLine([3.5, 9, 7, 5, 13, 13.5], strokeWidth=2.2))
    else:
        sign.add(Line(4.5, 5.5, 11.5, 12.5, strokeWidth=2.2))
        sign.add(Line(4.5, 12.5, 11.5, 5.5, strokeWidth=2.2))
    row = Table([[sign, paragraph(title, "verdict")]], colWidths=[24, WIDTH * 0.56 - 42])
    row.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return row


def _share_bar(given_j: float | None, plan_j: float | None) -> Drawing:
    wide, high = WIDTH * 0.38, 9.0
    bar = Drawing(wide, high)
    if given_j is not None and plan_j:
        bar.add(
            Rect(0, 0, wide * min(given_j / plan_j, 1.0), high, fillColor=strokes.MEASURED, strokeColor=None)
        )
    bar.add(Rect(0, 0, wide, high, fillColor=None, strokeColor=black, strokeWidth=1))
    return bar
