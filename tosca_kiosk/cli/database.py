"""`db`: make, check, copy and bring back the database. Nothing here leaves a half-written file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from tosca_kiosk.cli.archiving import archive
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.folders import backup_folders, restore_folders
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.pins import admin_option, authorised, user_by_pin
from tosca_kiosk.cli.trust import anchor, as_result, how_far, new_key, proved
from tosca_kiosk.cli.workplace import Workplace, tell_doubt, workplace_command
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError, load_shipped_content
from tosca_kiosk.storage import (
    Database,
    StorageError,
    acknowledgements,
    cart_key,
    found_by_upgrades,
    import_journal,
    prune_backups,
    restore_backup,
    schema,
)
from tosca_kiosk.storage import check as check_record
from tosca_kiosk.storage.clock_evidence import Doubt, clock_doubt, doubt
from tosca_kiosk.storage.signing import SigningKey
from tosca_kiosk.storage.users import Role

EMPTY = "base"


@click.group()
def db() -> None:
    """Make, check, back up and restore the database, and the sessions' folders."""


db.add_command(backup_folders)
db.add_command(restore_folders)


db.add_command(archive)


db.add_command(anchor)
db.add_command(new_key)


@db.command()
@workplace_command
def init(workplace: Workplace) -> None:
    """Make the database. A simulated cart's gets the shipped protocols and the simulators' calibrations."""
    path, simulated = workplace.database_path, workplace.config.all_simulated
    with workplace.locked():
        if path.exists() and (version := schema.version_of_file(path)) != EMPTY:
            raise RefusedError(f"{path}: there is a database already ({version}); nothing was changed")
        with _whole_or_not_at_all(path), Database.open(path) as database:
            if simulated:
                load_shipped_content(database, workplace.config, utc_now())
            cart_key.of_record(database, workplace.data_dir)
            workplace.sealing.take_out(database)
    version = schema.revisions()[-1]
    workplace.answer({"database": str(path), "version": version}, f"Made {path} ({version}).")


@db.command()
@workplace_command
def upgrade(workplace: Workplace) -> None:
    """Bring an older database to this program's version, after a verified backup."""
    with _existing(workplace) as path:
        before, head = schema.version_of_file(path), schema.revisions()[-1]
        if before == EMPTY:
            raise RefusedError(f"{path}: the database is empty; create it with tosca-kiosk db init")
        backup, found = None, []
        if before != head:
            backup = workplace.backup()
            with Database.open(path, create=False, upgrade=True) as database:
                found = found_by_upgrades(database)
                workplace.sealing.sign(database, "migration")
    result = {
        "database": str(path),
        "from": before,
        "version": head,
        "backup": backup and str(backup),
        "found": found,
    }
    text = f"{before} to {head}; backup: {backup}" if backup else f"{path} is at {head} already."
    workplace.answer(result, text)
    for said in found:
        say(f"Warning: {said}")


@db.command()
@click.option(
    "--to",
    "wanted",
    metavar="VERSION",
    help=f"The start of an older version's name, {EMPTY} for an empty file.  [default: the one before]",
)
@admin_option
@workplace_command
def downgrade(workplace: Workplace, wanted: str | None, admin: str | None) -> None:
    """Bring the database back to an older version, after a verified backup. What that cannot hold is lost."""
    with _existing(workplace) as path:
        before = schema.version_of_file(path)
        target = _older_version(path, before, wanted)
        _authorise(path, admin)
        key = _key(workplace)
        backup = workplace.backup()
        with Database(path) as database:
            database.migrate(target, key=key)
    result = {"database": str(path), "from": before, "version": target, "backup": str(backup)}
    workplace.answer(result, f"{before} to {target}; backup: {backup}")


@db.command()
@click.option(
    "--anchor",
    "anchor_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of anchors from which the record must go on.",
)
@click.option("--deep", is_flag=True, help="Decide every journal of the record again.")
@workplace_command
def check(workplace: Workplace, anchor_file: Path | None, deep: bool) -> None:
    """Prove the record: chain, audit, tables, schema, signatures, session folders. Nothing is changed.

    Exit code 1 where anything is found. Damage is what nobody may do; an edit is what another program wrote
    openly, until `db acknowledge`.
    """
    path = workplace.standing()
    with Measuring(lines=False) as waiting, workplace.reading() as database:
        report = check_record(database, workplace.data_dir, waiting.show)
        trust = proved(workplace, database, report, anchor_file, waiting.show if deep else None)
    problems = (*report.problems, *trust.problems)
    result = {
        "database": str(path),
        "ok": not problems,
        "problems": list(problems),
        "damage": [*report.damage, *trust.problems],
        "edits": list(report.edits),
        "odd": list(report.odd),
        "chain": {"links": report.links, "head": report.head, "rows": report.rows},
        **as_result(report, trust),
    }
    rows = ", ".join(f"{log} {count}" for log, count in report.rows.items())
    chain = f"{report.links} links over {rows} rows; the chain ends at {report.head}"
    workplace.answer(result, "\n".join([*problems, *trust.restores, chain, how_far(report, trust)]))
    if problems:
        say(f"tosca-kiosk: {path}: problems: {len(problems)}, the first: {problems[0]}")
        raise SystemExit(1)


@db.command()
@click.option("--reason", required=True, metavar="TEXT", help="Why the edits are right.")
@click.option(
    "--supervisor",
    required=True,
    metavar="USERNAME",
    help="Who answers for them. The PIN is asked on a terminal, elsewhere it is the first line of standard "
    "input.",
)
@workplace_command
def acknowledge(workplace: Workplace, reason: str, supervisor: str) -> None:
    """Say that a supervisor knows what other programs wrote; `db check` is silent of it then."""
    with _existing(workplace) as path, Database.open(path, create=False) as database:
        tech_id = user_by_pin(database, supervisor, Role.SUPERVISOR).tech_id
        done = acknowledgements.acknowledge(database, tech_id, reason, utc_now())
    result = {"database": str(path), "acknowledged": list(done.known), "up_to_link": done.up_to_link}
    workplace.answer(result, "\n".join([*done.known, f"Acknowledged up to link {done.up_to_link}."]))


@db.command()
@workplace_command
def backup(workplace: Workplace) -> None:
    """Make a verified copy in the data directory's backups; before today, the newest of 30 days is kept."""
    with _existing(workplace) as path:
        made = workplace.backup()
        now = utc_now()
        pruned = prune_backups(workplace.backup_dir, now, _doubt(path, now))
    for told in pruned.to_say:
        say(f"Warning: {told}")
    result = {
        "backup": str(made),
        "bytes": made.stat().st_size,
        "deleted": [str(file) for file in pruned.deleted],
        "kept_apart": [str(file) for file in pruned.apart],
    }
    workplace.answer(result, str(made))


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@admin_option
@workplace_command
def restore(workplace: Workplace, file: Path, admin: str | None) -> None:
    """Put a copy of the backup FILE in the database's place; what stood there goes to the backups first."""
    path = workplace.database_path
    with workplace.locked():
        if path.exists() and file.samefile(path):
            raise RefusedError(f"{file}: this is the database itself; name a backup")
        version = schema.version_of_file(file)
        if version == EMPTY:
            raise RefusedError(f"{file}: an empty database; name a backup")
        _authorise(path, admin)
        kept = restore_backup(file, path, workplace.backup_dir, utc_now())
    result = {"database": str(path), "version": version, "replaced": kept and str(kept)}
    workplace.answer(result, f"Restored {path} from {file}." + (f" Replaced: {kept}" if kept else ""))
    if version != schema.revisions()[-1]:
        say(f"{path} is of an older version of this program ({version}): run tosca-kiosk db upgrade")


@db.command("import-journal")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--salvage", is_flag=True, help="Import up to where the journal's chain breaks, if it does.")
@workplace_command
def import_one(workplace: Workplace, folder: Path, salvage: bool) -> None:
    """Import the journal in the session folder FOLDER and close its session.

    Of a session that was closed with a part of its journal, what a whole one has more is taken over.
    """
    with _existing(workplace) as path, Database.open(path, create=False) as database:
        tell_doubt(clock_doubt(database, utc_now()))
        imported = import_journal(database, folder / JOURNAL_NAME, utc_now(), salvage=salvage)
        workplace.sealing.sign(database, "import-journal")
    result = {
        "session_id": imported.session_id,
        "status": imported.summary.status,
        "abort_reason": imported.summary.abort_reason,
        "treatment_events": imported.treatment_events,
        "safety_events": imported.safety_events,
        "ticks": imported.ticks,
        "whole": imported.whole,
        "damage": imported.damage,
        "mended": imported.mended,
        "head_hash": imported.head_hash,
    }
    text = (
        f"Session {imported.session_id} ({imported.summary.status}): {imported.treatment_events} treatment "
        f"events, {imported.safety_events} safety events from {imported.ticks} ticks."
    )
    how = "" if imported.damage is None else f" {imported.damage.capitalize()}."
    mended = "" if imported.mended is None else f" Mended: {imported.mended}."
    said = text if imported.whole else f"{text}{how or ' The journal was cut short.'}"
    workplace.answer(result, f"{said}{mended}")


@contextmanager
def _existing(workplace: Workplace) -> Iterator[Path]:
    """Hold the data directory and give the database's path. A missing one leaves no directory behind."""
    path = workplace.standing()
    with workplace.locked():
        yield path


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[None]:
    """Take away what a failed start of a new database leaves."""
    missing = not path.exists()
    try:
        yield
    except BaseException:
        if missing:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


def _key(workplace: Workplace) -> SigningKey | None:
    """Return the cart's key, None where the database is of a version that signs nothing."""
    if schema.version_of_file(workplace.database_path) != schema.revisions()[-1]:
        return None
    with Database.open(workplace.database_path, create=False) as database:
        return cart_key.of_record(database, workplace.data_dir)


def _authorise(path: Path, admin: str | None) -> None:
    """Ask for an admin's PIN where the database can tell whose: one of this version that can be read."""
    try:
        usable = path.exists() and schema.version_of_file(path) == schema.revisions()[-1]
    except StorageError:
        return  # damaged: to bring a backup back is then all that can be done
    if usable:
        with Database.open(path, create=False) as database:
            authorised(database, admin)


def _doubt(path: Path, now: datetime) -> Doubt | None:
    """Return why the clock cannot be right, where the database can tell: one of this version."""
    if schema.version_of_file(path) != schema.revisions()[-1]:
        return doubt(now, None)
    with Database.open(path, create=False) as database:
        return clock_doubt(database, now)


def _older_version(path: Path, before: str, wanted: str | None) -> str:
    order = (EMPTY, *schema.revisions())
    older = order[: order.index(before)]
    if wanted is None and len(older) < 2:
        raise RefusedError(f"{path}: no older version than {before}; --to {EMPTY} empties the database")
    named = older[-1:] if wanted is None else [version for version in older if version.startswith(wanted)]
    if len(named) != 1:
        raise RefusedError(f"{path}: no version {wanted!r} before {before}; there are {', '.join(older)}")
    return named[0]
