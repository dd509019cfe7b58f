"""Patients and protocols as the screens list them."""

from __future__ import annotations

import json

import pytest

from tosca_kiosk.kiosk.services import people, plans
from tosca_kiosk.storage import StorageError, protocols, settings


def test_the_next_free_code_follows_the_year_and_the_highest_in_use(record):
    assert people.found(record, "").next_code == "P-2026-0001"
    people.add(record, "P-2026-0041", "left cheek", 1)
    found = people.found(record, "")
    assert found.next_code == "P-2026-0042"
    assert [patient.patient_code for patient in found.patients] == ["P-2026-0041"]


def test_a_search_looks_into_codes_and_notes(record):
    people.add(record, "P-2026-0001", "left cheek", 1)
    people.add(record, "P-2026-0002", "", 1)
    assert [patient.patient_code for patient in people.found(record, " cheek ").patients] == ["P-2026-0001"]
    assert [patient.patient_code for patient in people.found(record, "0002").patients] == ["P-2026-0002"]


@pytest.mark.parametrize("code", ["", "P-26-1", "p-2026-0001", "P-2026-00011", "P-2026-٠٠٠١"])
def test_a_code_of_another_form_is_refused(record, code):
    with pytest.raises(StorageError, match="P-YYYY-NNNN"):
        people.add(record, code, "", 1)


def test_a_code_in_use_is_refused_with_the_code(record):
    people.add(record, "P-2026-0001", "", 1)
    with pytest.raises(StorageError, match="P-2026-0001 is in use"):
        people.add(record, "P-2026-0001", "", 1)


def test_shipped_protocols_are_listed_with_their_plans(record):
    listing = plans.listed(record)
    assert listing.problem is None
    assert len(listing.protocols) == 4
    for row in listing.protocols:
        assert row.refused is None
        assert row.plan.peak_power_w <= row.power_limit_w


def test_a_protocol_over_the_limit_is_listed_with_the_reason_and_still_drawn(record, wall):
    with record.database.transaction(1) as transaction:
        settings.put(transaction, "max_laser_power_watts", 4.0, wall.now)
    rows = {row.name: row for row in plans.listed(record).protocols}
    over = rows["Constant 5 W, 60 s"]
    assert "over 4.0 W" in over.refused
    assert over.plan.peak_power_w == 5.0


def test_a_protocol_that_is_no_protocol_is_listed_and_not_drawn(record, wall):
    with record.database.transaction(1) as transaction:
        protocols.add(transaction, "Broken", "custom", json.dumps({"version": "9"}), wall.now)
    broken = {row.name: row for row in plans.listed(record).protocols}["Broken"]
    assert broken.plan is None
    assert "ersion" in broken.refused


def test_without_a_calibration_every_protocol_is_refused_with_the_reason(record):
    with record.database.transaction(1) as transaction:
        for row in transaction.find("calibrations"):
            transaction.update("calibrations", {"calibration_id": row["calibration_id"]}, is_active=False)
    listing = plans.listed(record)
    assert listing.problem
    assert all(row.refused == listing.problem and row.plan is not None for row in listing.protocols)
