"""What wears or moves in the simulated cart is found by a new calibration, and the next session is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from simulators.cart import SimulatedCart
from simulators.scenario import load_scenario
from simulators.settable import set_value
from simulators.world import World
from tests.e2e.treat_bench import Treated, protocol_text, treated
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.storage import calibrations

pytestmark = pytest.mark.slow

HEALTHY_J = 18.87
"""What 4 s at 5 W give, the power's first slope taken off: the truth of a cart as it was calibrated."""
CURRENTS_MA = (700, 1500, 3000, 4500, 6000, 7500, 9000, 9900)
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def worn_cart(scenario: Path) -> SimulatedCart:
    """A warm cart with the scenario's changes made, and its gate closed for the calibration's light."""
    cart = SimulatedCart(World(4, warm=True))
    for event in load_scenario(scenario).events:
        for path, value in event.changes:
            set_value(cart, path, value)
    cart.world.gate.set_coil(True)
    cart.laser.line.attach()
    for line in (b"ONDELAY 0", b"LAS:LDI 0", b"LAS:OUT 1"):
        say(cart, line)
    return cart


def say(cart: SimulatedCart, line: bytes) -> None:
    cart.laser.line.host_write(line + b"\n", cart.world.kernel.now_s)
    cart.world.advance(cart.world.kernel.now_s + 0.1)


def power_points(cart: SimulatedCart) -> list[dict[str, float]]:
    """Currents that the driver was told, against a power meter's readings of the true light."""
    points = []
    for current_ma in CURRENTS_MA:
        say(cart, b"LAS:LDI %d" % current_ma)
        cart.world.advance(cart.world.kernel.now_s + 5.0)
        points.append({"current_ma": current_ma, "power_watts": cart.world.true_power_w()})
    return points


def photodiode_points(cart: SimulatedCart) -> list[dict[str, float]]:
    """The photodiode's voltages, against a power meter's readings."""
    points = []
    for current_ma in CURRENTS_MA:
        say(cart, b"LAS:LDI %d" % current_ma)
        cart.world.advance(cart.world.kernel.now_s + 5.0)
        voltage_v = cart.world.photodiode.counts() * 5.0 / 1024.0
        points.append({"voltage_v": voltage_v, "power_watts": cart.world.true_power_w()})
    return points


def ring_points(cart: SimulatedCart) -> list[dict[str, float]]:
    """The stage's positions, against the ring measured on the tissue."""
    points = []
    for position_um in (0, 1000, 2000, 3000):
        cart.world.stage.move_to_um(position_um, 5000.0, 1e6)
        cart.world.advance(cart.world.kernel.now_s + 10.0)
        points.append({"actuator_position_um": position_um, "ring_size_mm": cart.world.ring_size_mm()})
    return points


class Kind(NamedTuple):
    """A calibration: how it is made and how it is filed."""

    measured: Callable[[SimulatedCart], list[dict[str, float]]]
    calibration_type: str
    device_type: str
    device_serial: str
    key: str = "calibration_points"


POWER = Kind(power_points, "laser_power_verification", "laser", "SIM-LASER", "points")
PHOTODIODE = Kind(photodiode_points, "photodiode_voltage_to_power", "photodiode", "SIM-BOARD")
RING = Kind(ring_points, "actuator_position_to_ring_size", "actuator", "-1")


@pytest.fixture
def four_seconds(tmp_path):
    path = tmp_path / "four_seconds.json"
    path.write_text(protocol_text((4.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return path


@pytest.fixture
def sessions(data_dir, warm, four_seconds):
    """Run a scenario with the calibrations that are there, then with a new one of a kind."""

    def run(name: str, kind: Kind) -> tuple[Treated, Treated]:
        scenario = bundled(f"scenarios/{name}.yaml")
        before = treated(data_dir, four_seconds, config=warm, scenario=scenario)
        file(data_dir, warm, kind, kind.measured(worn_cart(scenario)))
        return before, treated(data_dir, four_seconds, config=warm, scenario=scenario)

    return run


def file(data_dir: Path, config: Path, kind: Kind, points: list[dict[str, Any]]) -> None:
    workplace = Workplace(config, data_dir, as_json=True)
    with workplace.record() as database, database.transaction(1) as transaction:
        calibrations.add(
            transaction,
            calibrated_utc=NOON,
            tech_id=1,
            device_type=kind.device_type,
            device_serial=kind.device_serial,
            calibration_type=kind.calibration_type,
            calibration_data=json.dumps({kind.key: points}),
        )


def warnings(seen: Treated) -> list[str]:
    return [row["event_type"] for row in seen.safety_log() if row["severity"] != "info"]


# A seventh too much is a sixth over the set power, a hair over the 15 % of the warning's row: where the row
# warns while the power rises, it may pass for the one tick in which the last set point of the rise is
# confirmed and its light not yet measured, and half a second later warn of the same again. The session's end
# may add a warning of its own: measured and commanded energy differ.
@pytest.mark.parametrize("name", ["diode_aged", "laser_calibration_off"])
def test_a_new_power_calibration_brings_the_true_energy_back(sessions, name):
    before, after = sessions(name, POWER)
    assert abs(before.result["true_energy_joules"] - HEALTHY_J) > 0.1 * HEALTHY_J
    assert set(warnings(before)) == {"photodiode_out_of_range"}
    assert after.result["true_energy_joules"] == pytest.approx(HEALTHY_J, rel=0.02)
    assert warnings(after) == []


def test_a_new_photodiode_calibration_brings_the_measured_energy_back(sessions):
    before, after = sessions("photodiode_fades", PHOTODIODE)
    assert before.result["total_energy_joules"] < 0.92 * before.result["true_energy_joules"]
    assert warnings(before) == ["photodiode_out_of_range"] * 2
    assert after.result["total_energy_joules"] == pytest.approx(after.result["true_energy_joules"], rel=0.02)
    assert warnings(after) == []


def test_a_new_ring_calibration_brings_the_rings_size_back(sessions):
    before, after = sessions("ring_optics_moved", RING)
    assert lit_rings(before) == {3.3}
    assert lit_rings(after) == {3.0}


def lit_rings(seen: Treated) -> set[float]:
    lit = zip(seen.true_ring_mm, seen.true_power_w, strict=True)
    return {round(ring_mm, 2) for ring_mm, power_w in lit if power_w > 0.0}
