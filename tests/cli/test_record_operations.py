"""What is done to the record as a whole launders nothing: who, why, what fell away, and no number twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.rigs.recorded_cart import STARTED_UTC, header, treated
from tests.cli.kiosk_command import WHY, Cart, held
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.protocol_file import NAME_LENGTH
from tosca_kiosk.domain.remainder import named_rest
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import (
    Database,
    patients,
    restore,
    schema,
    session_amendments,
    session_parts,
    sessions,
)
from tosca_kiosk.storage.operations import Order
from tosca_kiosk.storage.timestamps import from_utc_text
from tosca_kiosk.storage.trust import PROVING

ADMIN_PIN = "271828"
SIGNED = ("--admin", "admin", *WHY)
HEAD = schema.revisions()[-1]
STARTED = from_utc_text(STARTED_UTC)


def sql(path, *statements):
    """Change a file behind the program's back, as any SQLite tool can; return the rows of the last one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def operations(path):
    """Return name, tech_id, reason and details of every operation but those of a first start."""
    rows = sql(
        path,
        "SELECT name, tech_id, reason, details FROM operations WHERE name NOT IN ('init', 'new-key')",
    )
    return [(*row[:3], json.loads(row[3])) for row in rows]


def treat(cart, journal=True, patient=None, rest_of=None):
    """Record a session as the cart does, its journal whole in its folder but not imported.

    rest_of: the session whose rest it finishes; its site is amended then.
    """
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        for left in sessions.interrupted(transaction):
            transaction.update("sessions", {"session_id": left.session_id}, status="aborted")
        patient = patient or patients.add(transaction, STARTED).patient_id
        session = sessions.start(
            transaction,
            patient_id=patient,
            tech_id=1,
            start_utc=STARTED,
            protocol_name="Ramp",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
            treatment_site="left",
        )
        number = session.session_id
        if rest_of is not None:
            session_parts.join(transaction, number, rest_of)
            said = {"tech_id": 1, "reason": "wrong side", "now": utc_now()}
            session_amendments.note(transaction, number, "treatment_site", "right", **said)
    folder = sessions.folder_of(session, cart.data_dir)
    if journal:
        recorded, writer = treated(), ChainWriter()
        opened = header(session_id=number, patient_id=patient)
        if rest_of is not None:
            plan = named_rest(opened.rules.protocol, rest_of, NAME_LENGTH)
            opened = replace(opened, rules=replace(opened.rules, protocol=plan))
        first = writer.header(opened)
        writer.head, writer.ticks = recorded.writer.head, recorded.writer.ticks
        folder.mkdir(parents=True)
        lines = [first, *recorded.lines[1:-1], writer.end(summarise(recorded.state))]
        (folder / "journal.jsonl").write_bytes(b"".join(lines))
    return folder


# Who and why.


def test_each_operation_is_a_row_with_operator_reason_and_what_it_came_to(guarded):
    folder, pin = treat(guarded), f"{ADMIN_PIN}\n"
    guarded.text("db", "import-journal", str(folder), *SIGNED, stdin=pin)
    guarded.text("db", "downgrade", *SIGNED, stdin=pin)
    guarded.text("db", "upgrade", *SIGNED, stdin=pin)
    saved = guarded.text("db", "backup")
    guarded.text("db", "restore", saved, *SIGNED, stdin=pin)
    found = operations(guarded.database)
    assert [row[:3] for row in found] == [
        (name, 1, "tried out") for name in ("import-journal", "downgrade", "upgrade", "restore")
    ]
    assert {row[3]["operator"] for row in found} == {"admin"}
    assert (found[0][3]["session_id"], found[0][3]["whole"]) == (1, True)
    assert found[3][3]["replaced"]["link_id"] == found[3][3]["backup_head"]["link_id"]
    assert guarded.json("db", "check")["ok"] is True


@pytest.mark.parametrize("command", ["restore", "import-journal"])
def test_a_reason_that_nobody_gave_is_said_to_be_missing(cart, command):
    words = {"restore": [cart.text("db", "backup")], "import-journal": [str(treat(cart))]}[command]
    assert "the record keeps no reason for this" in cart.run("db", command, *words).stderr
    assert operations(cart.database)[-1][:3] == (command, None, None)


def test_a_blank_reason_is_none(cart):
    cart.text("db", "downgrade", *WHY)
    cart.text("db", "upgrade", "--reason", " ")
    assert operations(cart.database)[-1][:3] == ("upgrade", None, None)


def test_after_a_restore_it_is_signed_up_to_no_link_that_is_not_there(cart):
    saved = cart.text("db", "backup")
    for _ in range(3):
        cart.text("patients", "add")
    cart.text("db", "restore", saved, *WHY)
    *_, signed = cart.text("db", "check").splitlines()
    _, _, up_to, _, newest = signed.rpartition("signed ")[2].split()[-5:]
    assert int(up_to) <= int(newest)


def test_damage_that_was_there_before_is_said_and_kept_in_the_row(cart):
    broken(cart.database)
    done = cart.run("db", "downgrade", *WHY, "--json")
    damage = json.loads(done.stdout)["damage"]
    assert damage == ["tech_users: row tech_id 1 is not what was written: full_name"]
    assert damage[0] in done.stderr
    assert operations(cart.database)[-1][3]["damage"] == damage


def test_whoever_waits_for_a_restore_hears_what_is_proved_and_how_much_is_copied(cart):
    saved, heard = Path(cart.text("db", "backup")), []

    def tell(doing, done):
        heard.append((doing, done))

    planned = restore.plan(saved, cart.database, cart.data_dir, [], tell)
    assert heard == [(PROVING, None)] * 2  # the backup and the record
    restore.restore(planned, cart.database, cart.data_dir / "backups", utc_now(), Order(), tell)
    assert heard.count(("copying", 1.0)) == 2  # into its place, and of what was replaced
    assert heard.count((PROVING, None)) > 2


# The PIN, whatever the file says of itself.


@pytest.mark.parametrize("version", [schema.revisions()[0], "20991231_001", "base"])
@pytest.mark.parametrize("command", ["restore", "upgrade"])
def test_a_file_that_claims_another_version_still_asks_for_the_pin(guarded, version, command):
    saved = guarded.text("db", "backup")
    claim = f"UPDATE alembic_version SET version_num = '{version}'"
    sql(guarded.database, "DELETE FROM alembic_version" if version == "base" else claim)
    before = held(guarded.data_dir)
    if command == "restore":
        assert "an admin's PIN is needed" in guarded.refused("db", "restore", saved, *WHY)
    elif version == schema.revisions()[0]:
        assert "an admin's PIN is needed" in guarded.refused("db", "upgrade")
    else:
        guarded.refused("db", "upgrade")
    assert held(guarded.data_dir).keys() == before.keys()


@pytest.mark.parametrize("number", [-2, -4, -6])
def test_a_wrong_pin_counts_and_is_logged_in_a_file_of_any_version(guarded, number):
    guarded.text("db", "downgrade", "--to", schema.revisions()[number], *SIGNED, stdin=f"{ADMIN_PIN}\n")
    assert "was not accepted" in guarded.refused("db", "upgrade", "--admin", "admin", stdin="271829\n")
    assert sql(guarded.database, "SELECT failed_tries FROM credentials") == [(1,)]
    [(event,)] = sql(guarded.database, "SELECT event_type FROM safety_log ORDER BY log_id DESC LIMIT 1")
    assert event == "login_failed"
    sql(guarded.database, "UPDATE credentials SET failed_tries = 0")  # else the wait is waited for
    guarded.text("db", "upgrade", "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    damage = guarded.run("db", "check", "--json")
    assert json.loads(damage.stdout)["damage"] == []


@pytest.mark.parametrize("present", [b"\xff" * 8192, None], ids=["unreadable", "gone"])
def test_where_no_account_can_be_read_those_of_the_backup_count(guarded, tmp_path, present):
    saved = guarded.text("db", "backup")
    guarded.database.unlink()
    if present is not None:
        guarded.database.write_bytes(present)
    assert "an admin's PIN is needed" in guarded.refused("db", "restore", saved, *WHY)
    assert "was not accepted" in guarded.refused("db", "restore", saved, *SIGNED, stdin="271829\n")
    guarded.text("db", "restore", saved, *SIGNED, stdin=f"{ADMIN_PIN}\n")
    assert guarded.json("db", "check")["ok"] is True


def test_where_nobody_has_a_pin_it_is_done_and_said(cart):
    done = cart.run("db", "restore", cart.text("db", "backup"), *WHY)
    assert done.exit_code == 0
    assert "no admin has a PIN" in done.stderr


# What a restore takes, and what it gives.


def broken(path):
    """Edit a row past the audit, as somebody does who knows SQLite."""
    triggers = sql(
        path, "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'tech_users' AND type = 'trigger'"
    )
    sql(path, *(f"DROP TRIGGER {name}" for name, _ in triggers), "UPDATE tech_users SET full_name = 'X'")
    sql(path, *(definition for _, definition in triggers))


def cut(path):
    """Take the newest link of the chain."""
    sql(path, "DROP TRIGGER chain_links_no_delete", "DELETE FROM chain_links WHERE link_id > 9")


REFUSED = {
    "no database": (lambda path: path.write_bytes(b"words " * 999), "not an SQLite database"),
    "newer": (
        lambda path: sql(path, "UPDATE alembic_version SET version_num = '20991231_001'"),
        "of a newer version of this program",
    ),
    "edited": (broken, "not as it was written: tech_users: row tech_id 1"),
    "cut": (cut, "not as it was written"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_may_not_take_the_place_is_refused_and_nothing_changes(cart, tmp_path, kind):
    change, said = REFUSED[kind]
    file = shutil.copy(cart.text("db", "backup"), tmp_path / "some.db")
    change(file)
    before = held(cart.data_dir)
    assert said in cart.refused("db", "restore", str(file), *WHY)
    assert held(cart.data_dir) == before


def test_another_carts_record_is_refused(cart, tmp_path):
    cart.text("patients", "add")
    other = Cart(tmp_path / "other")
    shutil.copytree(cart.data_dir, other.data_dir)
    sql(
        other.database,
        "UPDATE tech_users SET created_date = '2026-01-01 08:00:00' WHERE tech_id = 1",
        "DROP TRIGGER audit_log_no_delete",
        "DELETE FROM audit_log WHERE table_name = 'tech_users'",
    )
    saved = cart.text("db", "backup")
    before = held(other.data_dir)
    assert "another cart's record (begun at" in other.refused("db", "restore", saved, *WHY)
    assert held(other.data_dir) == before
    other.database.unlink()
    other.text("db", "init")  # of which nothing was recorded yet: no cart's
    other.text("db", "restore", saved, *WHY)


def test_nor_is_another_carts_in_which_nothing_was_recorded_yet(cart, tmp_path):
    """An empty record has no patient to tell it by, and would take the place of all of ours."""
    own_empty = cart.text("db", "backup")
    cart.text("patients", "add")
    other = Cart(tmp_path / "other")
    other.text("db", "init")
    empty = other.text("db", "backup")
    before = held(cart.data_dir)
    assert "another cart's record (" in cart.refused("db", "restore", empty, *WHY)
    assert held(cart.data_dir) == before
    cart.text("db", "restore", own_empty, *WHY)


EARLIER = {"of the version before": schema.revisions()[-2], "from before the chain": "20261130_008"}


def made_by(version, cart):
    """Make the record as an earlier version did."""
    cart.data_dir.mkdir()
    with Database.unmigrated(cart.database) as database:
        database.migrate(version)
    sql(cart.database, "INSERT INTO patients (patient_code) VALUES ('P-2026-0001')")


@pytest.mark.parametrize("way", ["of this version", "down and up again", *EARLIER])
def test_what_fell_away_is_asked_for_said_and_never_given_out_again(tmp_path, made_once, way):
    cart = Cart(tmp_path / "data")
    if way in EARLIER:
        made_by(EARLIER[way], cart)
    else:
        shutil.copytree(made_once, cart.data_dir)
        cart.text("patients", "add")
    if way == "down and up again":
        cart.text("db", "downgrade", *WHY)
    saved = cart.text("db", "backup")
    cart.text("db", "upgrade")
    treat(cart, journal=False)
    chain = json.loads(cart.run("db", "check", "--json").stdout)["chain"]
    ran = cart.run("db", "restore", saved, *WHY, "--json")
    assert "Session 1 falls away" in ran.stderr
    assert "Patient P-2026-0002 is not in" in ran.stderr
    done = json.loads(ran.stdout)
    assert (list(done["lost_sessions"]), done["lost_patients"]) == (["1"], ["P-2026-0002"])
    row = operations(cart.database)[-1][3]
    assert row["replaced"] == {"link_id": chain["links"], "hash": chain["head"]}
    assert row["fell_away"]["patients"] == ["P-2026-0002"]
    kept = row["backup_head"]["link_id"] if row["backup_head"] else 0
    assert sql(cart.database, f"SELECT min(link_id) FROM chain_links WHERE link_id > {kept}") == [
        (chain["links"] + 1,)
    ]
    treat(cart, journal=False)
    asked = "SELECT session_id, patient_code FROM sessions JOIN patients USING (patient_id)"
    assert sql(cart.database, asked) == [(2, "P-2026-0003")]
    assert json.loads(cart.run("db", "check", "--json").stdout)["damage"] == []


def test_no_number_is_given_out_twice_by_any_table(cart):
    saved = cart.text("db", "backup")
    cart.text("patients", "add")
    before = dict(sql(cart.database, "SELECT name, seq FROM sqlite_sequence"))
    cart.text("db", "restore", saved, *WHY, "--yes")
    new = {
        "audit_log": "SELECT min(audit_id) FROM audit_log WHERE table_name = 'operations' "
        "AND row_key = (SELECT CAST(max(operation_id) AS TEXT) FROM operations)",
        "chain_links": "SELECT max(link_id) FROM chain_links",
    }
    assert all(sql(cart.database, asked)[0][0] > before[table] for table, asked in new.items())
    after = dict(sql(cart.database, "SELECT name, seq FROM sqlite_sequence"))
    assert all(after[table] >= number for table, number in before.items())


def test_an_anchor_knows_numbers_that_nothing_else_does(cart, tmp_path):
    anchor = tmp_path / "anchor"
    saved = cart.text("db", "backup")
    treat(cart, journal=False)
    cart.text("db", "anchor", "--to", str(anchor))
    cart.database.write_bytes(b"\xff" * 8192)
    cart.text("db", "restore", saved, *WHY, "--anchor", str(anchor))
    treat(cart, journal=False)
    asked = "SELECT session_id, patient_code FROM sessions JOIN patients USING (patient_id)"
    assert sql(cart.database, asked) == [(2, "P-2026-0002")]
    anchor.write_text(anchor.read_text().replace("sessions", "sessiens"))
    said = cart.refused("db", "restore", saved, *WHY, "--anchor", str(anchor))
    assert "line 1: is cut or changed" in said


def test_an_anchor_of_what_fell_away_is_told_as_a_restore(cart, tmp_path):
    anchor = tmp_path / "anchor"
    saved = cart.text("db", "backup")
    cart.text("patients", "add")
    cart.text("db", "anchor", "--to", str(anchor))
    cart.text("db", "restore", saved, *WHY, "--yes")
    told = cart.run("db", "check", "--anchor", str(anchor))
    assert "restore of " in told.stdout
    assert "fell away: patients P-2026-0001" in told.stdout
    assert told.exit_code == 0, told.stdout


def test_sessions_whose_journals_lie_in_their_folders_come_back(cart):
    known = cart.text("patients", "add") and 1
    saved = cart.text("db", "backup")
    treat(cart, patient=known)
    treat(cart)
    damaged = treat(cart, patient=known) / "journal.jsonl"
    damaged.write_bytes(damaged.read_bytes().replace(b'"t":0.1', b'"t":0.2', 1))
    done = cart.json("db", "restore", saved, *WHY, "--yes")
    assert (done["brought_back"], list(done["lost_sessions"]), done["lost_patients"]) == ([1, 2], ["3"], [])
    assert "damaged at line" in done["lost_sessions"]["3"]
    rows = sql(cart.database, "SELECT session_id, patient_id, status, treatment_site FROM sessions")
    assert rows == [(1, 1, "completed", "left"), (2, 2, "completed", "left")]
    assert sql(cart.database, "SELECT count(*) > 0 FROM treatment_events") == [(1,)]
    [orphan] = json.loads(cart.run("db", "check", "--json").stdout)["damage"]
    assert str(damaged.parent) in orphan


def test_beside_an_unreadable_record_journals_alone_tell_what_was_given_out(cart):
    cart.text("patients", "add")
    saved = cart.text("db", "backup")
    treat(cart, patient=1)
    treat(cart)
    cart.database.write_bytes(b"\xff" * 8192)
    done = cart.json("db", "restore", saved, *WHY, "--yes")
    assert (done["brought_back"], list(done["lost_sessions"])) == ([1], ["2"])
    assert "row 2 of patients is in none" in done["lost_sessions"]["2"]
    treat(cart, journal=False)
    assert sql(cart.database, "SELECT max(session_id), max(patient_code) FROM sessions, patients") == [
        (3, "P-2026-0003")
    ]


@pytest.mark.parametrize("record", ["whole", "lost"])
def test_a_session_that_comes_back_finishes_the_rest_that_it_finished(cart, record):
    cart.text("patients", "add")
    treat(cart, patient=1)
    saved = cart.text("db", "backup")
    treat(cart, patient=1, rest_of=1)
    treat(cart, patient=1, rest_of=2)
    if record == "lost":
        lost(cart)
    assert cart.json("db", "restore", saved, *WHY, "--yes")["brought_back"] == [2, 3]
    assert sql(cart.database, "SELECT * FROM session_parts") == [(2, 1), (3, 2)]
    asked = "SELECT session_id, amendment, reason FROM session_amendments"
    said = {"whole": [(2, "right", "wrong side"), (3, "right", "wrong side")], "lost": []}
    assert sql(cart.database, asked) == said[record]
    unknown = [cart.json("sessions", "show", str(number))["calibrations_unknown"] for number in (1, 2)]
    assert ["brought back by a restore" in why for why in unknown] == [False, True]
    assert json.loads(cart.run("db", "check", "--json").stdout)["damage"] == []


def lost(cart):
    for left in cart.data_dir.glob("laser_control.db*"):
        left.unlink()


@pytest.mark.parametrize("place", ["sessions", "elsewhere"])
def test_sessions_come_back_where_the_record_is_lost_wherever_their_folders_are(cart, place):
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        transaction.update("system_config", {"config_key": "session_data_path"}, config_value=f"data/{place}")
    known = cart.text("patients", "add") and 1
    saved = cart.text("db", "backup")
    folder = treat(cart, patient=known)
    (cart.data_dir / place).mkdir(exist_ok=True)
    folder.rename(cart.data_dir / place / folder.name)
    lost(cart)
    assert cart.json("db", "restore", saved, *WHY)["brought_back"] == [1]
    treat(cart, journal=False, patient=known)
    assert sql(cart.database, "SELECT max(session_id) FROM sessions") == [(2,)]


def test_an_anchor_after_a_restore_knows_the_codes_that_fell_away(cart, tmp_path):
    anchor, saved = tmp_path / "anchor", cart.text("db", "backup")
    code = [cart.text("patients", "add") for _ in range(3)][-1]
    cart.text("db", "restore", saved, *WHY)
    cart.text("db", "anchor", "--to", str(anchor))
    lost(cart)
    cart.text("db", "restore", saved, *WHY, "--anchor", str(anchor))
    assert cart.text("patients", "add") == f"{code[:-1]}4"


@pytest.mark.parametrize("counter", ["'x'", "NULL"])
def test_a_counter_that_is_no_number_is_damage_and_ends_nothing(cart, counter):
    cart.text("patients", "add")
    saved = cart.text("db", "backup")
    sql(cart.database, f"UPDATE sqlite_sequence SET seq = {counter} WHERE name = 'chain_links'")
    found = json.loads(cart.run("db", "check", "--json").stdout)["damage"]
    assert any(said.startswith("chain_links: the counter was set back to 0") for said in found)
    cart.text("db", "restore", saved, *WHY)


def test_what_is_left_of_an_archiving_stops_no_command(cart):
    cart.text("patients", "add")
    (cart.data_dir / "archives" / "events.part").mkdir(parents=True)
    added = cart.run("patients", "add")
    assert (added.exit_code, added.stdout) != (1, "")
    assert "what was left of an archiving stays" in added.stderr
