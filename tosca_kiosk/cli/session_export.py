"""`sessions export`: sessions as files for a researcher."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click

from tosca_kiosk.cli.completion import patient_code, session_number
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.exports.export import How, Wanted
from tosca_kiosk.exports.export import export as written
from tosca_kiosk.exports.formats import FORMATS
from tosca_kiosk.exports.tables import SCHEMA_VERSION
from tosca_kiosk.session import RefusedError


class _Day(click.ParamType[date]):
    """A day in UTC; an error of its form is wrong use."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()
        except ValueError:
            self.fail(f"{value!r} is no day, YYYY-MM-DD", param, ctx)


@click.command()
@click.argument(
    "numbers", metavar="[N]...", nargs=-1, type=click.IntRange(min=1), shell_complete=session_number
)
@click.option("--patient", metavar="CODE", shell_complete=patient_code, help="All sessions of this patient.")
@click.option("--from", "first_day", type=_Day(), help="Those that began on this day (UTC) or later.")
@click.option("--until", "last_day", type=_Day(), help="Those that began on this day (UTC) or before.")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder for the files; none of them may be there yet.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="Of the files.",
)
@click.option("--full-rate", is_flag=True, help="Also every tick of control, from the sessions' journals.")
@click.option(
    "--pseudonymise",
    is_flag=True,
    help="Pseudonyms for patients, technicians, protocols and sessions; no dates, no text that was typed.",
)
@workplace_command
def export(
    workplace: Workplace,
    numbers: tuple[int, ...],
    patient: str | None,
    first_day: date | None,
    last_day: date | None,
    folder: Path,
    format_name: str,
    full_rate: bool,
    pseudonymise: bool,
) -> None:
    """Write the sessions N, or all of a patient or of some days, as files into a folder.

    A file a table: sessions, treatment_events with the samples, safety_events, deviations, energies,
    amendments, with --full-rate also ticks; what their columns mean stands beside them in schema.json.
    Of a journal that is damaged as much is written as its chain proves, and that is said.

    \b
    Examples:
      tosca-kiosk sessions export 17 --to session_17
      tosca-kiosk sessions export --patient P-2026-0001 --format parquet --to /media/stick/export
      tosca-kiosk sessions export --from 2026-11-01 --until 2026-11-30 --pseudonymise --to november
    """
    wanted = Wanted(sessions=numbers, patient=patient, first_day=first_day, last_day=last_day)
    _check(wanted)
    how = How(format_name=format_name, full_rate=full_rate, pseudonymised=pseudonymise)
    with workplace.reading() as database, Measuring(lines=False) as waiting:
        done = written(database, workplace.data_dir, folder, wanted, how, waiting.show)
    for note in done.notes:
        say(f"Warning: {note}")
    if done.key_made is not None:
        say(f"{done.key_made} was made: with a copy of it alone later exports give the same pseudonyms.")
    rows = [(one.file, one.rows, one.size_bytes) for one in done.files]
    count = f"{len(done.sessions)} session{'' if len(done.sessions) == 1 else 's'}"
    workplace.answer(
        {
            "folder": str(folder),
            "schema_version": SCHEMA_VERSION,
            "format": format_name,
            "pseudonymised": pseudonymise,
            "sessions": list(done.sessions),
            "files": [asdict(one) for one in done.files],
            "notes": list(done.notes),
        },
        f"{count} in {folder}\n\n{table_text(('File', 'Rows', 'Bytes'), rows)}",
    )


def _check(wanted: Wanted) -> None:
    by_days = wanted.first_day is not None or wanted.last_day is not None
    if wanted.sessions and (by_days or wanted.patient is not None):
        raise RefusedError("give sessions by their numbers, or --patient, --from and --until, not both")
    if not (wanted.sessions or by_days or wanted.patient is not None):
        raise RefusedError("which sessions? give their numbers, or --patient, --from or --until")
    if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
        raise RefusedError(f"--until {wanted.last_day} is before --from {wanted.first_day}")
