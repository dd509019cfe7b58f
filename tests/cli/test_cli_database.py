"""`db` by command: whatever is wrong with a file or a disk, one line says so and nothing is half done."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from importlib.resources import files

import pytest

from tests.cli.kiosk_command import WHY, Cart, held, one_line
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, ChainWriter, Header, Summary
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, patients, schema, sessions
from tosca_kiosk.storage.signing import KEY_NAME
from tosca_kiosk.storage.timestamps import utc_text

ADMIN_PIN = "271828"
HEAD = schema.revisions()[-1]
ONE_BEFORE = schema.revisions()[-2]


def sql(path, *statements):
    """Change a file behind the program's back, as any SQLite tool can."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def forge_log(cart):
    """Change the first row of the safety log, and leave the trigger that forbids it as it was."""
    trigger = "safety_log_no_update"
    with closing(sqlite3.connect(cart.database)) as connection:
        find = f"SELECT sql FROM sqlite_master WHERE name = '{trigger}'"
        (definition,) = connection.execute(find).fetchone()
    forged = "UPDATE safety_log SET description = 'All is well.' WHERE log_id = 1"
    sql(cart.database, f"DROP TRIGGER {trigger}", forged, definition)


def codes(cart):
    return [patient["patient_code"] for patient in cart.json("patients", "list")["patients"]]


# Making it.


def test_init_makes_the_database_with_the_shipped_content(new_cart):
    assert new_cart.json("db", "init") == {"database": str(new_cart.database), "version": HEAD}
    assert len(new_cart.json("protocols", "list")["protocols"]) == 4
    assert new_cart.json("db", "check")["ok"] is True


def test_init_on_an_existing_database_says_so_and_changes_nothing(cart):
    before = held(cart.data_dir)
    assert "there is a database already" in cart.refused("db", "init")
    assert held(cart.data_dir) == before


def test_init_fills_an_empty_file(new_cart):
    new_cart.data_dir.mkdir()
    new_cart.database.touch()
    new_cart.text("db", "init")
    assert new_cart.json("db", "check")["ok"] is True


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "check", "backup"])
def test_without_a_database_there_is_one_line_and_no_directory(new_cart, command):
    said = new_cart.refused("db", command)
    assert said == f"{new_cart.database}: there is no database; create it with tosca-kiosk db init"
    assert not new_cart.data_dir.exists()


# Files that are not this program's database.


@pytest.mark.parametrize("command", ["init", "upgrade", "downgrade", "check", "backup"])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(new_cart, command):
    new_cart.data_dir.mkdir()
    new_cart.database.write_text("These are forty-two words, and none of them is SQL. " * 20)
    before = held(new_cart.data_dir)
    assert "not an SQLite database" in new_cart.refused("db", command)
    assert held(new_cart.data_dir) == before


@pytest.mark.parametrize("command", ["init", "upgrade", "downgrade", "check"])
def test_another_programs_database_is_refused_and_left_as_it_is(new_cart, command):
    new_cart.data_dir.mkdir()
    sql(new_cart.database, "CREATE TABLE bookmarks (url TEXT)")
    assert "not a database of this program" in new_cart.refused("db", command)
    with closing(sqlite3.connect(new_cart.database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


@pytest.mark.parametrize(
    "words", [("db", "upgrade"), ("db", "check"), ("db", "downgrade"), ("users", "list")]
)
def test_a_database_of_a_newer_version_is_refused(cart, words):
    sql(cart.database, "UPDATE alembic_version SET version_num = '20991231_001'")
    said = cart.refused(*words)
    assert "of a newer version of this program (20991231_001); update the program" in said
    assert not cart.backups.exists()


# Up and down.


def test_downgrade_and_upgrade_each_make_a_backup_first(cart):
    cart.text("patients", "add")
    down = cart.json("db", "downgrade", *WHY)
    assert (down["from"], down["version"]) == (HEAD, ONE_BEFORE)
    assert "db upgrade" in cart.refused("users", "list")
    up = cart.json("db", "upgrade")
    assert (up["from"], up["version"]) == (ONE_BEFORE, HEAD)
    assert sorted(str(path) for path in cart.backups.iterdir()) == sorted([down["backup"], up["backup"]])
    assert len(codes(cart)) == 1
    assert cart.json("db", "check")["ok"] is True


def test_an_upgrade_says_what_it_found_broken_and_goes_on_saying_it(cart):
    cart.text("db", "downgrade", *WHY)
    forge_log(cart)
    result = cart.run("db", "upgrade", "--json")
    found = json.loads(result.stdout)["found"]
    assert result.exit_code == 0
    assert "safety_log: row log_id 1 is not what was written" in found[0]
    assert f"Warning: {found[0]}" in result.stderr
    damage = json.loads(cart.run("db", "check", "--json").stdout)["damage"]
    assert set(found) < set(damage), "the chain that was kept names the row too"


def test_an_upgrade_with_nothing_to_do_makes_no_backup(cart):
    assert cart.json("db", "upgrade")["backup"] is None
    assert not cart.backups.exists()


def test_a_database_made_by_the_schema_documents_own_sql_is_upgraded(new_cart):
    script = files("tosca_kiosk.storage") / "migrations" / "versions" / "20251015_001_initial_schema.sql"
    new_cart.data_dir.mkdir()
    sql(new_cart.database, *schema.statements(script.read_text(encoding="utf-8")))
    assert new_cart.json("db", "upgrade")["from"] == schema.revisions()[0]
    assert new_cart.json("db", "check")["ok"] is True


def test_no_command_empties_a_record(cart):
    before = held(cart.data_dir)
    assert "an emptied record proves nothing" in cart.refused("db", "downgrade", "--to", "base", *WHY)
    assert held(cart.data_dir) == before
    cart.text("db", "downgrade", "--to", schema.revisions()[0], *WHY)
    assert f"no older version than {schema.revisions()[0]}" in cart.refused("db", "downgrade", *WHY)


@pytest.mark.parametrize("wanted", ["head", HEAD, "20991231", "2"])
def test_a_version_that_is_not_one_older_one_is_refused_before_a_backup(cart, wanted):
    assert f"no version {wanted!r} before {HEAD}" in cart.refused("db", "downgrade", "--to", wanted)
    assert not cart.backups.exists()


# Checking it.


def test_check_tells_where_the_chain_ends(cart):
    chain = cart.json("db", "check")["chain"]
    assert chain["rows"]["safety_log"] > 0
    assert chain["links"] == sum(chain["rows"].values())
    assert len(chain["head"]) == 64


def test_check_names_the_first_broken_row(cart):
    forge_log(cart)
    result = cart.run("db", "check", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"]) == (1, False)
    assert one_line(result.stderr).endswith(f"problems: 1, the first: {answer['problems'][0]}")
    assert answer["problems"] == ["safety_log: row log_id 1 is not what was written"]
    assert answer["problems"][0] in cart.run("db", "check").stdout


def test_an_edit_by_another_program_is_told_until_a_supervisor_acknowledges_it(guarded):
    sql(guarded.database, "UPDATE system_config SET description = 'mine' WHERE config_key = 'video_fps'")
    words = ("db", "acknowledge", "--reason", "a better word", "--supervisor")
    result = guarded.run("db", "check", "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"], answer["damage"], len(answer["edits"])) == (1, False, [], 1)
    assert "system_config, config_key video_fps: was changed in description" in answer["edits"][0]
    said = guarded.refused(*words, "nobody", stdin=f"{ADMIN_PIN}\n")
    assert "no active supervisor is named 'nobody'" in said
    assert "was not accepted" in guarded.refused(*words, "admin", stdin="000000\n")
    done = guarded.json(*words, "admin", stdin=f"{ADMIN_PIN}\n")
    assert done["acknowledged"] == answer["edits"]
    assert guarded.json("db", "check")["ok"] is True
    assert "nothing was changed" in guarded.refused(*words, "admin", stdin=f"{ADMIN_PIN}\n")


def test_check_names_a_dangling_key_and_a_foreign_table(cart):
    sql(
        cart.database,
        "PRAGMA foreign_keys=OFF",
        "INSERT INTO patients (patient_code, created_by_tech_id) VALUES ('P-2025-0001', 99)",
        "CREATE TABLE notes (text TEXT)",
    )
    result = cart.run("db", "check")
    assert result.exit_code == 1
    assert "row 1 of patients points at a missing row of tech_users" in result.stdout
    assert "table notes is not of this program" in result.stdout


@pytest.mark.parametrize("page", [1, 20])
def test_a_damaged_page_is_one_line(cart, page):
    content = bytearray(cart.database.read_bytes())
    content[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    cart.database.write_bytes(content)
    result = cart.run("db", "check")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "damaged" in one_line(result.stderr) or "integrity" in result.stdout


# Copies and the way back.


def test_every_backup_has_a_name_of_its_own_even_within_a_second(cart):
    made = {cart.json("db", "backup")["backup"] for _ in range(3)}
    assert {str(path) for path in cart.backups.iterdir()} == made
    assert len(made) == 3


def test_restore_brings_back_what_the_backup_held_and_keeps_what_stood_there(cart):
    cart.text("patients", "add")
    saved = cart.text("db", "backup")
    cart.text("patients", "add")
    replaced = cart.json("db", "restore", saved, *WHY, "--yes")["replaced"]
    assert len(codes(cart)) == 1
    cart.text("db", "restore", replaced, *WHY)
    assert len(codes(cart)) == 2


def test_restore_needs_no_database_in_the_place(cart, tmp_path):
    saved = cart.text("db", "backup")
    other = Cart(tmp_path / "other")
    other.data_dir.mkdir()
    shutil.copy2(cart.data_dir / KEY_NAME, other.data_dir)
    assert other.json("db", "restore", saved, *WHY)["replaced"] is None
    assert other.json("db", "check")["ok"] is True


def test_an_older_backup_is_restored_as_this_version(cart):
    cart.text("db", "downgrade", *WHY)
    saved = cart.text("db", "backup")
    cart.text("db", "upgrade")
    assert cart.json("db", "restore", saved, *WHY)["from"] == ONE_BEFORE
    assert cart.json("db", "check")["ok"] is True


def test_restore_replaces_a_damaged_database(cart):
    saved = cart.text("db", "backup")
    cart.database.write_bytes(b"\xff" * 8192)
    cart.text("db", "restore", saved, *WHY)
    assert cart.json("db", "check")["ok"] is True


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing that could be restored " * 100, "not an SQLite database"),
        (b"", "an empty database"),
        ("CREATE TABLE bookmarks (url TEXT)", "not a database of this program"),
        (None, "this is the database itself"),
    ],
    ids=["no database", "empty", "another program's", "itself"],
)
def test_restore_refuses_what_is_no_backup_and_changes_nothing(cart, tmp_path, content, said):
    file = tmp_path / "some.db"
    if content is None:
        file = cart.database
    elif isinstance(content, str):
        sql(file, content)
    else:
        file.write_bytes(content)
    before = held(cart.data_dir)
    assert said in cart.refused("db", "restore", str(file))
    assert held(cart.data_dir) == before


@pytest.mark.parametrize("command", ["restore", "downgrade"])
def test_once_an_admin_has_a_pin_accounts_are_not_swapped_without_it(guarded, command):
    saved = guarded.text("db", "backup")
    words = ("db", command, saved) if command == "restore" else ("db", command)
    assert "an admin's PIN is needed" in guarded.refused(*words)
    guarded.text(*words, *WHY, "--admin", "admin", stdin=f"{ADMIN_PIN}\n")


# Journals.


@pytest.fixture
def interrupted(cart):
    """A session whose journal is whole but not imported; its folder."""
    now = utc_now()
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        session = sessions.start(
            transaction,
            patient_id=patients.add(transaction, now).patient_id,
            tech_id=1,
            start_utc=now,
            protocol_name="Ramp",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    writer = ChainWriter()
    header = Header(FORMAT_VERSION, 1, 1, 1, utc_text(now), "sim", "0.1.0", {}, Rules())
    summary = Summary("completed", None, 2.0, 1.5, 2.0, 2.5, 3.0)
    folder = sessions.folder_of(session, cart.data_dir)
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(writer.header(header) + writer.end(summary))
    return folder


def test_a_journal_is_imported_and_its_session_closed(cart, interrupted):
    imported = cart.json("db", "import-journal", str(interrupted), *WHY)
    assert (imported["session_id"], imported["status"], imported["whole"]) == (1, "completed", True)
    assert "session 1 is completed already" in cart.refused("db", "import-journal", str(interrupted), *WHY)


def test_a_journal_that_was_touched_is_refused_and_the_session_stays_open(cart, interrupted):
    journal = interrupted / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"energy_j":3.0', b'"energy_j":1.0'))
    assert "the journal is damaged at line 2" in cart.refused("db", "import-journal", str(interrupted), *WHY)
    salvaged = cart.json("db", "import-journal", str(interrupted), "--salvage", *WHY)
    assert (salvaged["status"], salvaged["whole"]) == ("aborted", False)


def test_a_folder_without_a_journal_is_refused(cart, tmp_path):
    assert "the journal cannot be read" in cart.refused("db", "import-journal", str(tmp_path), *WHY)


# As a program of its own.


@pytest.mark.process
def test_the_program_answers_with_one_object_and_its_exit_code(new_cart):
    refused = new_cart.process("db", "check", "--json")
    assert (refused.returncode, list(json.loads(refused.stdout))) == (1, ["error"])
    assert json.loads(refused.stdout)["error"] == one_line(refused.stderr)
    made = new_cart.process("db", "init", "--json")
    assert (made.returncode, made.stderr, json.loads(made.stdout)["version"]) == (0, "", HEAD)


@pytest.mark.parametrize(
    "words", [("restore",), ("restore", "none.db"), ("import-journal", "none"), ("drop",)]
)
def test_wrong_use_is_exit_code_2(cart, words):
    assert cart.run("db", *words).exit_code == 2
