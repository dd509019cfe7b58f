"""A device model stands in one file of the product, and in one of the simulators' own reading."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hardware.arroyo.models import LASER_MODELS, TEC_MODELS
from simulators.wire.arroyo_models import RATINGS, TEC_MAX_A

ROOT = Path(__file__).parents[2]
MODELS = {*LASER_MODELS, *TEC_MODELS}
HOMES = {
    "hardware/arroyo/models.py",
    "simulators/wire/arroyo_models.py",
    "simulators/wire/arroyo_laser.py",
    "simulators/wire/arroyo_tec.py",
}
SOURCES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("hardware", "simulators", "tosca_kiosk")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", sorted(set(SOURCES) - HOMES))
def test_no_other_file_names_a_device_model(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & MODELS
    assert not named, f"{path} names {', '.join(sorted(named))}: take it from hardware/arroyo/models.py"


def test_every_home_names_a_model() -> None:
    assert set(SOURCES) >= HOMES


def test_both_readings_of_the_manual_agree() -> None:
    """Drivers and simulators have each read it for themselves."""
    driver = {name: (m.max_current_ma, m.max_voltage_v, m.limit_step_ma) for name, m in LASER_MODELS.items()}
    assert {name: tuple(rating) for name, rating in RATINGS.items()} == driver


def test_the_simulators_know_every_tec_that_the_drivers_know() -> None:
    assert {*TEC_MODELS} <= {*TEC_MAX_A}
