"""A closed session's report: found, set, and written whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from reportlab.platypus import Flowable

from tosca_kiosk.machine.whole_file import write_whole
from tosca_kiosk.reports import fonts, forms, texts
from tosca_kiosk.reports.back import back
from tosca_kiosk.reports.content import Content, content_of
from tosca_kiosk.reports.front import front
from tosca_kiosk.reports.layout import Every, pdf
from tosca_kiosk.reports.samples import Tell
from tosca_kiosk.reports.told import event_lines
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Reader


def report_pdf(
    reader: Reader,
    data_dir: Path,
    session_id: int,
    *,
    calibration_interval_days: int | None = None,
    tell: Tell = lambda done: None,
) -> bytes:
    """Return the report of a closed session; of the same record the same bytes.

    calibration_interval_days: after which a calibration is due, None where it is not known. tell: hears how
    much of the journal is read, 0 to 1. Raises RefusedError for a session that is open, StorageError where
    there is none.
    """
    content = content_of(reader, data_dir, session_id, calibration_interval_days, tell)
    fonts.register()
    lines = event_lines(content)
    story: list[Flowable] = [*front(content, lines), *back(content, lines)]
    return pdf(_every(content), story)


def refuse_taken(path: Path) -> None:
    """Refuse a file that is there already, before anybody waits for the report. Raises RefusedError."""
    if os.path.lexists(path):
        raise _taken(path)
    if not path.parent.is_dir():
        raise RefusedError(f"{path}: there is no folder {path.parent}; make the folder first")


def write_report(path: Path, content: bytes) -> None:
    """Write a report or a certificate into a new file, whole or not at all.

    Raises RefusedError, saying why and what to do.
    """
    try:
        write_whole(path, content)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise RefusedError(
            f"{path}: it was not written ({error.strerror or error}), nothing is left of it; "
            f"{_ADVICE.get(error.errno or 0, 'check the folder and its rights')}"
        ) from error


_ADVICE = {
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "name a folder that is one",
    errno.ENOSPC: "make room on that disk",
}


def _taken(path: Path) -> RefusedError:
    return RefusedError(f"{path}: is there already; nothing was written; name a new file")


def _every(content: Content) -> Every:
    result, software = content.result, content.journal.software
    bands = {"sim": texts.SIMULATED, "real": ""}
    head = content.anchor
    return Every(
        title=texts.TITLE,
        subject=texts.SUBJECT,
        code=result.patient_code,
        session=texts.SESSION_OF.format(
            number=result.session.session_id, day=forms.day(result.session.start_time)
        ),
        place="" if head is None else texts.CART.format(cart=head.signed.cart),
        band=bands.get(result.proof.origin or "", texts.ORIGIN_UNKNOWN),
        foot=texts.FOOT.format(
            code=result.patient_code,
            number=result.session.session_id,
            maker=texts.MAKER,
            software="" if software is None else texts.SOFTWARE_OF_SESSION.format(version=software),
        ),
    )
