"""Patients, known by a code alone: `P-YYYY-NNNN`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

from tosca_kiosk.storage import counters, queries
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row, Transaction
from tosca_kiosk.storage.errors import StorageError

_CODE = re.compile(r"P-(\d{4})-(\d{4})", re.ASCII)
_LAST_NUMBER = 9999
_BORN_FROM: Final = date(1900, 1, 1)
_CHANGEABLE: Final = frozenset({"date_of_birth", "gender", "notes", "is_active"})


@dataclass(frozen=True, slots=True)
class Patient:
    """One row of patients. odd: what in it is no value of its column; is_active: None where unknown."""

    patient_id: int
    patient_code: str
    date_of_birth: date | None
    gender: str | None
    created_date: datetime | None
    created_by_tech_id: int | None
    last_modified_date: datetime | None
    notes: str | None
    is_active: bool | None
    odd: tuple[str, ...] = ()


def add(
    transaction: Transaction,
    now: datetime,
    *,
    code: str | None = None,
    created_by: int | None = None,
    date_of_birth: date | None = None,
    gender: str | None = None,
    notes: str | None = None,
) -> Patient:
    """Add a patient, by default under the year's next free code.

    Raises StorageError for a code of another form or in use, when the year's codes are used up, and for a
    date of birth before 1900 or to come.
    """
    _check_born(date_of_birth, now)
    if code is None:
        code = next_code(transaction, now.year)
    if not _CODE.fullmatch(code):
        raise StorageError(f"patient code {code!r} is not P-YYYY-NNNN, such as P-{now.year}-0001")
    if transaction.held_one("patients", patient_code=code):
        raise StorageError(f"patient code {code} is in use; choose another or leave it out")
    transaction.insert(
        "patients",
        patient_code=code,
        created_date=now,
        created_by_tech_id=created_by,
        date_of_birth=date_of_birth,
        gender=gender,
        notes=notes,
    )
    return get(transaction, code)


def next_code(database: Database | Reader, year: int) -> str:
    """Return the year's code after the highest in use; codes of the past are not given again.

    Nor those of a record that a restore replaced.
    """
    [row] = database.rows(
        "SELECT max(patient_code) AS newest FROM patients WHERE patient_code GLOB :form",
        form=f"P-{year:04d}-[0-9][0-9][0-9][0-9]",
    )
    restores = database.rows(counters.RESTORES)
    newest = 0 if row["newest"] is None else int(row["newest"][-4:])
    number = max(newest, counters.highest_code((restore["details"] for restore in restores), year)) + 1
    if number > _LAST_NUMBER:
        raise StorageError(
            f"all patient codes of {year} up to P-{year:04d}-{number - 1:04d} are used; "
            "give a free code yourself"
        )
    return f"P-{year:04d}-{number:04d}"


def find(database: Database | Reader, code: str) -> Patient | None:
    """Return the patient with this code, or None."""
    found = queries.PATIENT_BY_CODE.ask(database, patient_code=code)
    return _patient(found[0]) if found else None


def get(database: Database | Reader, code: str) -> Patient:
    """Return the patient with this code; StorageError if there is none."""
    patient = find(database, code)
    if patient is None:
        known = [str(row["patient_code"]) for row in database.rows("SELECT patient_code FROM patients")]
        near = get_close_matches(code, known, n=1, cutoff=0.8)
        guess = f"; {near[0]} may be meant" if near else ""
        raise StorageError(f"no patient has the code {code!r}{guess}; see tosca-kiosk patients list")
    return patient


def of_id(database: Database | Reader, patient_id: int | None) -> Patient:
    """Return the patient with this number; StorageError if there is none."""
    found = None if patient_id is None else database.held_one("patients", patient_id=patient_id)
    if found is None:
        raise StorageError(f"no patient has the number {patient_id}; run tosca-kiosk db check")
    return _patient(found)


def search(database: Database | Reader, part: str, limit: int = 50) -> list[Patient]:
    """Return patients with part in code or notes, newest first, but for those closed for certain."""
    literal = re.sub(r"([%_\\])", r"\\\1", part)
    found = database.rows(
        "SELECT patient_id FROM patients WHERE is_active IS NOT 0 AND "
        "(patient_code LIKE :part ESCAPE '\\' OR notes LIKE :part ESCAPE '\\') "
        "ORDER BY patient_id DESC LIMIT :limit",
        part=f"%{literal}%",
        limit=limit,
    )
    return [of_id(database, row["patient_id"]) for row in found]


def list_all(database: Database | Reader, *, active_only: bool = False) -> list[Patient]:
    """Return the patients by code; active_only: those that are active for certain."""
    every = [_patient(found) for found in database.held("patients", order_by="patient_code")]
    return [patient for patient in every if patient.is_active or not active_only]


def sessions_of(database: Database | Reader, patient_id: int) -> list[Row]:
    """Return a patient's sessions, the newest first, as the view `patient_session_history` tells them."""
    return database.rows(
        "SELECT * FROM patient_session_history WHERE patient_id = :patient_id AND session_id IS NOT NULL",
        patient_id=patient_id,
    )


def is_treated(database: Database | Reader, patient_id: int) -> bool:
    """Say whether a patient has sessions, of whatever end."""
    return bool(database.held("sessions", patient_id=patient_id, limit=1))


def change(transaction: Transaction, patient_id: int, now: datetime, **values: Any) -> frozenset[str]:
    """Change date_of_birth, gender, notes or is_active of a patient; the code stays for ever.

    Return which of them became another; where none did, nothing is written. Raises StorageError for another
    column, an unknown patient, and a date of birth before 1900 or to come.
    """
    if fixed := sorted(set(values) - _CHANGEABLE):
        raise StorageError(f"patient {patient_id}: {', '.join(fixed)} cannot be changed")
    _check_born(values.get("date_of_birth"), now)
    before = transaction.held_one("patients", patient_id=patient_id)
    if before is None:
        raise StorageError(f"no patient has the number {patient_id}; see tosca-kiosk patients list")
    odd = {one.column for one in before.odd}
    changed = {name: value for name, value in values.items() if name in odd or before.row[name] != value}
    if changed:
        transaction.update("patients", {"patient_id": patient_id}, last_modified_date=now, **changed)
    return frozenset(changed)


def _check_born(born: date | None, now: datetime) -> None:
    """Refuse a day that is no birthday of a patient; it is not repeated, for it may nearly be one."""
    if born is None:
        return
    if born > now.date():
        raise StorageError(f"the date of birth is after today, {now:%Y-%m-%d} (UTC); nothing was kept")
    if born < _BORN_FROM:
        raise StorageError(f"the date of birth is before {_BORN_FROM:%Y}; nothing was kept")


def _patient(found: Held) -> Patient:
    return Patient(**found.row, odd=found.marks)
