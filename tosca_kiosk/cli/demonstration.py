"""The treatment that `run` shows where there is no display: simulated, and as fast as it goes."""

from __future__ import annotations

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.simulated_session import Request, refuse_real_ports, run_session
from tosca_kiosk.cli.treat import summary_text
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, patients, users
from tosca_kiosk.storage.users import Role

TECHNICIAN = "demo"
PATIENT_NOTES = "Demonstration"
PROTOCOL = "protocols/warm_up_treatment_cool_down.json"


def demonstrate(workplace: Workplace) -> bool:
    """Treat the demonstration patient and print the summary; return whether the session was completed.

    Raises one of EXPECTED_ERRORS; RefusedError for a configuration with a real device.
    """
    refuse_real_ports(workplace.config)
    with workplace.record() as database:
        technician, patient = _technician(database), _patient(database)
    say(f"Patient {patient}, technician {technician}, everything simulated, faster than the clock.")
    request = Request(patient=patient, technician=technician, protocol=str(bundled(PROTOCOL)), fast=True)
    result = run_session(workplace, request)
    workplace.answer(result, summary_text(result))
    return bool(result["status"] == "completed")


def _technician(database: Database) -> str:
    if users.find(database, TECHNICIAN) is None:
        with database.transaction() as transaction:
            users.add(transaction, TECHNICIAN, "Demonstration", Role.TECHNICIAN, utc_now(), None)
    return TECHNICIAN


def _patient(database: Database) -> str:
    for patient in patients.list_all(database, active_only=True):
        if patient.notes == PATIENT_NOTES:
            return patient.patient_code
    with database.transaction() as transaction:
        return patients.add(transaction, utc_now(), notes=PATIENT_NOTES).patient_code
