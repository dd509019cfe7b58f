"""`db upgrade`, `downgrade`, `restore`, `import-journal`: what is done to the record as a whole.

Each is a row of the record, with who allowed it and why, and asks for an admin's PIN whatever the file says
of its version. Killed at any moment, the next start says whether it was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.pins import Signed, admin_option, signed_by_admin, tell_unsigned
from tosca_kiosk.cli.reasons import given, reason_option, why
from tosca_kiosk.cli.standing import EMPTY, existing
from tosca_kiosk.cli.workplace import Workplace, stdin_is_terminal, tell_doubt, workplace_command
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import (
    Database,
    Imported,
    StorageError,
    anchors,
    found_by_upgrades,
    record_to_read,
    restore,
    schema,
)
from tosca_kiosk.storage.anchors import Anchor, BadAnchorError
from tosca_kiosk.storage.clock_evidence import clock_doubt
from tosca_kiosk.storage.operations import Order
from tosca_kiosk.storage.ordered_import import import_in_order
from tosca_kiosk.storage.restore import Plan
from tosca_kiosk.storage.under_way import under_way


@click.command()
@admin_option
@click.option("--reason", metavar="TEXT", help="Why; the record keeps it.")
@workplace_command
def upgrade(workplace: Workplace, admin: str | None, reason: str | None) -> None:
    """Bring an older database to this program's version, after a verified backup.

    A record that is damaged is upgraded all the same: what is damaged is said, and kept in the record.

    \b
    Examples:
      tosca-kiosk db upgrade --admin admin --reason 'New release'
    """
    backup, found = None, []
    with existing(workplace) as path:
        before, head = schema.version_of_file(path), schema.revisions()[-1]
        if before == EMPTY:
            raise RefusedError(f"{path}: the database is empty; create it with tosca-kiosk db init")
        if before != head:
            signed = signed_by_admin(path, admin=admin)
            with (
                _ordered(path, "the upgrade", signed, given(reason)) as order,
                Database.unmigrated(path) as database,
            ):
                with Measuring(lines=False) as waiting:
                    waiting.show("backup", None)
                    backup = workplace.backup()
                    database.migrate("head", order, tell=waiting.show)
                workplace.sealing.sign(database, "migration")
                found = found_by_upgrades(database)
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


@click.command()
@click.option(
    "--to",
    "wanted",
    metavar="VERSION",
    help="The start of an older version's name.  [default: the one before]",
)
@admin_option
@reason_option
@workplace_command
def downgrade(workplace: Workplace, wanted: str | None, admin: str | None, reason: str | None) -> None:
    """Bring the database back to an older version, after a verified backup. What that cannot hold is lost.

    What proves the record stays in the file, and goes on when it is upgraded again.

    \b
    Examples:
      tosca-kiosk db downgrade --admin admin --reason 'Back to the release before'
      tosca-kiosk db downgrade --to 20261130_009 --admin admin
    """
    with existing(workplace) as path:
        before = schema.version_of_file(path)
        target = _older_version(path, before, wanted)
        signed = signed_by_admin(path, admin=admin)
        with (
            _ordered(path, "the downgrade", signed, why(reason)) as order,
            Database.unmigrated(path) as database,
        ):
            newest = before == schema.revisions()[-1]  # no other signs anything
            with Measuring(lines=False) as waiting:
                waiting.show("backup", None)
                backup = workplace.backup()
                with workplace.sealing.signing(database) if newest else nullcontext() as key:
                    damage = database.migrate(target, order, key=key, tell=waiting.show)
    _tell_damage(path, damage)
    result = {
        "database": str(path),
        "from": before,
        "version": target,
        "backup": str(backup),
        "damage": list(damage),
    }
    workplace.answer(result, f"{before} to {target}; backup: {backup}")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@admin_option
@reason_option
@click.option(
    "--anchor",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Anchors of this cart: no number that they know is given out again.",
)
@click.option("--yes", is_flag=True, help="Do not ask on a terminal whether what falls away may.")
@workplace_command
def restore_one(
    workplace: Workplace, file: Path, admin: str | None, reason: str | None, anchor: Path | None, yes: bool
) -> None:
    """Put a copy of the backup FILE in the database's place; what stood there goes to the backups first.

    Chain, cart and version are checked before. Sessions that FILE does not know are imported again from the
    whole journals in their folders. No number or code that was ever given out is given out again.

    \b
    Examples:
      tosca-kiosk db restore laser_control_20261130_140502.db --admin admin --reason 'A new disk'
    """
    path = workplace.database_path
    with workplace.locked():
        if path.exists() and file.samefile(path):
            raise RefusedError(f"{file}: this is the database itself; name a backup")
        anchored = _anchored(anchor)
        with Measuring(lines=False) as waiting:
            waiting.show("looking at the backup", None)
            planned = restore.plan(file, path, workplace.data_dir, anchored, waiting.show)
        signed = signed_by_admin(path, file, admin=admin)
        told = why(reason)
        _ask(file, planned, yes)
        with (
            _ordered(path, f"the restore of {file}", signed, told) as order,
            Measuring(lines=False) as waiting,
        ):
            done = restore.restore(planned, path, workplace.backup_dir, utc_now(), order, waiting.show)
        if done.unsigned is None:
            with record_to_read(path, say) as database:
                workplace.sealing.take_out(database)
        else:
            say(f"Warning: the record is not signed: {done.unsigned}")
    _tell_damage(path, planned.replaced.damage if planned.replaced else ())
    result = {
        "database": str(path),
        "version": schema.revisions()[-1],
        "from": planned.version,
        "replaced": done.kept and str(done.kept),
        "brought_back": list(done.sessions),
        "lost_sessions": {str(number): why for number, why in done.lost.items()},
        "brought_back_calibrations": list(done.calibrations),
        "lost_calibrations": {str(number): why for number, why in done.lost_calibrations.items()},
        "lost_patients": list(done.patients),
        "spare_archives": [str(path) for path in done.spare],
    }
    text = f"Restored {path} from {file}." + (f" Replaced: {done.kept}" if done.kept else "")
    back = [f"Session {number} was imported again from its journal." for number in done.sessions]
    back += [
        f"Calibration session {number} was imported again from its journal." for number in done.calibrations
    ]
    lost = [f"Session {number} fell away: {why}." for number, why in done.lost.items()]
    lost += [
        f"Calibration session {number} fell away: {why}." for number, why in done.lost_calibrations.items()
    ]
    patients = [f"Patient {code} fell away." for code in done.patients]
    spare = [
        f"{path} stays for the replaced record until the next db archive; its events are in this one too."
        for path in done.spare
    ]
    workplace.answer(result, "\n".join([text, *back, *lost, *patients, *spare]))


@click.command("import-journal")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--salvage", is_flag=True, help="Import up to where the journal's chain breaks, if it does.")
@admin_option
@reason_option
@workplace_command
def import_one(
    workplace: Workplace, folder: Path, salvage: bool, admin: str | None, reason: str | None
) -> None:
    """Import the journal in the session folder FOLDER and close its session.

    Of a session that was closed with a part of its journal, what a whole one has more is taken over.

    \b
    Examples:
      tosca-kiosk db import-journal sessions/1_20261130_112932
      tosca-kiosk db import-journal sessions/1_20261130_112932 --salvage --reason 'The disk was full'
    """
    with existing(workplace) as path, Database.open(path, create=False) as database:
        tell_doubt(clock_doubt(database, utc_now()))
        signed = signed_by_admin(path, admin=admin)
        with _ordered(path, f"the import of {folder.name}", signed, why(reason)) as order:
            with Measuring(lines=False) as waiting:
                imported, damage = import_in_order(
                    database, folder / JOURNAL_NAME, utc_now(), order, salvage=salvage, tell=waiting.show
                )
            workplace.sealing.sign(database, "import-journal")
    _tell_damage(path, damage)
    result = {
        **imported.number,
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
    workplace.answer(result, _imported_text(imported))


def _imported_text(imported: Imported) -> str:
    calibrated = imported.work == "calibration"
    named, events = ("Calibration session", "events") if calibrated else ("Session", "treatment events")
    text = (
        f"{named} {imported.session_id} ({imported.summary.status}): {imported.treatment_events} {events}, "
        f"{imported.safety_events} safety events from {imported.ticks} ticks."
    )
    how = "" if imported.damage is None else f" {imported.damage.capitalize()}."
    mended = "" if imported.mended is None else f" Mended: {imported.mended}."
    said = text if imported.whole else f"{text}{how or ' The journal was cut short.'}"
    return f"{said}{mended}"


@contextmanager
def _ordered(path: Path, what: str, signed: Signed, reason: str | None) -> Iterator[Order]:
    """Keep a note of the operation while it runs; give who ordered it, and why. Say where nobody had to."""
    with under_way(path, what) as run:
        yield Order(operator_id=signed.tech_id, operator=signed.username, reason=reason, run=run)
    tell_unsigned(signed)


def _anchored(anchor: Path | None) -> list[Anchor]:
    """Return the anchors of a file. Raises StorageError for one that is cut, changed or none."""
    if anchor is None:
        return []
    found = []
    for number, line in enumerate(anchors.read(anchor), start=1):
        try:
            found += [anchors.parsed(line)] if line else []
        except BadAnchorError as error:
            raise StorageError(f"{anchor}, line {number}: {error}; name what db anchor made") from error
    return found


def _ask(file: Path, planned: Plan, yes: bool) -> None:
    """Say what falls away; ask on a terminal. What is replaced is kept, so a program need not be asked."""
    if not planned.falls_away:
        return
    for folder in planned.later:
        say(f"Session {folder.session_id} is not in {file}; it is imported again from its journal.")
    for number, reason in planned.lost.items():
        say(f"Session {number} falls away: {reason}.")
    for folder in planned.later_calibrations:
        say(f"Calibration session {folder.session_id} is not in {file}; it is imported again.")
    for number, reason in planned.lost_calibrations.items():
        say(f"Calibration session {number} falls away: {reason}.")
    for code in planned.patients:
        say(f"Patient {code} is not in {file}; only with a session that is imported again does it stay.")
    if stdin_is_terminal() and not yes and not click.confirm("Restore it all the same?", err=True):
        raise RefusedError("nothing was changed")


def _tell_damage(path: Path, damage: Sequence[str]) -> None:
    for said in damage:
        say(f"Warning: {path} was damaged before: {said}")


def _older_version(path: Path, before: str, wanted: str | None) -> str:
    if wanted == EMPTY:
        raise RefusedError(
            f"{path}: an emptied record proves nothing, and is refused; move the file away to begin anew"
        )
    versions = schema.revisions()
    older = versions[: versions.index(before)] if before in versions else ()
    if not older:
        raise RefusedError(f"{path}: no older version than {before}")
    named = older[-1:] if wanted is None else [version for version in older if version.startswith(wanted)]
    if len(named) != 1:
        raise RefusedError(f"{path}: no version {wanted!r} before {before}; there are {', '.join(older)}")
    return named[0]
