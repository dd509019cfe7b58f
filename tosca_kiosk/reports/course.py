"""The course's section: the charts with their heading, and what has to be said of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from tosca_kiosk.reports import charts, forms, texts, told
from tosca_kiosk.reports.charts import Mark
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.interlocks import Word
from tosca_kiosk.reports.layout import WIDTH, heading, paragraph, ruled
from tosca_kiosk.reports.told import EventLine
from tosca_kiosk.reports.verdict import verdict

_ABOVE: Final = 4.5 * mm
_BELOW: Final = 2 * mm
_SUM_FRACTION, _SUM_J = 0.01, 0.2
"""A curve whose end is further from what the record counts than both, of the larger, is told so."""


def course(content: Content, lines: list[EventLine]) -> list[Flowable]:
    """Return the section; where nothing can be drawn, why."""
    if content.course is None or not (content.light or content.was_lit or _armed(content)):
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
    if verdict(content) in (texts.LIGHT_UNKNOWN, texts.NOT_CONFIRMED):
        why = texts.NOTHING_LEFT if content.course is None else texts.NOTHING_SHOWN
        return texts.COURSE_UNKNOWN.format(why=why)
    return texts.NO_COURSE


def _course_notes(content: Content) -> Iterator[str]:
    curves, given = content.course, content.result.given
    yield texts.TIME_AXIS
    yield texts.MARKS_KEY
    if content.bars:
        yield texts.BAR_KEY
    yield texts.NOTHING_MEASURED
    if curves is None:
        return
    if not curves.from_journal:
        yield texts.FROM_SAMPLES.format(problem=content.journal.problem.rstrip("."))
    if content.power_limit_w is None:
        yield texts.LIMIT_UNKNOWN
    for which, summed_j, recorded_j in (
        (texts.MEASURED_WORD, curves.summed_measured_j, given.measured_j),
        (texts.COMMANDED_WORD, curves.summed_commanded_j, given.commanded_j),
    ):
        if recorded_j is None:
            continue
        apart_j = abs(summed_j - recorded_j)
        if apart_j > _SUM_J and apart_j > _SUM_FRACTION * max(summed_j, recorded_j):
            yield texts.SUM_DIFFERS.format(
                which=which, summed=forms.amount(summed_j, "J"), recorded=forms.amount(recorded_j, "J")
            )
