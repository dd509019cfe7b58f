"""Who changed what, field by field; and where everything lies."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.kiosk_command import Cart, next_second


def changes(cart, *words):
    return cart.json("audit", "show", *words)["changes"]


@pytest.fixture
def edited(cart):
    """A cart whose patient was added by an admin and changed by an SQLite tool."""
    cart.text("patients", "add", "--tech", "admin", "--code", "P-2026-0001")
    with closing(sqlite3.connect(cart.database, isolation_level=None)) as tool:
        tool.execute("UPDATE patients SET gender = 'x', is_active = 0")
    return cart


def test_each_change_names_who_and_every_field_before_and_after(edited):
    added, changed = changes(edited, "--table", "patients", "--row", "P-2026-0001")
    assert (added["action"], added["operator"], added["source"]) == ("insert", "admin", "application")
    assert (changed["action"], changed["operator"], changed["source"]) == ("update", None, "sql")
    assert {"field": "is_active", "old": 1, "new": 0} in changed["fields"]
    assert changes(edited, "--table", "patients", "--row", "1") == [added, changed]
    assert "update by another program" in edited.text("audit", "show", "--table", "patients")


def test_it_is_narrowed_by_account_time_and_number(edited):
    assert {one["operator"] for one in changes(edited, "--by", "admin")} == {"admin"}
    newest = changes(edited, "--limit", "1")
    assert [one["source"] for one in newest] == ["sql"]
    when = f"{next_second():%Y-%m-%d %H:%M:%S}"
    assert changes(edited, "--since", when) == []
    edited.text("patients", "add")
    assert [one["table"] for one in changes(edited, "--since", when)] == ["patients"]
    assert changes(edited, "--limit", "1", "--as-of", when) == newest


def test_a_reason_stands_with_its_change_and_is_shown_as_a_row_where_its_table_is_asked_for(cart):
    why = ("--tech", "admin", "--reason", "until the lens is replaced")
    cart.text("config", "set", "max_laser_power_watts", "8", *why)
    newest = changes(cart)[-1]
    assert (newest["table"], newest["reason"]) == ("system_config", why[-1])
    assert changes(cart, "--limit", "1") == [newest]
    [row] = changes(cart, "--table", "change_reasons")
    assert {"field": "reason", "old": None, "new": why[-1]} in row["fields"]
    assert row["audit_id"] == newest["audit_id"] + 1


def test_what_another_program_writes_as_a_reason_is_listed_as_any_change(edited):
    with closing(sqlite3.connect(edited.database, isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO change_reasons (first_audit_id, last_audit_id, reason) "
            "SELECT max(audit_id), max(audit_id), 'forged' FROM audit_log"
        )
    edited.text("patients", "add")  # links what is there, late
    changed, forged, _ = changes(edited, "--limit", "3")
    assert (changed["table"], changed["reason"]) == ("patients", None)
    assert (forged["table"], forged["source"]) == ("change_reasons", "sql")


def test_a_change_that_cannot_be_read_is_named_and_hides_no_other(edited):
    with closing(sqlite3.connect(edited.database, isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, old_values, new_values) "
            "VALUES ('2026-01-01 00:00:00', 'sql', 'patients', '1', 'update', '{', '{}')"
        )
    *others, bad = changes(edited, "--table", "patients")
    assert len(others) == 2
    assert bad["odd"] == ["old_values cannot be read; run tosca-kiosk db check"]
    assert "old_values cannot be read" in edited.text("audit", "show", "--table", "patients")


def test_of_a_pin_nothing_is_shown(edited):
    edited.text("users", "set-pin", "admin", "--pin-stdin", stdin="271828\n")
    [change] = changes(edited, "--table", "credentials", "--row", "admin")
    assert {"field": "pin_digest", "old": None, "new": "(a PIN)"} in change["fields"]
    assert "pin_hash" not in str(change)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--by", "nobody"), "no user is named 'nobody'"),
        (("--by", "admi"), "admin may be meant"),
        (("--table", "patients", "--row", "nobody"), "patients has no row 'nobody'"),
        (("--table", "patients", "--row", "99"), "patients has no row '99'"),
        (("--table", "patients", "--row", "P-2026-0007"), "'P-2026-0001' may be meant"),
        (("--table", "system_config", "--row", "video_fp"), "'video_fps' may be meant"),
        (("--since", "yesterday"), "--since 'yesterday' is no span and no time"),
    ],
)
def test_what_is_not_there_is_refused(edited, words, said):
    assert said in edited.refused("audit", "show", *words)


def test_a_key_that_never_had_a_value_and_a_row_that_is_gone_are_no_mistakes(edited):
    key = ("--table", "system_config", "--row", "max_treatment_duration_seconds")
    assert changes(edited, *key) == []
    with closing(sqlite3.connect(edited.database, isolation_level=None)) as tool:
        tool.execute("DELETE FROM patients")
    gone = changes(edited, "--table", "patients", "--row", "1")
    assert [one["action"] for one in gone] == ["insert", "update", "delete"]


def places(cart):
    return {one["name"]: one for one in cart.json("where")["places"]}


def test_where_names_every_place_with_its_size_and_what_is_missing(edited, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    found = places(edited)
    assert found["record"]["path"] == str(edited.database)
    assert found["record"]["bytes"] >= edited.database.stat().st_size
    assert found["sessions"]["files"] is None
    assert found["anchors"]["path"] is None
    assert [one["missing"] for one in found.values()] == [[]] * len(found)
    with closing(sqlite3.connect(edited.database, isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO sessions (patient_id, tech_id, start_time, status, session_folder_path) "
            "VALUES (1, 1, '2026-01-01 00:00:00', 'completed', 'data/sessions/1_20260101_000000')"
        )
    (edited.data_dir / "cart_signing_key.pem").unlink()
    found = places(edited)
    assert found["sessions"]["missing"] == ["folder of session 1"]
    assert found["key"]["missing"] == ["is not there"]
    assert "folder of session 1" in edited.text("where")


def test_where_makes_nothing_and_tells_of_what_cannot_be_read(edited, tmp_path):
    new_cart = Cart(tmp_path / "other")
    found = places(new_cart)
    assert found["record"]["missing"] == ["is not there"]
    assert not new_cart.data_dir.exists()
    edited.database.write_bytes(b"no record")
    (tmp_path / "bad.yaml").write_text("x: 1\n")
    done = edited.run("where", "--json", "--config", str(tmp_path / "bad.yaml"))
    assert (done.exit_code, done.stderr.count("Warning: ")) == (0, 2)
    assert {one["name"] for one in json.loads(done.stdout)["places"]} >= {"record", "backups", "key"}
