"""`db`: make, check, copy and bring back the database. Nothing here leaves a half-written file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from tosca_kiosk.cli.archiving import archive
from tosca_kiosk.cli.completion import username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.folders import backup_folders, restore_folders
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.pins import user_by_pin
from tosca_kiosk.cli.record_operations import downgrade, import_one, restore_one, upgrade
from tosca_kiosk.cli.standing import EMPTY, existing
from tosca_kiosk.cli.trust import anchor, as_result, how_far, new_key, proved
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError, load_shipped_content
from tosca_kiosk.storage import Database, acknowledgements, cart_key, prune_backups, schema
from tosca_kiosk.storage import check as check_record
from tosca_kiosk.storage.clock_evidence import Doubt, clock_doubt, doubt
from tosca_kiosk.storage.files import with_logs
from tosca_kiosk.storage.users import Role


@click.group()
def db() -> None:
    """Make, check, back up and restore the database, and the sessions' folders."""


for _command in (archive, backup_folders, restore_folders, upgrade, downgrade, restore_one, import_one):
    db.add_command(_command)


db.add_command(anchor)
db.add_command(new_key)


@db.command()
@workplace_command
def init(workplace: Workplace) -> None:
    """Make the database. A simulated cart's gets the shipped protocols and the simulators' calibrations.

    \b
    Examples:
      tosca-kiosk db init
      tosca-kiosk db init --config /etc/tosca-kiosk/cart.yaml --data-dir /var/lib/tosca-kiosk
    """
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

    \b
    Examples:
      tosca-kiosk db check
      tosca-kiosk db check --deep
      tosca-kiosk db check --anchor /media/stick/anchors --json
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
    shell_complete=username,
    help="Who answers for them. The PIN is asked on a terminal, elsewhere it is the first line of standard "
    "input.",
)
@workplace_command
def acknowledge(workplace: Workplace, reason: str, supervisor: str) -> None:
    """Say that a supervisor knows what other programs wrote; `db check` is silent of it then.

    \b
    Examples:
      tosca-kiosk db acknowledge --supervisor supervisor01 --reason 'Patient notes corrected by hand'
    """
    with existing(workplace) as path, Database.open(path, create=False) as database:
        tech_id = user_by_pin(database, supervisor, Role.SUPERVISOR).tech_id
        done = acknowledgements.acknowledge(database, tech_id, reason, utc_now())
    result = {"database": str(path), "acknowledged": list(done.known), "up_to_link": done.up_to_link}
    workplace.answer(result, "\n".join([*done.known, f"Acknowledged up to link {done.up_to_link}."]))


@db.command()
@workplace_command
def backup(workplace: Workplace) -> None:
    """Make a verified copy in the data directory's backups; before today, the newest of 30 days is kept.

    \b
    Examples:
      tosca-kiosk db backup
    """
    with existing(workplace) as path:
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


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[None]:
    """Take away what a failed start of a new database leaves."""
    missing = not path.exists()
    try:
        yield
    except BaseException:
        if missing:
            for file in with_logs(path):
                file.unlink(missing_ok=True)
        raise


def _doubt(path: Path, now: datetime) -> Doubt | None:
    """Return why the clock cannot be right, where the database can tell: one of this version."""
    if schema.version_of_file(path) != schema.revisions()[-1]:
        return doubt(now, None)
    with Database.open(path, create=False) as database:
        return clock_doubt(database, now)
