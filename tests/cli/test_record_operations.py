"""What is done to the record as a whole launders nothing: who, why, what fell away, and no number twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from benchmarks.rigs.recorded_cart import STARTED_UTC, header, treated
from tests.cli.kiosk_command import WHY, Cart, held
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.storage import Database, patients, schema, sessions
from tosca_kiosk.storage.timestamps import from_utc_text

ADMIN_PIN = "271828"
SIGNED = ("--admin", "admin", *WHY)
HEAD = schema.revisions()[-1]
STARTED = from_utc_text(STARTED_UTC)


def sql(path, *statements):
    """Change a file behind the program's back, as any SQLite tool can; return the rows of the last one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


def operations(path):
    """Return name, tech_id, reason and details of every operation but the first."""
    rows = sql(path, "SELECT name, tech_id, reason, details FROM operations WHERE name <> 'init'")
    return [(*row[:3], json.loads(row[3])) for row in rows]


def treat(cart, journal=True, patient=None):
    """Record a session as the cart does, its journal whole in its folder but not imported."""
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
    folder = sessions.folder_of(session, cart.data_dir)
    if journal:
        recorded, writer = treated(), ChainWriter()
        first = writer.header(header(session_id=session.session_id, patient_id=patient))
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


@pytest.mark.parametrize("command", ["downgrade", "restore", "import-journal"])
def test_without_a_reason_nothing_is_done(cart, command):
    words = {"restore": [cart.text("db", "backup")], "import-journal": [str(treat(cart))]}.get(command, [])
    before = held(cart.data_dir)
    assert "give --reason TEXT" in cart.refused("db", command, *words, "--yes"[: 5 * (command == "restore")] or "--json")
    assert held(cart.data_dir) == before
