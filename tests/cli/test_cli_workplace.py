"""What every command shares: which configuration, which directory, who may work there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.kiosk_command import one_line
from tosca_kiosk.cli import main
from tosca_kiosk.cli.database import db
from tosca_kiosk.cli.patients import patients
from tosca_kiosk.cli.protocols import protocols
from tosca_kiosk.cli.users import users
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, StorageError, sessions
from tosca_kiosk.storage import patients as records

HOLDER = """
import sys
from pathlib import Path
from tosca_kiosk.storage import data_directory_lock
with data_directory_lock(Path(sys.argv[1]), monotonic_s=lambda: 0.0, wait=print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(cart):
    """Another program that holds the cart's directory until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(cart.data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def workplace(data_dir):
    return Workplace(bundled("simulated.yaml"), data_dir, as_json=False)


@pytest.mark.process
def test_whoever_holds_the_directory_is_named(cart, holder):
    with (
        pytest.raises(StorageError, match=rf"in use by process {holder.pid} \(.*give another --data-dir"),
        workplace(cart.data_dir).locked(timeout_s=0.0),
    ):
        pass


@pytest.mark.process
def test_a_directory_that_is_let_go_meanwhile_is_taken(cart, holder):
    holder.stdin.close()
    with workplace(cart.data_dir).locked():
        assert (cart.data_dir / "laser_control.lock").read_text() != ""


def test_the_default_directory_is_the_platforms(tmp_path):
    result = CliRunner().invoke(main, ["db", "init", "--json"])
    assert json.loads(result.stdout)["database"] == str(
        tmp_path / "home" / "tosca-kiosk" / "laser_control.db"
    )


def test_another_record_close_at_hand_is_told_where_the_directory_is_the_default(
    new_cart, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    new_cart.text("db", "init")
    used = tmp_path / "home" / "tosca-kiosk"
    result = CliRunner().invoke(main, ["users", "list", "--json"])
    assert result.exit_code == 0
    assert result.stderr == (
        f"The record is in {used}; another one lies in data: --data-dir data uses that.\n"
    )
    assert new_cart.run("users", "list").stderr == "", "who names a record is told of no other"
    (tmp_path / "data" / "laser_control.db").unlink()
    assert CliRunner().invoke(main, ["users", "list"]).stderr == ""


def test_the_default_record_is_no_other_one(tmp_path, monkeypatch):
    (tmp_path / "home" / "tosca-kiosk").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "home" / "tosca-kiosk")
    monkeypatch.chdir(tmp_path)
    for words in (["db", "init"], ["users", "list"]):
        assert CliRunner().invoke(main, words).stderr == ""


@pytest.mark.process
def test_a_program_works_from_any_directory_and_finds_its_data_from_there(new_cart, tmp_path):
    new_cart.data_dir = Path("data")
    result = new_cart.process("protocols", "list", "--json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(json.loads(result.stdout)["protocols"]) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_tosca_config_names_the_configuration_and_the_option_wins(new_cart, monkeypatch):
    monkeypatch.setenv("TOSCA_CONFIG", "/none/such.yaml")
    assert new_cart.refused("db", "init").startswith("/none/such.yaml: cannot be read")
    assert not new_cart.data_dir.exists()
    new_cart.text("db", "init", "--config", str(bundled("simulated.yaml")))


def test_with_json_a_refusal_is_an_object_too(cart):
    result = cart.run("db", "init", "--json")
    assert json.loads(result.stdout) == {"error": one_line(result.stderr)}


def test_a_session_that_a_crash_left_open_is_closed_by_the_next_command_that_writes(cart):
    now = utc_now()
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        patient = records.add(transaction, now)
        sessions.start(
            transaction,
            patient_id=patient.patient_id,
            tech_id=1,
            start_utc=now,
            protocol_name="Ramp",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    assert cart.run("patients", "list").stderr == ""
    result = cart.run("patients", "add")
    assert "Session 1 was interrupted" in result.stderr
    with Database.open(cart.database) as database:
        assert sessions.get(database, 1).status == "aborted"
    assert cart.run("patients", "add").stderr == ""


@pytest.mark.parametrize("group", [db, users, patients, protocols], ids=lambda group: group.name)
def test_every_command_of_a_group_explains_itself(group):
    assert len(group.commands) >= 2
    for name in group.commands:
        result = CliRunner().invoke(main, [group.name, name, "--help"])
        assert result.exit_code == 0
        assert result.stdout.startswith(f"Usage: main {group.name} {name} [OPTIONS]")
        assert "--data-dir" in result.stdout
