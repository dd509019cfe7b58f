"""No message, and no traceback that a log keeps, repeats a PIN's hash or what a patient's row holds."""

from __future__ import annotations

import sqlite3
import traceback
from contextlib import closing

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.storage import StorageError, check, patients, users

BORN, NOTES = "02/29/1980", "Zanzibar"


@pytest.fixture
def patient(database, now):
    with database.transaction(1) as transaction:
        users.set_pin(transaction, 1, "314159", now)
        return patients.add(transaction, now, notes=NOTES).patient_id


def test_an_odd_value_of_a_patient_or_a_hash_is_named_and_not_shown(database, path, patient):
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        no_text = (BORN, b"\xffZanzibar")
        tool.execute("UPDATE patients SET date_of_birth = ?, gender = CAST(? AS TEXT)", no_text)
        tool.execute("UPDATE credentials SET pin_hash = CAST(x'ff6172676f6e32' AS TEXT)")
    found = [problem for problem in check(database).problems if "what stands there" in problem]
    assert found[:3] == [
        "patients, patient_id 1, date_of_birth: what stands there is no day, YYYY-MM-DD",
        "patients, patient_id 1, gender: what stands there is no text in UTF-8",
        "credentials, tech_id 1, pin_hash: what stands there is no text in UTF-8",
    ]
    with refused("date_of_birth: what stands there"):
        database.find("patients")
    assert not [
        text for text in check(database).problems if BORN in text or NOTES in text or "argon2" in text
    ]


def test_no_statement_that_fails_tells_its_values(database, patient):
    with pytest.raises(StorageError) as failed, database.transaction(1) as transaction:
        transaction.execute("INSERT INTO patients (patient_code, notes) VALUES (:code, :notes)", notes=NOTES)
    assert NOTES not in "".join(traceback.format_exception(failed.value))
