"""Where a person finds the wire traces of a fault: in the session's folder, named by `treat`."""

from __future__ import annotations

import json

import pytest

from tosca_kiosk.config import bundled

pytestmark = pytest.mark.slow

PROTOCOL = bundled("protocols/constant_5w_60s.json")
BLOCKED = bundled("scenarios/photodiode_blocked.yaml")


@pytest.fixture
def patient(cart):
    return cart.json("patients", "add")["patient_code"]


@pytest.fixture
def words(cart, patient):
    cart.text("users", "add", "tech01", "--full-name", "A Technician", "--role", "technician")
    return ("treat", "--patient", patient, "--tech", "tech01", "--protocol", str(PROTOCOL), "--fast")


def test_a_scenario_that_ends_in_a_fault_leaves_a_trace_that_treat_names(cart, words):
    ended = cart.run(*words, "--scenario", str(BLOCKED))
    assert ended.exit_code == 1
    (saved,) = (cart.data_dir / "sessions").glob("*/traces/*.txt")
    assert saved.name.endswith("_photodiode_out_of_range.txt")
    assert f"Wire trace    {saved}" in ended.stdout.splitlines()
    last_bytes = saved.read_text(encoding="utf-8")[-500:]
    assert r"laser > LAS:OUT 0\r" in last_bytes


def test_a_folder_that_takes_no_trace_leaves_session_and_record_whole(cart, words, monkeypatch):
    monkeypatch.setattr("tosca_kiosk.journal.fault_traces.TRACES_NAME", "journal.jsonl/no_folder")
    ended = cart.run(*words, "--scenario", str(BLOCKED), "--json")
    result = json.loads(ended.stdout)
    assert result["status"] == "aborted"
    assert result["abort_reason"].startswith("photodiode_out_of_range")
    assert cart.json("db", "check")["ok"] is True
    assert not list((cart.data_dir / "sessions").glob("*/*/*.txt"))


def test_a_treatment_without_a_fault_names_none(cart, words):
    shown = cart.text(*words)
    assert "completed" in shown
    assert "Wire trace" not in shown
