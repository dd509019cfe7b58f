"""Scenarios by command: the shipped ones by name, and every mistake of a file by its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulators.scenario import ScenarioError
from tosca_kiosk.config import bundled
from tosca_kiosk.running.scenarios import scenario_file

WRONG = """name: 3
events:
  - at: 5
    stage.stall: true
  - stage.stalled: true
    stage.stalled: false
  - at: 1s
"""


def test_the_shipped_ones_are_listed_with_their_effect(new_cart):
    listed = new_cart.json("scenarios", "list")["scenarios"]
    shipped = sorted(path.stem for path in bundled("scenarios").glob("*.yaml"))
    assert [one["name"] for one in listed] == shipped
    assert all(one["effect"].endswith(".") and "\n" not in one["effect"] for one in listed)
    assert len(new_cart.text("scenarios", "list").splitlines()) >= len(listed) + 2
    assert not new_cart.data_dir.exists()


def test_one_is_shown_with_what_is_seen_and_what_happens_when(new_cart):
    shown = new_cart.json("scenarios", "show", "pedal_pauses")
    assert shown["events"][0] == {"at": "armed + 2s", "set": {"pedal.pressed": True}}
    assert shown["presses_pedal"] is True
    text = new_cart.text("scenarios", "show", "pedal_pauses")
    assert "On the screen: " in text
    assert text.splitlines()[-1].split() == ["armed", "+", "14.5s", "pedal.pressed", "true"]


def test_every_mistake_of_a_file_is_named_by_line_and_path(new_cart, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(WRONG, encoding="utf-8")
    result = new_cart.run("scenarios", "check", str(file), "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"]) == (1, False)
    assert [(one["line"], one["path"]) for one in answer["errors"]] == [
        (1, "name"),
        (3, "events[0].at"),
        (4, "events[0].stage.stall"),
        (5, "events[1].at"),
        (6, "events[1].stage.stalled"),
        (7, "events[2]"),
    ]
    assert "mistakes: 6, the first: line 1, name: 3 given, text allowed" in result.stderr


def test_a_good_file_is_said_to_be_good(new_cart):
    file = str(bundled("scenarios") / "pedal_pauses.yaml")
    assert new_cart.json("scenarios", "check", file)["ok"] is True
    assert "is a scenario of 5 events" in new_cart.text("scenarios", "check", file)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("pedal_pause", "pedal_pauses"), ("stop_loop", "stop_loop_opened"), ("../cart", None)],
)
def test_an_unknown_name_is_refused_with_the_nearest(new_cart, name, nearest):
    said = new_cart.refused("scenarios", "show", name)
    assert f"{name}: no scenario of this name is shipped" in said
    assert nearest is None or f"; {nearest} may be meant" in said


def test_a_treatment_takes_a_file_or_a_shipped_ones_name_and_no_other(tmp_path):
    assert scenario_file(Path("pedal_pauses")) == bundled("scenarios") / "pedal_pauses.yaml"
    mine = tmp_path / "pedal_pauses"
    mine.write_text(WRONG, encoding="utf-8")
    assert scenario_file(mine) == mine
    assert scenario_file(Path("none.yaml")) == Path("none.yaml"), "a file that is not there is told as such"
    with pytest.raises(ScenarioError, match=r"pedal_pause: no scenario .*; pedal_pauses may be meant"):
        scenario_file(Path("pedal_pause"))
