"""How a report is proved and signed: the journal's hash, the anchor with its code, the line to sign on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reportlab.graphics.shapes import Drawing, Path
from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table
from reportlab.platypus.tables import TableStyle

from tosca_kiosk.reports import forms, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.layout import WIDTH, heading, paragraph, signatures
from tosca_kiosk.storage import anchors

_QR_SIDE: Final = 36 * mm
_QUIET_MODULES: Final = 4
"""So many of its own modules must be empty around a QR code."""
_PIECE: Final = 96
_LOST: Final = " -"
_SIGNED: Final = (texts.SIGN_TECHNICIAN, texts.SIGN_DOCTOR, texts.SIGN_DATE)


def proof(content: Content) -> list[Flowable]:
    """Return the last section, on one page."""
    kept, head = content.result.proof, heading(texts.PROOF_HEADING)
    if kept.head_hash is None:
        journal: list[Flowable] = [paragraph(texts.JOURNAL_HASH_UNKNOWN)]
    else:
        said = texts.JOURNAL_HASH.format(ticks=forms.figure(kept.ticks, 0))
        journal = [paragraph(said), paragraph(kept.head_hash, "mono")]
    anchor = [paragraph(texts.NO_ANCHOR)] if content.anchor is None else [_anchor_box(content)]
    return [*head[:2], KeepTogether([*head[2:], *journal, Spacer(0, 2 * mm), *anchor, *signatures(_SIGNED)])]


def _anchor_box(content: Content) -> Flowable:
    assert content.anchor is not None
    line, signed = anchors.line_of(content.anchor), content.anchor.signed
    said = [
        paragraph(texts.ANCHOR.format(link=signed.link_id, made=signed.made.partition(".")[0])),
        Spacer(0, 1 * mm),
        paragraph(texts.TO_CHECK, "note"),
        Spacer(0, 1 * mm),
        paragraph("\n".join(_pieces(line)), "mono"),
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


def _pieces(line: str) -> Iterator[str]:
    """Yield a line in pieces that, put together again, are the line, also after copying them from a page.

    A blank at a piece's end is lost then, and a hyphen is taken for one that parts a word.
    """
    while len(line) > _PIECE:
        at = _PIECE
        while line[at - 1] in _LOST or line[at] in _LOST:
            at -= 1
        yield line[:at]
        line = line[at:]
    yield line


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
