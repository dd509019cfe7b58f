"""A device model stands in one file of the product, and in the simulators' own reading (`tests/house`)."""

from __future__ import annotations

from pathlib import Path

from hardware.arroyo.models import LASER_MODELS, TEC_MODELS
from simulators.wire.arroyo_models import RATINGS, TEC_MAX_A
from tests.house import homes

ROOT = Path(__file__).parents[2]


def test_every_home_is_there_and_names_the_models_that_are_looked_for() -> None:
    assert all((ROOT / home).is_file() for home in homes.HOMES)
    assert homes._models(ROOT) == {*LASER_MODELS, *TEC_MODELS}


def test_both_readings_of_the_manual_agree() -> None:
    """Drivers and simulators have each read it for themselves."""
    driver = {name: (m.max_current_ma, m.max_voltage_v, m.limit_step_ma) for name, m in LASER_MODELS.items()}
    assert {name: tuple(rating) for name, rating in RATINGS.items()} == driver


def test_the_simulators_know_every_tec_that_the_drivers_know() -> None:
    assert {*TEC_MODELS} <= {*TEC_MAX_A}
