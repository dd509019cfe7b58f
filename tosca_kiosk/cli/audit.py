"""`audit`: who changed what in the record, when and why, field by field."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.changes import answer_changes
from tosca_kiosk.cli.completion import (
    calibration_session_number,
    patient_code,
    protocol_name,
    session_number,
    setting_key,
    username,
)
from tosca_kiosk.cli.earlier_values import shown_to_option, shown_to_supervisor
from tosca_kiosk.cli.since import since, since_option
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain.setting_table import SETTINGS
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, history
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.audited import AUDITED

_NAMED_BY: Final = {
    "patients": ("patients", "patient_code", "patient_id"),
    "protocols": ("protocols", "protocol_name", "protocol_id"),
    "tech_users": ("tech_users", "username", "tech_id"),
    "credentials": ("tech_users", "username", "tech_id"),
}
"""By table: where its rows have a name that a person knows, and the key that it stands for."""

_COMPLETED_BY: Final = {
    "patients": patient_code,
    "protocols": protocol_name,
    "tech_users": username,
    "credentials": username,
    "system_config": setting_key,
    **dict.fromkeys(
        ("sessions", "session_journals", "session_energies", "session_parts", "session_timing"),
        session_number,
    ),
    "calibration_sessions": calibration_session_number,
}


@click.group()
def audit() -> None:
    """Show who changed what in the record, when and why."""


def _row_of_table(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    complete = _COMPLETED_BY.get(str(context.params.get("table")))
    return [] if complete is None else complete(context, parameter, incomplete)


@audit.command()
@click.option(
    "--table",
    metavar="TABLE",
    type=click.Choice(list(AUDITED)),
    is_eager=True,
    help=f"Of one table: {', '.join(AUDITED)}.",
)
@click.option(
    "--row",
    metavar="KEY",
    shell_complete=_row_of_table,
    help="Of one row of the table: its number, or its code, name or key.",
)
@click.option("--by", metavar="USERNAME", shell_complete=username, help="By one account.")
@since_option
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="So many of the newest at most."
)
@as_of_option
@shown_to_option
@workplace_command
def show(
    workplace: Workplace,
    table: str | None,
    row: str | None,
    by: str | None,
    since_text: str | None,
    limit: int,
    as_of: str | None,
    tech: str | None,
) -> None:
    """Show the newest changes of the record, the oldest of them first, with each field's old and new value.

    A reason stands with what it explains; its own row is shown by --table change_reasons. A PIN's digest is
    never shown. What was known of patients before is shown to a supervisor.

    \b
    Examples:
      tosca-kiosk audit show
      tosca-kiosk audit show --table patients --row P-2026-0001 --tech supervisor01
      tosca-kiosk audit show --by jane --since 2026-11-30
      tosca-kiosk audit show --table system_config --row max_laser_power_watts --json
    """
    if row is not None and table is None:
        raise click.UsageError("--row is of a table: give --table")
    then = moment(as_of)
    begin = since(since_text, then or utc_now())
    to_supervisor = shown_to_supervisor(workplace, tech)
    with workplace.reading(as_of=then) as database:
        by_id = None if by is None else accounts.named(database, by).tech_id
        if table is None or row is None:
            found = history.changes(database, table=table, by=by_id, since=begin, limit=limit)
        else:
            key = _key(database, table, row)
            found = history.changes(database, table=table, key=key, by=by_id, since=begin, limit=limit)
    answer_changes(workplace, found, to_supervisor=to_supervisor)


def _key(database: Database, table: str, row: str) -> str:
    """Return the key of a row, which the audit knows it by, for its number or its name.

    Raises RefusedError where there is none, nor was.
    """
    names: list[str] = []
    if table in _NAMED_BY:
        named, column, number = _NAMED_BY[table]
        keys = {
            one["name"]: str(one["key"])
            for one in database.rows(f"SELECT {column} AS name, {number} AS key FROM {named}")
        }
        if row in keys:
            return keys[row]
        names = [name for name in keys if isinstance(name, str)]
    if AUDITED[table] == "config_key":
        names = list(SETTINGS)
    if row in names or history.is_known(database, table, row):
        return row
    near = get_close_matches(row, names, n=1)
    guess = f"; {near[0]!r} may be meant" if near else ""
    raise RefusedError(f"{table} has no row {row!r}{guess}; give its number, or the name that it has now")
