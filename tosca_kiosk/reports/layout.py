"""The sheet: margins, type, tables, and what stands on every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple, TypeAlias

from reportlab import rl_config
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus.tables import LongTable, Table, TableStyle

from tosca_kiosk.reports import fonts, texts

LEFT: Final = 15 * mm
"""Wider than the right: the sheet is filed."""
RIGHT: Final = 12 * mm
_TOP: Final = 29 * mm
_BOTTOM: Final = 20 * mm
WIDTH: Final = A4[0] - LEFT - RIGHT
GREY: Final = HexColor("#4A4A4A")
_HAIR: Final = HexColor("#B8B8B8")
_BAND: Final = 6.5 * mm
SIZE: Final = 9.0
_LEADING: Final = 11.5
_SIGN_HIGH: Final = 16 * mm
_HEADING_ROOM: Final = 32 * mm
"""So much of a section must fit below its heading, or it begins on the next page."""

Cell: TypeAlias = Flowable | str


class Every(NamedTuple):
    """What stands on every page. subject: what a reader's program tells; band: across, empty for none."""

    title: str
    subject: str
    code: str
    session: str
    place: str
    band: str
    foot: str


def _style(name: str, **changes: Any) -> ParagraphStyle:
    base: dict[str, Any] = {
        "fontName": fonts.TEXT,
        "fontSize": SIZE,
        "leading": _LEADING,
        "splitLongWords": 1,
    }
    return ParagraphStyle(name, **{**base, **changes})


STYLES: Final = {
    "text": _style("text"),
    "right": _style("right", alignment=2),
    "quiet": _style("quiet", textColor=GREY),
    "quiet_right": _style("quiet_right", textColor=GREY, alignment=2),
    "note": _style("note", fontSize=8, leading=10.2, textColor=GREY),
    "heading": _style("heading", fontName=fonts.BOLD, fontSize=10.5, leading=13),
    "verdict": _style("verdict", fontName=fonts.BOLD, fontSize=17, leading=20),
    "large": _style("large", fontName=fonts.BOLD, fontSize=15, leading=18),
    "mono": _style("mono", fontName=fonts.MONO, fontSize=6.6, leading=8.2),
}


def paragraph(text: str, style: str = "text", *, bold: bool = False) -> Paragraph:
    """Return a text of the record or of a report, set as it stands."""
    kind = STYLES[style]
    return Paragraph(fonts.markup(text, kind.fontName, bold=bold), kind)


def heading(text: str) -> list[Flowable]:
    """Return a section's heading, on the next page where too little of the section would stand below it."""
    return [CondPageBreak(_HEADING_ROOM), Spacer(0, 4.5 * mm), ruled(text), Spacer(0, 1.2 * mm)]


def ruled(text: str, beside: Flowable | None = None) -> Flowable:
    """Return a heading with its rule, and what stands at its right end."""
    row = [[paragraph(text, "heading"), beside or ""]]
    made = LongTable(row, colWidths=[WIDTH * 0.5, WIDTH * 0.5])
    made.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 1.0, black),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 0),
                ("ALIGN", (1, 0), (1, 0), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
            ]
        )
    )
    return made


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    widths: Sequence[float],
    right: Sequence[int] = (),
    width: float = WIDTH,
) -> Flowable:
    """Return rows below their columns; widths are parts of the width. right: columns of figures.

    A row goes on on the next page where it is longer than one; the head comes again there.
    """
    head = [
        paragraph(name, "quiet_right" if index in right else "quiet") for index, name in enumerate(columns)
    ]
    body = [
        [_cell(cell, "right" if index in right else "text") for index, cell in enumerate(row)] for row in rows
    ]
    whole = sum(widths)
    made = LongTable(
        [head, *body], colWidths=[width * part / whole for part in widths], repeatRows=1, splitInRow=1
    )
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 5),
                *(
                    ("RIGHTPADDING", (column, 0), (column, -1), 14)
                    for column in right
                    if column + 1 not in right
                ),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.8),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, black),
                ("LINEBELOW", (0, 1), (-1, -2), 0.4, _HAIR),
            ]
        )
    )
    return made


def pairs(rows: Sequence[Sequence[Cell]], widths: Sequence[float]) -> Flowable:
    """Return rows without head and rules, for labels and what they say."""
    made = LongTable(
        [[_cell(cell, "text") for cell in row] for row in rows],
        colWidths=[WIDTH * part / sum(widths) for part in widths],
        splitInRow=1,
    )
    made.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 6),
                ("TOPPADDING", (0, 0), (-1, -1), 1.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.8),
            ]
        )
    )
    return made


def signatures(words: tuple[str, str, str]) -> list[Flowable]:
    """Return the lines to sign on: two names, and a day."""
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


def _cell(cell: Cell, style: str) -> Flowable:
    return cell if isinstance(cell, Flowable) else paragraph(cell, style)


def pdf(every: Every, story: list[Flowable]) -> bytes:
    """Return the pages as a PDF, of equal pages equal bytes: it holds no time and nothing of the machine."""
    rl_config.useA85 = 0  # bytes as they are: a quarter less to write, and to read
    made = BytesIO()
    band = _BAND if every.band else 0.0
    frame = Frame(
        LEFT,
        _BOTTOM,
        WIDTH,
        A4[1] - _TOP - band - _BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document = BaseDocTemplate(
        made,
        pagesize=A4,
        title=every.title,
        subject=every.subject,
        author=texts.MAKER,
        creator=texts.MAKER,
        lang=texts.LANGUAGE,
        invariant=1,
    )
    document.addPageTemplates([PageTemplate(frames=[frame])])
    document.build(story, canvasmaker=_numbered(every))
    return made.getvalue()


def _numbered(every: Every) -> Callable[..., Canvas]:
    """Return a canvas that draws what stands on every page once it knows how many there are."""

    class Numbered(Canvas):  # type: ignore[misc] # the library ships no types
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                _draw_every(self, every, number, len(self._pages))
                super().showPage()
            super().save()

    return Numbered


def _draw_every(canvas: Canvas, every: Every, page: int, pages: int) -> None:
    high, right = A4[1], A4[0] - RIGHT
    _text(canvas, LEFT, high - 17 * mm, every.title, 18, WIDTH * 0.5, bold=True)
    _text(canvas, right, high - 17 * mm, every.code, 18, WIDTH * 0.48, bold=True, at_right=True)
    canvas.setFillColor(GREY)
    _text(canvas, LEFT, high - 22 * mm, every.place, SIZE, WIDTH * 0.5)
    _text(canvas, right, high - 22 * mm, every.session, SIZE, WIDTH * 0.48, at_right=True)
    canvas.setFillColor(black)
    canvas.setLineWidth(1.8)
    canvas.line(LEFT, high - 25 * mm, right, high - 25 * mm)
    if every.band:
        low = high - 25 * mm - _BAND + 0.5 * mm
        canvas.setLineWidth(1.2)
        canvas.rect(LEFT, low, WIDTH, 5 * mm)
        _text(canvas, LEFT + 3 * mm, low + 1.5 * mm, every.band, SIZE, WIDTH - 6 * mm, bold=True)
    canvas.setLineWidth(0.6)
    canvas.line(LEFT, 15.5 * mm, right, 15.5 * mm)
    _text(canvas, LEFT, 11.5 * mm, every.foot, 8, WIDTH * 0.8)
    _text(canvas, LEFT, 8 * mm, texts.RESEARCH, 8, WIDTH * 0.8)
    said = texts.PAGE.format(page=page, pages=pages)
    _text(canvas, right, 11.5 * mm, said, SIZE, WIDTH * 0.2, bold=True, at_right=True)


def _text(
    canvas: Canvas,
    x: float,
    y: float,
    text: str,
    size: float,
    most: float,
    *,
    bold: bool = False,
    at_right: bool = False,
) -> None:
    """Write one line, smaller where it would be wider than most."""
    said = fonts.plain(text)
    size = min(size, size * most / max(fonts.width(said, size, bold=bold), 1.0))
    canvas.setFont(fonts.BOLD if bold else fonts.TEXT, size)
    (canvas.drawRightString if at_right else canvas.drawString)(x, y, said)
