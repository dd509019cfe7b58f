"""Overrides by a scenario, end to end: true light, journal, record and answer follow the plan in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.scenario import ScenarioError
from tests.e2e.treat_bench import TECHNICIAN, Treated, protocol_text, treated
from tosca_kiosk.cli.treat import summary_text
from tosca_kiosk.config import bundled
from tosca_kiosk.config.load import load_config
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.domain.plan import Override, Plan
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import planned_scenario, simulated_cart

pytestmark = pytest.mark.slow

SCENARIO = bundled("scenarios") / "power_overridden.yaml"
TICKS_A_SECOND = 100
SEEDS_KEYS = ("action", "old_value", "new_value", "reason")


@pytest.fixture(scope="module")
def seen(new_data_dir: Callable[[], Path], warm: Path, tmp_path_factory: pytest.TempPathFactory) -> Treated:
    protocol = tmp_path_factory.mktemp("protocol") / "long.json"
    protocol.write_text(protocol_text((12.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return treated(new_data_dir(), protocol, config=warm, scenario=SCENARIO)


def test_the_true_light_is_what_was_asked_for_last(seen: Treated) -> None:
    """Within 2 %, for as long as each power was to last, less its rise."""
    for power_w, lit_s in ((5.0, 2.0), (3.5, 4.6), (4.25, 5.4)):
        near = [seen_w for seen_w in seen.true_power_w if abs(seen_w - power_w) <= 0.02 * power_w]
        assert lit_s - 0.7 < len(near) / TICKS_A_SECOND < lit_s + 0.1, power_w
    assert max(seen.true_power_w) < 5.2


def test_planned_energy_and_deviations_are_of_the_plan_in_force(seen: Treated) -> None:
    taken = seen.result["deviations"]
    assert [(row["old_value"], row["new_value"]) for row in taken] == [(5.0, 3.5), (3.5, 4.25), (3.0, 2.5)]
    snapshot = parse_protocol(seen.session["protocol_data_snapshot"], "row", "long", Limits(max_power_w=10.0))
    at_s = [json.loads(row["event_details"]) for row in seen.events("user_action")]
    at_s = [row["elapsed_s"] for row in at_s if "new_value" in row and "refused" not in row]
    plan = Plan(
        snapshot,
        tuple(
            Override(elapsed_s, **{key: row["new_value"]})
            for elapsed_s, row, key in zip(at_s, taken, ("power_w", "power_w", "ring_size_mm"), strict=True)
        ),
    )
    assert seen.result["planned_energy_joules"] == plan.planned_energy_j < 55.0
    assert seen.result["protocol_energy_joules"] == 60.0
    assert seen.result["status"] == "completed"
    assert seen.result["dose_energy_joules"] <= 1.05 * plan.planned_energy_j
    said = summary_text(seen.result)
    assert "3.5 to 4.25 W" in said


def test_the_record_has_the_seeds_keys_and_every_refusal(seen: Treated) -> None:
    rows = [json.loads(row["event_details"]) for row in seen.events("user_action")]
    asked = [row for row in rows if "override" in row["action"]]
    assert all(set(SEEDS_KEYS) <= row.keys() and row["user"] == TECHNICIAN for row in asked)
    assert [row.get("refused") is None for row in asked] == [False, True, True, False, True]
    assert asked[3]["refused"] == "50 W asked, over 0 to 9.49 W allowed"
    assert {key: asked[1][key] for key in SEEDS_KEYS} == {
        "action": "protocol_power_override", "old_value": 5.0, "new_value": 3.5, "reason": "patient tolerance"
    }  # fmt: skip
    done = replay(ChainReader(seen.journal.read_bytes()))
    assert (done.difference, done.whole) == (None, True)


def test_a_cart_without_an_operator_refuses_what_he_would_do(warm: Path) -> None:
    with simulated_cart(load_config(warm), VirtualClock()) as cart:
        assert cart is not None
        with pytest.raises(ScenarioError, match="run it by treat --scenario"):
            planned_scenario(SCENARIO, cart)
