"""A record that knows no calibration arms its cart by makers' certificates and a supervisor's word alone."""

from __future__ import annotations

import pytest

from tests.calibration.papers import certificate, written
from tests.cli.kiosk_command import Cart
from tests.e2e.treat_bench import PATIENT, TECHNICIAN
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.calibrating.kinds import KINDS
from tosca_kiosk.domain.calibration import MADE_BY, PHOTODIODE, POWER, RING
from tosca_kiosk.machine.clock import utc_now

pytestmark = pytest.mark.slow

SERIALS = {PHOTODIODE: "SIM-BOARD", POWER: "SIM-LASER", RING: "-1"}


def test_from_a_record_without_calibrations_to_a_treatment(tmp_path, warm, short):
    cart = Cart(tmp_path / "data")
    for words in (
        ("db", "init"),
        ("users", "add", TECHNICIAN, "--full-name", "Jane Doe", "--role", "technician"),
        ("users", "add", "sue", "--full-name", "Sue Roe", "--role", "supervisor"),
        ("patients", "add", "--code", PATIENT),
        ("protocols", "add", str(short)),
    ):
        cart.text(*words, "--config", str(bundled("cart.yaml")))
    here = ("--config", str(warm))
    treat = ("treat", "--patient", PATIENT, "--tech", TECHNICIAN, "--protocol", str(short), "--fast", *here)
    assert cart.json("calibrations", "list", *here)["calibrations"] == []
    refused = cart.refused(*treat)
    told = [
        f"{kind}: no active calibration of {serial}; {MADE_BY[kind]} " for kind, serial in SERIALS.items()
    ]
    assert sorted(told, key=refused.index) == told
    for kind in KINDS:
        paper = certificate(kind, utc_now().date(), device_serial_number=SERIALS[kind])
        added = cart.json("calibrate", "import", written(tmp_path, paper), "--tech", TECHNICIAN, *here)
        number = str(added["calibration_id"])
        assert f"{number} awaits tosca-kiosk calibrate confirm {number}" in cart.refused(*treat)
        cart.text("calibrate", "confirm", number, "--tech", "sue", *here)
    treated = cart.json(*treat)
    assert treated["status"] == "completed"
    assert treated["total_energy_joules"] == pytest.approx(treated["true_energy_joules"], rel=0.05)
    assert treated["max_power_watts"] == pytest.approx(5.0, rel=0.05)
