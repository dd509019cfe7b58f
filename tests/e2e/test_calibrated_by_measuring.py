"""A drawn cart without any calibration is measured, confirmed and treats, by commands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simulators.world import World
from tests.calibration.papers import certificate, written
from tests.cli.kiosk_command import Cart
from tests.e2e.treat_bench import PATIENT, TECHNICIAN
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.calibration import RING
from tosca_kiosk.machine.clock import utc_now

pytestmark = pytest.mark.slow

SEED = 7


@pytest.fixture
def drawn(warm: Path, tmp_path: Path) -> Path:
    """A configuration whose world is not what the shipped calibrations believe."""
    config = yaml.safe_load(warm.read_text(encoding="utf-8"))
    config["simulation"] |= {"true_constants": "drawn", "seed": SEED}
    path = tmp_path / "drawn.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def ring_paper() -> dict[str, Any]:
    """What whoever looked at the ring of this world would have written down."""
    truth = World(SEED, drawn=True).true_constants()
    at_index_mm, per_mm = truth["optics.ring_at_index_mm"], truth["optics.ring_mm_per_mm"]
    paper = certificate(RING, utc_now().date(), device_serial_number="-1")
    for reading in paper["readings"]:
        reading["ring_size_mm"] = round(
            at_index_mm + per_mm * truth["stage.scale"] * reading["actuator_position_um"] / 1000.0, 3
        )
    return paper


def test_from_a_bare_record_to_a_treatment_within_tolerance(tmp_path: Path, drawn: Path, short: Path) -> None:
    cart, here = Cart(tmp_path / "data"), ("--config", str(drawn))
    for words in (
        ("db", "init"),
        ("users", "add", TECHNICIAN, "--full-name", "Jane Doe", "--role", "technician"),
        ("users", "add", "sue", "--full-name", "Sue Roe", "--role", "supervisor"),
        ("patients", "add", "--code", PATIENT),
        ("protocols", "add", str(short)),
    ):
        cart.text(*words, "--config", str(bundled("cart.yaml")))
    treat = ("treat", "--patient", PATIENT, "--tech", TECHNICIAN, "--protocol", str(short), "--fast", *here)
    assert "calibrate photodiode" in cart.refused(*treat)
    assert "rests on photodiode_voltage_to_power" in cart.refused(
        "calibrate", "laser", "--tech", TECHNICIAN, "--fast", *here
    )
    for kind in ("photodiode", "laser"):
        made = cart.json("calibrate", kind, "--tech", TECHNICIAN, "--fast", *here)
        assert made["passed"], made["reasons"]
        cart.text("calibrate", "confirm", str(made["calibration_id"]), "--tech", "sue", *here)
    added = cart.json("calibrate", "import", written(tmp_path, ring_paper()), "--tech", TECHNICIAN, *here)
    cart.text("calibrate", "confirm", str(added["calibration_id"]), "--tech", "sue", *here)
    verified = cart.json("calibrate", "power", "--tech", TECHNICIAN, "--fast", *here)
    assert verified["passed"], verified["reasons"]
    treated = cart.json(*treat)
    assert treated["status"] == "completed"
    # What is asked for is given: not only what is measured by the same photodiode.
    assert treated["true_energy_joules"] == pytest.approx(treated["commanded_energy_joules"], rel=0.10)
    assert treated["total_energy_joules"] == pytest.approx(treated["true_energy_joules"], rel=0.05)
