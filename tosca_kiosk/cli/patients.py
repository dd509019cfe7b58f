"""`patients`: known by a code alone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.users import active_user
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import patients as records


@click.group()
def patients() -> None:
    """Add and list patients. No names: a patient is a code, P-YYYY-NNNN."""


@patients.command()
@click.option("--date-of-birth", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD")
@click.option("--gender", metavar="TEXT")
@click.option("--notes", metavar="TEXT", help="Nothing that names the patient.")
@click.option("--tech", metavar="USERNAME", help="Who adds the patient.")
@workplace_command
def add(
    workplace: Workplace,
    date_of_birth: datetime | None,
    gender: str | None,
    notes: str | None,
    tech: str | None,
) -> None:
    """Add a patient and print the new code."""
    now = utc_now()
    born = None if date_of_birth is None else date_of_birth.date()
    if born is not None and born > now.date():
        raise RefusedError(f"--date-of-birth {born} is after today, {now:%Y-%m-%d} (UTC)")
    with workplace.record() as database:
        tech_id = None if tech is None else active_user(database, tech).tech_id
        with database.transaction(tech_id) as transaction:
            added = records.add(
                transaction, now, created_by=tech_id, date_of_birth=born, gender=gender, notes=notes
            )
    result = {"patient_id": added.patient_id, "patient_code": added.patient_code}
    workplace.answer(result, added.patient_code)


@patients.command("list")
@workplace_command
def list_patients(workplace: Workplace) -> None:
    """List all patients by code."""
    with workplace.reading() as database:
        found = records.list_all(database)
    columns = ("Code", "Born", "Gender", "Added (UTC)", "Active", "Notes")
    rows = [
        (one.patient_code, one.date_of_birth, one.gender, one.created_date, one.is_active, one.notes)
        for one in found
    ]
    text = table_text(columns, rows, [one.odd for one in found])
    workplace.answer({"patients": [asdict(one) for one in found]}, text)
