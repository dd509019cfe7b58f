"""The operations during which `power_cuts` lets the power go: how a record is made ready, and the command."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from click.testing import CliRunner

from benchmarks.rigs.recorded_cart import header, treated
from tosca_kiosk.cli import main as command
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.journal_lines import ChainWriter, Summary
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import DATABASE_NAME, Database, events, patients, schema, sessions
from tosca_kiosk.storage.timestamps import utc_text

WHY: Final = ("--reason", "a cut")
OLD_SESSIONS: Final = 6
EVENTS_A_SESSION: Final = 400
LIGHT_S: Final = 4
DONE: Final = Summary(
    status="completed",
    abort_reason=None,
    duration_s=60.0,
    laser_on_time_s=40.0,
    avg_power_w=5.0,
    max_power_w=5.0,
    energy_j=200.0,
)


class Operation(NamedTuple):
    """A command. done: what the record answers with a row once it was told done, nothing where it need not.

    in_place: whether what it commits stands in the record at once; a restore's stands in a copy first.
    """

    words: list[str]
    done: str = ""
    in_place: bool = True


def prepared(data_dir: Path) -> Path:
    """Make a record with old sessions and one that a crash left open; return that one's folder."""
    CliRunner().invoke(command, ["db", "init", "--data-dir", str(data_dir)], catch_exceptions=False)
    with Database.open(data_dir / DATABASE_NAME) as database:
        with database.transaction(1) as transaction:
            patients.add(transaction, utc_now(), created_by=1)
        for number in range(OLD_SESSIONS):
            _old_session(database, utc_now() - timedelta(days=60 - number))
        folder = _crashed_session(database, data_dir)
    return folder


def _old_session(database, start):
    sample = TreatmentEvent("power_change", 5.0, 5.1, 3.0, 1000.0, 2.5, True, True, {}, {"sample": True})
    with database.transaction(1) as transaction:
        session = _started(transaction, start)
        timed = [(0.1 * n, sample) for n in range(EVENTS_A_SESSION)]
        events.append_treatment(transaction, session.session_id, start, timed)
        sessions.correct(transaction, session, DONE, told=True)


def _crashed_session(database, data_dir):
    start = utc_now()
    with database.transaction(1) as transaction:
        session = _started(transaction, start)
    first = header(session_id=session.session_id, started_utc=utc_text(start))
    folder = sessions.folder_of(session, data_dir)
    folder.mkdir(parents=True)
    cart, writer = treated(), ChainWriter()
    lines = [writer.header(first), *cart.lines[1:-1]]
    writer.head, writer.ticks = cart.writer.head, cart.writer.ticks
    (folder / JOURNAL_NAME).write_bytes(b"".join([*lines, writer.end(summarise(cart.state))]))
    return folder


def _started(transaction, start):
    return sessions.start(
        transaction,
        patient_id=1,
        tech_id=1,
        start_utc=start,
        protocol_name="Gentle",
        protocol_snapshot="{}",
        protocol_id=None,
        origin="sim",
    )


def operation(name: str, data_dir: Path, place: Path) -> Operation:
    """Make a record and what an operation on it needs; return that. place: the disk for folder backups."""
    return OPERATIONS[name](data_dir, prepared(data_dir), place)


def _treat(data_dir: Path, _crashed: Path, _place: Path) -> Operation:
    return Operation(["treat", "--patient", _patient(data_dir), "--tech", "admin", *_short(data_dir)])


def _backup(_data_dir: Path, _crashed: Path, _place: Path) -> Operation:
    return Operation(["db", "backup"])


def _archive(_data_dir: Path, _crashed: Path, _place: Path) -> Operation:
    return Operation(["db", "archive", "--older-than", "30", *WHY])


def _import(_data_dir: Path, crashed: Path, _place: Path) -> Operation:
    return Operation(["db", "import-journal", str(crashed), *WHY])


def _restore(data_dir: Path, crashed: Path, place: Path) -> Operation:
    saved = json.loads(_ran(data_dir, ["db", "backup", "--json"]))["backup"]
    _ran(data_dir, _import(data_dir, crashed, place).words)
    done = "SELECT 1 FROM operations WHERE name = 'restore' AND ended_date IS NOT NULL"
    return Operation(["db", "restore", saved, *WHY, "--yes"], done, in_place=False)


def _upgrade(data_dir: Path, crashed: Path, place: Path) -> Operation:
    _ran(data_dir, _downgrade(data_dir, crashed, place).words)
    return Operation(["db", "upgrade", *WHY], _is_at(-1))


def _downgrade(_data_dir: Path, _crashed: Path, _place: Path) -> Operation:
    return Operation(["db", "downgrade", *WHY], _is_at(-2))


def _folder_backup(data_dir: Path, crashed: Path, place: Path) -> Operation:
    _ran(data_dir, _import(data_dir, crashed, place).words)
    config = data_dir.parent / "cart.yaml"
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    config.write_text(f"{text}\nfolder_backup:\n  to: {place}\n", encoding="utf-8")
    return Operation(["db", "backup-folders", "--config", str(config)])


OPERATIONS: Final = {
    "treat": _treat,
    "backup": _backup,
    "archive": _archive,
    "import": _import,
    "restore": _restore,
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "folder-backup": _folder_backup,
}


def _ran(data_dir: Path, words: list[str]) -> str:
    done = CliRunner().invoke(command, [*words, "--data-dir", str(data_dir)], catch_exceptions=False)
    if done.exit_code != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.output}")
    return done.stdout


def _is_at(number: int) -> str:
    return f"SELECT 1 FROM alembic_version WHERE version_num = '{schema.revisions()[number]}'"


def _patient(data_dir: Path) -> str:
    with Database.read_only(data_dir / DATABASE_NAME) as database:
        return patients.list_all(database)[0].patient_code


def _short(data_dir: Path) -> tuple[str, ...]:
    protocol = data_dir.parent / "protocol.json"
    step = {"step_number": 1, "duration_seconds": LIGHT_S, "power_start_watts": 5.0, "power_end_watts": 5.0}
    step |= {"ring_size_mm": 3.0, "ramp_type": "constant"}
    protocol.write_text(json.dumps({"version": "1.0", "protocol_name": "short", "steps": [step]}))
    return "--protocol", str(protocol)
