"""`sessions report`: a closed session as a PDF."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import click

from tosca_kiosk.cli.completion import session_number
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.config import ConfigError


@click.command()
@click.argument("number", metavar="N", type=click.IntRange(min=1), shell_complete=session_number)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    help="The new PDF file; one that is there already is left alone.",
)
@workplace_command
def report(workplace: Workplace, number: int, to: Path) -> None:
    """Write a closed session's report as a PDF, to be filed and signed.

    It holds what the record and the session's journal say, with the record's newest anchor as a QR code; of
    the same record the same bytes.

    \b
    Examples:
      tosca-kiosk sessions report 118 --to session_118.pdf
      tosca-kiosk sessions report 118 --to /media/stick/session_118.pdf --json
    """
    from tosca_kiosk.reports import refuse_taken, report_pdf, write_report  # noqa: PLC0415 - 0.2 s, for this alone

    refuse_taken(to)
    with (
        Measuring(lines=False) as waiting,
        workplace.reading() as database,
        database.reading() as reader,
    ):
        content = report_pdf(
            reader,
            workplace.data_dir,
            number,
            calibration_interval_days=_interval_days(workplace),
            tell=lambda done: waiting.show("reading the journal", done),
        )
    write_report(to, content)
    digest = sha256(content).hexdigest()
    result = {"session_id": number, "to": str(to), "bytes": len(content), "sha256": digest}
    workplace.answer(result, f"{to}: report of session {number}, {len(content)} bytes, SHA-256 {digest}")


def _interval_days(workplace: Workplace) -> int | None:
    """Return after how many days a calibration is due; a configuration that is refused tells none."""
    try:
        return workplace.config.calibration_interval_days
    except ConfigError:
        return None
