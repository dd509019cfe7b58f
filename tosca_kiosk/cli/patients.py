"""`patients`: known by a code alone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.asking import told, told_option
from tosca_kiosk.cli.changes import answer_changes
from tosca_kiosk.cli.changing import Change, authorised_addition, authorised_change, change_options
from tosca_kiosk.cli.completion import patient_code, username
from tosca_kiosk.cli.earlier_values import shown, shown_to_option, shown_to_supervisor
from tosca_kiosk.cli.tables import printable, table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, history
from tosca_kiosk.storage import patients as records
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.users import Role

_code = click.argument("code", shell_complete=patient_code)
_TO_MINUTES: Final = len("2026-11-30 14:05")


@click.group()
def patients() -> None:
    """Patients. No names: a patient is a code, P-YYYY-NNNN."""


_date_of_birth = told_option("--date-of-birth", "YYYY-MM-DD.")
_gender = told_option("--gender", "Free text.")
_notes = told_option("--notes", "Nothing that names the patient.")


@patients.command()
@click.option("--code", metavar="P-YYYY-NNNN", help="A code that is free; by default the year's next.")
@_date_of_birth
@_gender
@_notes
@click.option(
    "--tech",
    metavar="USERNAME",
    shell_complete=username,
    help="Who adds the patient. Needed once an admin has a PIN, and then by PIN: asked on a terminal, "
    "elsewhere the first line of standard input.",
)
@workplace_command
def add(
    workplace: Workplace,
    code: str | None,
    date_of_birth: str | None,
    gender: str | None,
    notes: str | None,
    tech: str | None,
) -> None:
    """Add a patient and print the new code. What is known beside it is asked for on a terminal.

    Elsewhere it is taken from standard input, a line each: date of birth, gender, notes, as far as they are
    named without a value.

    \b
    Examples:
      tosca-kiosk patients add
      tosca-kiosk patients add --date-of-birth --notes --tech jane
      tosca-kiosk patients add --code P-2026-0042
    """
    with workplace.record() as database:
        tech_id = authorised_addition(database, tech)
        born_text = told("--date-of-birth", date_of_birth)
        born = None if born_text is None else _day(born_text)
        gender_text, notes_text = told("--gender", gender), told("--notes", notes)
        with database.transaction(tech_id) as transaction:
            added = records.add(
                transaction,
                utc_now(),
                code=code,
                created_by=tech_id,
                date_of_birth=born,
                gender=gender_text,
                notes=notes_text,
            )
    result = {"patient_id": added.patient_id, "patient_code": added.patient_code}
    workplace.answer(result, added.patient_code)


@patients.command("list")
@as_of_option
@shown_to_option
@workplace_command
def list_patients(workplace: Workplace, as_of: str | None, tech: str | None) -> None:
    """List all patients by code, those that are retired too.

    \b
    Examples:
      tosca-kiosk patients list
      tosca-kiosk patients list --as-of '2026-11-30 14:05' --tech supervisor01
    """
    then = moment(as_of)
    open_past = then is None or shown_to_supervisor(workplace, tech)
    with workplace.reading(as_of=then) as database:
        found = [_as_shown(one, open_past=open_past) for one in records.list_all(database)]
    columns = ("Code", "Born", "Gender", "Added (UTC)", "Active", "Notes")
    rows = [
        (
            one["patient_code"],
            one["date_of_birth"],
            one["gender"],
            one["created_date"],
            one["is_active"],
            one["notes"],
        )
        for one in found
    ]
    workplace.answer({"patients": found}, table_text(columns, rows, [one["odd"] for one in found]))


@patients.command()
@_code
@as_of_option
@shown_to_option
@workplace_command
def show(workplace: Workplace, code: str, as_of: str | None, tech: str | None) -> None:
    """Show what is known of the patient CODE, and the patient's sessions, the newest first.

    \b
    Examples:
      tosca-kiosk patients show P-2026-0001
      tosca-kiosk patients show P-2026-0001 --as-of 2026-11-30 --json
    """
    then = moment(as_of)
    open_past = then is None or shown_to_supervisor(workplace, tech)
    with workplace.reading(as_of=then) as database:
        patient = records.get(database, code)
        sessions = records.sessions_of(database, patient.patient_id)
    result = _as_shown(patient, open_past=open_past)
    workplace.answer({**result, "sessions": sessions}, _page(result, sessions))


@patients.command()
@_code
@_date_of_birth
@_gender
@_notes
@change_options
@workplace_command
def edit(
    workplace: Workplace,
    code: str,
    date_of_birth: str | None,
    gender: str | None,
    notes: str | None,
    tech: str | None,
    reason: str | None,
) -> None:
    """Correct what is known of the patient CODE; an empty answer takes it away. The history keeps what was.

    What is named without a value is asked for on a terminal, elsewhere taken from standard input, a line each
    behind a PIN: date of birth, gender, notes. A patient with sessions needs a reason.

    \b
    Examples:
      tosca-kiosk patients edit P-2026-0001 --notes --tech jane
      tosca-kiosk patients edit P-2026-0001 --date-of-birth --tech jane --reason 'Misread on the form'
    """
    if date_of_birth is None and gender is None and notes is None:
        raise click.UsageError("nothing to change: give --date-of-birth, --gender, --notes or more of them")
    with workplace.record() as database:
        patient = records.get(database, code)
        change = _authorised(database, patient, tech, reason, Role.TECHNICIAN)
        values: dict[str, Any] = {}
        if date_of_birth is not None:
            text = told("--date-of-birth", date_of_birth)
            values["date_of_birth"] = _day(text) if text else None
        if gender is not None:
            values["gender"] = told("--gender", gender) or None
        if notes is not None:
            values["notes"] = told("--notes", notes) or None
        _answer_changed(workplace, patient, _change(database, patient, change, values))


@patients.command()
@_code
@change_options
@workplace_command
def retire(workplace: Workplace, code: str, tech: str | None, reason: str | None) -> None:
    """Close the patient CODE to new sessions; nothing is deleted.

    \b
    Examples:
      tosca-kiosk patients retire P-2026-0001 --tech supervisor01 --reason 'Treatment is complete'
    """
    _set_active(workplace, code, tech, reason, active=False)


@patients.command()
@_code
@change_options
@workplace_command
def activate(workplace: Workplace, code: str, tech: str | None, reason: str | None) -> None:
    """Open the retired patient CODE to new sessions again.

    \b
    Examples:
      tosca-kiosk patients activate P-2026-0001 --tech supervisor01 --reason 'Comes for a second series'
    """
    _set_active(workplace, code, tech, reason, active=True)


@patients.command("history")
@_code
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="So many at most.")
@as_of_option
@shown_to_option
@workplace_command
def history_of(workplace: Workplace, code: str, limit: int, as_of: str | None, tech: str | None) -> None:
    """Show every change of the patient CODE: who, when, why, and each field before and after.

    What was known of the patient before is shown to a supervisor alone.

    \b
    Examples:
      tosca-kiosk patients history P-2026-0001
      tosca-kiosk patients history P-2026-0001 --tech supervisor01 --json
    """
    then = moment(as_of)
    to_supervisor = shown_to_supervisor(workplace, tech)
    with workplace.reading(as_of=then) as database:
        patient = records.get(database, code)
        found = history.history(database, "patients", str(patient.patient_id), limit=limit)
    answer_changes(workplace, found, to_supervisor=to_supervisor)


def _set_active(
    workplace: Workplace, code: str, tech: str | None, reason: str | None, *, active: bool
) -> None:
    with workplace.record() as database:
        patient = records.get(database, code)
        change = _authorised(database, patient, tech, reason, Role.SUPERVISOR)
        _answer_changed(workplace, patient, _change(database, patient, change, {"is_active": active}))


def _authorised(
    database: Database, patient: Patient, tech: str | None, reason: str | None, role: Role
) -> Change:
    treated = f"patient {patient.patient_code} has sessions"
    was_treated = records.is_treated(database, patient.patient_id)
    return authorised_change(database, tech, reason, role=role, treated=treated if was_treated else None)


def _change(database: Database, patient: Patient, change: Change, values: dict[str, Any]) -> frozenset[str]:
    with database.transaction(change.tech_id, reason=change.reason) as transaction:
        return records.change(transaction, patient.patient_id, utc_now(), **values)


def _answer_changed(workplace: Workplace, patient: Patient, changed: frozenset[str]) -> None:
    code = patient.patient_code
    said = f"Changed of {code}: {', '.join(sorted(changed))}." if changed else f"{code} is so already."
    result = {"patient_id": patient.patient_id, "patient_code": code, "changed": sorted(changed)}
    workplace.answer(result, said)


def _as_shown(patient: Patient, *, open_past: bool) -> dict[str, Any]:
    return {
        name: shown("patients", name, value, to_supervisor=open_past)
        for name, value in asdict(patient).items()
    }


def _page(patient: dict[str, Any], sessions: list[dict[str, Any]]) -> str:
    lines = [
        ("Patient", patient["patient_code"]),
        ("Born", patient["date_of_birth"]),
        ("Gender", patient["gender"]),
        ("Added", _minute(patient["created_date"])),
        ("Changed", _minute(patient["last_modified_date"])),
        ("Active", {True: "yes", False: "no, retired", None: "unknown"}[patient["is_active"]]),
        ("Notes", patient["notes"]),
    ]
    text = "\n".join(f"{name:<9}{printable(str(value))}" for name, value in lines if value is not None)
    columns = ("Session", "Start (UTC)", "Status", "Protocol", "Laser on s", "Energy J", "Technician")
    keys = ("status", "protocol_name", "total_laser_on_time_seconds", "total_energy_joules", "technician")
    rows = [
        [one["session_id"], str(one["start_time"])[:_TO_MINUTES], *(one[key] for key in keys)]
        for one in sessions
    ]
    odd = "".join(f"\nOdd      {mark}" for mark in patient["odd"])
    return f"{text}{odd}\n\n{table_text(columns, rows)}" if sessions else f"{text}{odd}\nNo sessions."


def _minute(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RefusedError("the date of birth is no day, YYYY-MM-DD; nothing was kept") from None
