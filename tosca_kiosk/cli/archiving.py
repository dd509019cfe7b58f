"""`db archive`: events of old sessions go into files beside the record, which becomes smaller."""

from __future__ import annotations

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.folders import save_where_configured
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.pins import admin_option, signed_by_admin, tell_unsigned
from tosca_kiosk.cli.reasons import reason_option, why
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import archiving


@click.command()
@click.option(
    "--older-than",
    "days",
    required=True,
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Of sessions that ended more than so many days ago.",
)
@admin_option
@reason_option
@workplace_command
def archive(workplace: Workplace, days: int, reason: str | None, admin: str | None) -> None:
    """Move the events of old sessions into archives, after a verified backup; the record becomes smaller.

    Everything else of a session stays in the record, and `db check` and every question about it find its
    events in DIR/archives. Keep that directory with the backups: what was moved is in no later one. It is
    backed up with the sessions' folders where a place for them is configured.

    \b
    Examples:
      tosca-kiosk db archive --older-than 365 --admin admin --reason 'Room for new sessions'
    """
    workplace.standing()
    with workplace.record() as database:
        for said in archiving.sweep(database):
            say(said)
        old = archiving.old_sessions(database, utc_now(), days)
        if not old:
            nothing = f"No session that ended more than {days} days ago has events in the record."
            workplace.answer({"sessions": 0, "events": 0, "files": [], "kept": []}, nothing)
            return
        signed = signed_by_admin(workplace.database_path, admin=admin)
        told = why(reason)
        before = workplace.database_path.stat().st_size
        with Measuring(lines=False) as waiting:
            waiting.show("backup", None)
            backup = workplace.backup()
            details = {"older_than_days": days, "backup": backup.name}
            moved = archiving.archive(
                database, old, operator_id=signed.tech_id, reason=told, details=details, tell=waiting.show
            )
            workplace.sealing.sign(database, "archive")
            left_large = archiving.shrink(database, waiting.show) if moved.files else None
    tell_unsigned(signed)
    save_where_configured(workplace)
    for kept in moved.kept:
        say(f"Warning: {kept}")
    if left_large is not None:
        say(f"The record did not become smaller ({left_large}); new sessions use the room.")
    files = [str(file.path(workplace.database_path)) for file in moved.files]
    result = {
        "sessions": moved.sessions,
        "events": moved.events,
        "files": files,
        "kept": moved.kept,
        "backup": str(backup),
        "bytes_before": before,
        "bytes": workplace.database_path.stat().st_size,
    }
    workplace.answer(
        result, "\n".join([f"Moved {moved.events} events of {moved.sessions} sessions:", *files])
    )
