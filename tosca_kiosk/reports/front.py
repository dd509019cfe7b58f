"""The first page: whose and what, how it ended, both energies against the plan, the course."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect
from reportlab.lib.colors import black, white
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.summary import unconfirmed
from tosca_kiosk.reports import charts, forms, strokes, texts, told
from tosca_kiosk.reports.charts import Mark
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.interlocks import Word
from tosca_kiosk.reports.layout import WIDTH, heading, pairs, paragraph, ruled, table
from tosca_kiosk.reports.told import EventLine
from tosca_kiosk.storage.energies import Energies
from tosca_kiosk.storage.session_amendments import in_force

_LONGEST_SITE: Final = 80
_ABOVE: Final = 4.5 * mm
_BELOW: Final = 2 * mm
_LEAST_REST_S: Final = 0.05
"""Less is what the events' milliseconds leave over, and would be told as 0.0 s."""
_SUM_FRACTION, _SUM_J = 0.01, 0.2
"""A curve whose end is further from what the record counts than both, of the larger, is told so."""


def front(content: Content, lines: list[EventLine]) -> list[Flowable]:
    """Return the first page's parts."""
    return [
        Spacer(0, 3 * mm),
        _who(content),
        Spacer(0, 3 * mm),
        _verdict(content),
        Spacer(0, 2.5 * mm),
        *_energies(content),
        *_course(content, lines),
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
    rules = content.journal.rules
    dose_j = None if plan is None or rules is None else rules.limits.dose_margin * plan.planned_energy_j
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


# --- verdict -----------------------------------------------------------------------------------------------


def _verdict(content: Content) -> Flowable:
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
    session, given = content.result.session, content.result.given
    if session.status == "completed":
        return texts.COMPLETED
    if unconfirmed(session.abort_reason):
        return texts.NOT_CONFIRMED
    if session.total_laser_on_time_seconds is None or given.measured_j is None:
        return texts.LIGHT_UNKNOWN
    lit = session.total_laser_on_time_seconds > 0.0 or given.at_least_j > 0.0
    return texts.ENDED_EARLY if lit else texts.NO_LIGHT


def _why(content: Content) -> Iterator[str]:
    session, clock_s = content.result.session, content.result.happened.treatment_clock_s
    if session.abort_reason:
        reason = _without_source(session.abort_reason).rstrip(".")
        yield texts.REASON.format(reason=reason[:1].upper() + reason[1:])
    plan = content.plan
    if plan is None or clock_s is None:
        yield texts.REST_UNKNOWN
    elif plan.remaining_s(clock_s) >= _LEAST_REST_S:
        left_j = plan.planned_energy_j - plan.energy_j(clock_s)
        yield texts.REST.format(
            time=forms.length(plan.remaining_s(clock_s)), energy=forms.amount(left_j, "J")
        )
    elif session.status == "completed":
        yield texts.ALL_GIVEN


def _without_source(reason: str) -> str:
    """Return why a session was aborted without the name of the interlock's row before it, for a person."""
    source, _, said = reason.partition(": ")
    return said if said and source in BY_SOURCE else reason


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


# --- energies ----------------------------------------------------------------------------------------------


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
    course = content.course
    if content.result.session.total_laser_on_time_seconds == 0.0:
        return texts.NONE
    if course is None or course.ring_mm.is_empty:
        return texts.UNKNOWN
    return _range(course.ring_mm.lowest, course.ring_mm.highest)


# --- course ------------------------------------------------------------------------------------------------


def _course(content: Content, lines: list[EventLine]) -> list[Flowable]:
    if content.course is None or not (content.light or _armed(content)):
        return [*heading(texts.COURSE), paragraph(_no_course(content))]
    marks = [Mark(*one) for one in told.marked(lines)]
    head = ruled(texts.COURSE, charts.key_drawing(WIDTH * 0.5))
    return [_CourseBlock(content, marks, head, paragraph(" ".join(_course_notes(content)), "note"))]


class _CourseBlock(Flowable):  # type: ignore[misc] # the library ships no types
    """The course with its heading and what is said below it: as high as its page lets it be, never in two."""

    def __init__(self, content: Content, marks: list[Mark], head: Flowable, note: Flowable) -> None:
        super().__init__()
        self._content, self._marks = content, marks
        self._head, self._note = head, note
        self._drawing = Drawing(0, 0)

    def wrap(self, aW: float, aH: float) -> tuple[float, float]:  # noqa: N803 - the library's names
        _, self._head_high = self._head.wrap(aW, aH)
        _, self._note_high = self._note.wrap(aW, aH)
        room = aH - _ABOVE - self._head_high - self._note_high - _BELOW
        self._drawing = charts.course_drawing(self._content, self._marks, aW, room)
        high = _ABOVE + self._head_high + self._drawing.height + self._note_high
        return aW, high

    def draw(self) -> None:
        top = _ABOVE + self._head_high + self._drawing.height + self._note_high
        at = top - _ABOVE - self._head_high
        self._head.drawOn(self.canv, 0, at)
        at -= self._drawing.height
        self._drawing.drawOn(self.canv, 0, at)
        self._note.drawOn(self.canv, 0, 0)


def _armed(content: Content) -> bool:
    """Whether anything was recorded of the interlocks but faults, which is while the cart is armed."""
    parts = (part for bar in content.bars for part in bar.parts)
    return any(part.to_s > part.from_s and part.word is not Word.FAILED for part in parts)


def _no_course(content: Content) -> str:
    if content.result.happened.unread:
        return texts.COURSE_UNKNOWN.format(why=content.result.happened.unread.rstrip("."))
    if content.course is None and verdict(content) == texts.LIGHT_UNKNOWN:
        return texts.COURSE_UNKNOWN.format(why=texts.NOTHING_LEFT)
    return texts.NO_COURSE


def _course_notes(content: Content) -> Iterator[str]:
    course, given = content.course, content.result.given
    yield texts.TIME_AXIS
    yield texts.MARKS_KEY
    if content.bars:
        yield texts.BAR_KEY
    yield texts.NOTHING_MEASURED
    if course is None:
        return
    if not course.from_journal:
        yield texts.FROM_SAMPLES.format(problem=content.journal.problem.rstrip("."))
    if content.power_limit_w is None:
        yield texts.LIMIT_UNKNOWN
    for which, summed_j, recorded_j in (
        (texts.MEASURED_WORD, course.summed_measured_j, given.measured_j),
        (texts.COMMANDED_WORD, course.summed_commanded_j, given.commanded_j),
    ):
        if recorded_j is None:
            continue
        apart_j = abs(summed_j - recorded_j)
        if apart_j > _SUM_J and apart_j > _SUM_FRACTION * max(summed_j, recorded_j):
            yield texts.SUM_DIFFERS.format(
                which=which, summed=forms.amount(summed_j, "J"), recorded=forms.amount(recorded_j, "J")
            )
