"""To whom what stood in the record before is shown: what is known of a patient, and a PIN's digest.

What a patient's row says now every list shows. What it said before may be what should never have stood there,
such as a name, which is why it was changed: that is shown to a supervisor alone. A PIN's digest is to nobody.
"""

from __future__ import annotations

from typing import Any, Final

import click

from tosca_kiosk.cli.completion import username
from tosca_kiosk.cli.pins import user_by_pin
from tosca_kiosk.cli.workplace import Command, Workplace, command_name
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database
from tosca_kiosk.storage import users as accounts
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.columns import UNSPOKEN
from tosca_kiosk.storage.users import Role

_NOT_SHOWN: Final = "(shown to a supervisor: --tech)"
_SECRET: Final = "credentials"
_SECRET_SHOWN: Final = "(a PIN)"


def shown_to_option(command: Command) -> Command:
    """Give a command --tech as an argument `tech`, for `shown_to_supervisor`."""
    return click.option(
        "--tech",
        metavar="USERNAME",
        shell_complete=username,
        help="A supervisor, who is shown what was known of patients before; by PIN once an admin has one, "
        "asked on a terminal, elsewhere the first line of standard input.",
    )(command)


def shown_to_supervisor(workplace: Workplace, tech: str | None) -> bool:
    """Say whether a supervisor asks. Raises as user_by_pin, and the safety log has who may not."""
    if tech is None:
        return False
    # One short transaction beside a kiosk, which holds the data directory: SQLite lets them take turns.
    with Database.open(workplace.standing(), create=False) as database:
        if accounts.admin_has_pin(database):
            user_by_pin(database, tech, Role.SUPERVISOR)
        else:
            allowed(database, tech, utc_now(), command_name(), Role.SUPERVISOR)
    return True


def shown(table: str, column: str, value: Any, *, to_supervisor: bool) -> Any:
    """Return a value of the past as it is shown."""
    if value is None or (table, column) not in UNSPOKEN:
        return value
    if table == _SECRET:
        return _SECRET_SHOWN
    return value if to_supervisor else _NOT_SHOWN
