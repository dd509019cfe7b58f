"""`patients`: known by a code alone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

import click

from tosca_kiosk.cli.asking import told, told_option
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
@told_option("--date-of-birth", "YYYY-MM-DD.")
@told_option("--gender", "Free text.")
@told_option("--notes", "Nothing that names the patient.")
@click.option("--tech", metavar="USERNAME", help="Who adds the patient.")
@workplace_command
def add(
    workplace: Workplace,
    date_of_birth: str | None,
    gender: str | None,
    notes: str | None,
    tech: str | None,
) -> None:
    """Add a patient and print the new code. What is known beside it is asked for on a terminal.

    Elsewhere it is taken from standard input, a line each: date of birth, gender, notes, as far as they are
    named without a value.
    """
    now = utc_now()
    born_text = told("--date-of-birth", date_of_birth)
    born = None if born_text is None else _date_of_birth(born_text)
    gender_text, notes_text = told("--gender", gender), told("--notes", notes)
    if born is not None and born > now.date():
        raise RefusedError(f"the date of birth is after today, {now:%Y-%m-%d} (UTC); nothing was kept")
    with workplace.record() as database:
        tech_id = None if tech is None else active_user(database, tech).tech_id
        with database.transaction(tech_id) as transaction:
            added = records.add(
                transaction,
                now,
                created_by=tech_id,
                date_of_birth=born,
                gender=gender_text,
                notes=notes_text,
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


def _date_of_birth(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RefusedError("the date of birth is no day, YYYY-MM-DD; nothing was kept") from None
