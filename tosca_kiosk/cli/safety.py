"""`safety`: the safety log, by time, severity, session and type."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.completion import safety_type, session_number
from tosca_kiosk.cli.since import since, since_option
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import safety as log
from tosca_kiosk.storage.safety import SEVERITIES, SafetyEvent

_LAST_DAY: Final = "24h"


@click.group()
def safety() -> None:
    """List and count the safety log: what was dangerous, refused or warned of."""


@safety.command("list")
@since_option
@click.option(
    "--severity", "least", type=click.Choice(SEVERITIES), help="This severity and above, the worst last."
)
@click.option(
    "--session", "session_id", type=click.IntRange(1), shell_complete=session_number, help="Of this session."
)
@click.option(
    "--type",
    "event_type",
    metavar="TYPE",
    shell_complete=safety_type,
    help="Of this type, such as e_stop_pressed.",
)
@as_of_option
@workplace_command
def list_safety(
    workplace: Workplace,
    since_text: str | None,
    least: str | None,
    session_id: int | None,
    event_type: str | None,
    as_of: str | None,
) -> None:
    """List safety events, the newest first; --json has their details and the cart's state.

    Without --since those of the last 24 h, or all of a session.

    \b
    Examples:
      tosca-kiosk safety list
      tosca-kiosk safety list --since 7d --severity critical
      tosca-kiosk safety list --session 12 --json
    """
    then = moment(as_of)
    if since_text is None and session_id is None:
        since_text = _LAST_DAY
    start = since(since_text, then or utc_now())
    narrowed = any(one is not None for one in (then, least, session_id, event_type))
    the_last_day = since_text == _LAST_DAY and not narrowed
    with workplace.reading(as_of=then) as database:
        if the_last_day and not workplace.as_json:
            found = log.last_day(database)
        else:
            found = log.listed(
                database, since=start, least=least, session_id=session_id, event_type=event_type
            )
    workplace.answer({"since": start, "events": [asdict(one) for one in found]}, _table(found))


@safety.command()
@as_of_option
@workplace_command
def summary(workplace: Workplace, as_of: str | None) -> None:
    """Count the safety events of each day by severity and type, the newest day first.

    \b
    Examples:
      tosca-kiosk safety summary
      tosca-kiosk safety summary --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = log.summary(database)
    rows = [(one.event_date, one.severity, one.event_type, one.event_count) for one in found]
    text = table_text(("Day (UTC)", "Severity", "Event", "Count"), rows)
    workplace.answer({"days": [asdict(one) for one in found]}, text)


def _table(found: list[SafetyEvent]) -> str:
    rows = [
        (f"{one.timestamp:%Y-%m-%d %H:%M:%S}" if one.timestamp else None, one.severity, one.event_type,
         one.session_id, one.description)
        for one in found
    ]  # fmt: skip
    columns = ("Time (UTC)", "Severity", "Event", "Session", "Description")
    return table_text(columns, rows, [one.odd for one in found])
