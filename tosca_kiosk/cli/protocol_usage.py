"""`protocols usage`: how often each protocol was treated by."""

from __future__ import annotations

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.storage import protocols


@click.command()
@as_of_option
@workplace_command
def usage(workplace: Workplace, as_of: str | None) -> None:
    r"""Count the uses of the active protocols, the most used first.

    As each protocol counts its own, and as many sessions name it: both are the same unless another program
    has changed one of them.

    \b
    Examples:
      tosca-kiosk protocols usage
      tosca-kiosk protocols usage --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = protocols.usage(database)
    rows = [tuple(one.row.values()) for one in found]
    columns = ("Name", "Used", "Last used (UTC)", "Sessions")
    workplace.answer(
        {"protocols": [{**one.row, "odd": one.marks} for one in found]},
        table_text(columns, rows, [one.marks for one in found]),
    )
