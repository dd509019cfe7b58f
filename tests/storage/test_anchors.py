"""Three attackers on a finished record: what the chain, the signatures and an anchor say of each."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.cli.small_disk import small_disk
from tests.storage.refusal import refused
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import (
    Database,
    acknowledgements,
    anchors,
    cart_key,
    chain,
    check,
    heads,
    operations,
    patients,
    signing,
)
from tosca_kiosk.storage.anchor_check import judge

TABLES = ("patients", "audit_log", "chain_links", "heads")


def went_on(database, key, reason="session"):
    """Add a patient, sign, and return the anchor."""
    with database.transaction(1) as transaction:
        patients.add(transaction, utc_now())
        return anchors.line_of(heads.sign(transaction.connection, key, reason))


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory, empty_file):
    """A record with three anchors, and the file as it was at the first of them."""
    folder = tmp_path_factory.mktemp("signed")
    path = folder / "laser_control.db"
    shutil.copy(empty_file, path)
    lines = []
    with Database.open(path) as database:
        key = cart_key.of_record(database, folder)
        for number in range(3):
            lines.append(went_on(database, key))
            if number == 0:
                with closing(sqlite3.connect(path)) as tool:
                    tool.execute("VACUUM INTO ?", (str(folder / "old.db"),))
                with closing(sqlite3.connect(folder / "old.db")) as tool:
                    tool.execute("PRAGMA journal_mode=WAL")
    return folder, lines


@pytest.fixture
def signed(signed_once, tmp_path):
    """The same, the test's own. report: what check finds; judged: what anchors say."""
    folder, lines = signed_once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "laser_control.db"

    def report():
        with Database.read_only(path) as database:
            return check(database)

    def judged(*more, now=None):
        with Database.read_only(path) as database, database.reading() as reader:
            return judge(
                reader.connection,
                check(database).heads,
                more or lines,
                now or utc_now() + timedelta(seconds=1),
            )

    return SimpleNamespace(folder=tmp_path, path=path, lines=lines, report=report, judged=judged)


def by_hand(path, *statements):
    """Do what somebody does who knows the triggers, takes them away and puts them back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("BEGIN")
        triggers = tool.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            tool.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            tool.execute(statement)
        for _, sql in triggers:
            tool.execute(sql)
        tool.execute("COMMIT")


def change_and_chain_anew(path):
    """Change a patient's audit and chain everything again, as this program does."""
    by_hand(
        path,
        "UPDATE patients SET notes = 'another' WHERE patient_id = 2",
        "UPDATE audit_log SET new_values = json_set(new_values, '$.notes', 'another') "
        "WHERE table_name = 'patients' AND row_key = '2'",
        "DELETE FROM chain_links",
    )
    link_again(path)


def link_again(path):
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'chain_links'")
        chain.link_own(connection)


def attacker_b_chains_anew(signed):
    change_and_chain_anew(signed.path)


def attacker_b_signs_with_a_key_of_his_own(signed):
    change_and_chain_anew(signed.path)
    by_hand(signed.path, "DELETE FROM heads", "DELETE FROM sqlite_sequence WHERE name = 'heads'")
    (signed.folder / "his").mkdir()
    key = signing.make(signed.folder / "his")
    with Database.open(signed.path) as database:
        went_on(database, key)


def attacker_b_takes_every_signature_out(signed):
    change_and_chain_anew(signed.path)
    by_hand(signed.path, "DELETE FROM heads", "DELETE FROM sqlite_sequence WHERE name = 'heads'")


def attacker_b_changes_a_head(signed):
    by_hand(signed.path, "UPDATE heads SET reason = 'restore' WHERE head_id = 3")


def attacker_b_takes_a_head_out(signed):
    by_hand(signed.path, "DELETE FROM heads WHERE head_id = 2")


def attacker_b_sets_a_counter_back(signed):
    by_hand(signed.path, "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'patients'")


def attacker_c_cuts_the_end(signed):
    """Everything after the first anchor, with counters and heads."""
    with closing(sqlite3.connect(signed.folder / "old.db")) as old:
        newest = {table: old.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] for table in TABLES}
        counted = dict(old.execute("SELECT name, seq FROM sqlite_sequence"))
    by_hand(
        signed.path,
        *(f"DELETE FROM {table} WHERE rowid > {number}" for table, number in newest.items()),
        *(f"UPDATE sqlite_sequence SET seq = {counted[table]} WHERE name = '{table}'" for table in TABLES),
    )


def attacker_c_puts_an_old_file_back(signed):
    (signed.folder / "old.db").replace(signed.path)


def attacker_c_puts_an_old_file_back_and_goes_on(signed):
    attacker_c_puts_an_old_file_back(signed)
    with Database.open(signed.path) as database:
        key = cart_key.of_record(database, signed.folder)
        for _ in range(3):
            went_on(database, key, "backup")


# What `db check` says, and what it says with the anchors; None: nothing, for that only the other finds.
ATTACKS = [
    (
        attacker_b_chains_anew,
        "not the one that was signed: rows were changed and chained anew",
        "chained anew",
    ),
    (attacker_b_signs_with_a_key_of_his_own, "this is another key", "another history there"),
    (
        attacker_b_takes_every_signature_out,
        "heads: none is there, though",
        "another history there, which is not",
    ),
    (attacker_b_changes_a_head, "heads: head 3 is not what was signed", None),
    (attacker_b_takes_a_head_out, "heads: head 2 is missing", None),
    (attacker_b_sets_a_counter_back, "the counter of patients was set back from 2 to 1", None),
    (
        attacker_c_cuts_the_end,
        None,
        "its end was cut off, or an older",
    ),
    (attacker_c_puts_an_old_file_back, None, "its end was cut off, or an older file was put back"),
    (
        attacker_c_puts_an_old_file_back_and_goes_on,
        None,
        "signed by the cart: an older file was put back and",
    ),
]


@pytest.mark.parametrize(("attack", "said", "said_with_anchors"), ATTACKS)
def test_each_attack_is_named_by_what_finds_it(signed, attack, said, said_with_anchors):
    attack(signed)
    problems, anchored = signed.report().problems, signed.judged().problems
    assert any(said in problem for problem in problems) if said else problems == (), problems
    assert any(said_with_anchors in found for found in anchored) if said_with_anchors else not anchored, (
        anchored
    )


def test_a_record_that_nobody_touched_goes_on_from_its_anchors(signed):
    assert signed.report().problems == ()
    report = signed.judged()
    assert (report.problems, report.lines, report.proved_up_to) == ((), 3, 18)


def test_every_line_of_an_anchor_file_is_judged(signed, tmp_path, empty_file):
    (tmp_path / "other").mkdir()
    shutil.copy(empty_file, tmp_path / "other" / "laser_control.db")
    with Database.open(tmp_path / "other" / "laser_control.db") as other:
        foreign = went_on(other, cart_key.of_record(other, tmp_path / "other"))
    line = signed.lines[0]
    for bad, said in (
        (line[:-1], "is cut or changed"),
        (line[:200], "is cut"),
        (line.replace(" 16 ", " 15 "), "its signature is not of what it says"),
        ("hello", "is no anchor of this program"),
        (foreign, "is another cart's"),
    ):
        report = signed.judged(line, bad)
        assert (report.lines, report.proved_up_to) == (2, 16)
        (problem,) = report.problems
        assert problem.startswith("anchor line 2: ")
        assert said in problem
    (problem,) = signed.judged(now=utc_now() - timedelta(days=1)).problems
    assert "is from the future" in problem
    assert "(and 2 more lines)" in problem


def test_a_restore_is_reported_as_one_where_its_row_is_signed(signed):
    with closing(sqlite3.connect(signed.path)) as tool:
        link, digest = tool.execute("SELECT link_id, hash FROM heads ORDER BY head_id DESC").fetchone()
    (signed.folder / "old.db").replace(signed.path)
    with Database.open(signed.path) as database:
        with database.transaction(1) as transaction:
            details = {
                "replaced": {"link_id": link, "hash": digest.hex()},
                "backup_head": {"link_id": 16, "hash": ""},
                "fell_away": {"sessions": {}, "patients": ["P-2026-0002", "P-2026-0003"]},
            }
            operations.begin(
                transaction.connection,
                "restore",
                operator_id=1,
                reason="disk broke",
                details=details,
            )
        assert signed.judged().problems != (), "anybody could write that row"
        with database.transaction(1) as transaction:
            key = cart_key.of_record(database, signed.folder)
            heads.sign(transaction.connection, key, "restore")
    report = signed.judged()
    assert report.problems == ()
    (said,) = report.restores
    assert (
        "by tech_id 1 (disk broke): from link 18 back to link 16; fell away: patients P-2026-0002, " in said
    )


def test_a_new_key_is_handed_over_and_a_lost_one_is_an_edit(signed):
    with Database.open(signed.path) as database:
        cart_key.renew(database, signed.folder, operator_id=1, reason="every year")
        assert check(database).problems == ()
        (signed.folder / signing.KEY_NAME).unlink()
        with refused("the cart's key is missing"):
            cart_key.of_record(database, signed.folder)
        cart_key.renew(database, signed.folder, operator_id=1, reason="the disk broke")
        report = check(database)
        assert report.damage == ()
        (edit,) = report.edits
        assert "another key signs" in edit
        assert "by tech_id 1 (the disk broke), and the key before did not hand over" in edit
        assert acknowledgements.acknowledge(database, 1, "so it was", utc_now()).known == (edit,)
        assert check(database).problems == ()
    assert signed.judged().problems == ()


def test_a_change_of_the_key_that_was_cut_short_is_finished_or_never_was(signed):
    path = signed.folder / signing.KEY_NAME
    before = path.read_bytes()
    with Database.open(signed.path) as database:
        signing.prepare(signed.folder)
        assert cart_key.of_record(database, signed.folder)  # nothing was signed with it
        cart_key.renew(database, signed.folder, operator_id=1, reason="every year")
        path.replace(path.with_name(path.name + ".next"))
        path.write_bytes(before)
        path.chmod(0o600)
        cart_key.of_record(database, signed.folder)
        assert path.read_bytes() != before
        assert check(database).problems == ()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            lambda path: path.unlink(),
            "the cart's key is missing; bring the cart's own file back, or make a new",
        ),
        (lambda path: path.chmod(0o640), "others may read the cart's key"),
        (lambda path: path.write_text("no key"), "this is no key"),
        (lambda path: (path.unlink(), signing.make(path.parent)), "this is another key"),
    ],
)
def test_a_key_that_is_not_the_carts_is_refused_and_named_by_check(signed, harm, said):
    path = signed.folder / signing.KEY_NAME
    harm(path)
    with Database.open(signed.path) as database, refused(said):
        cart_key.of_record(database, signed.folder)
    (damage,) = signed.report().damage
    assert damage.startswith(f"heads: {path}: {said}")


def test_an_anchor_is_written_whole_or_not_at_all(signed, tmp_path):
    line = signed.lines[0]
    with small_disk(tmp_path / "stick") as disk:
        path = disk.path / "anchors.txt"
        with refused("there is no such file; put the stick in"):
            anchors.append(path, line, create=False)
        anchors.append(path, line, create=True)
        path.write_bytes(
            path.read_bytes() + b"x" * (4096 - path.stat().st_size)
        )  # cut, and its block is full
        before = path.read_bytes()
        disk.fill()
        for full, create in ((path, False), (disk.path / "another.txt", True)):
            with refused("the anchor was not written .No space left on device"):
                anchors.append(full, line, create=create)
        assert path.read_bytes() == before
        assert not (disk.path / "another.txt").exists()
        (disk.path / "filler").unlink()
        anchors.append(path, line, create=False)
        assert anchors.read(path)[-1] == line
