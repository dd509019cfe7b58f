"""Why something is done to the record as a whole: the record keeps it."""

from __future__ import annotations

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Command, stdin_is_terminal


def reason_option(command: Command) -> Command:
    """Give a command --reason, for `why`."""
    return click.option(
        "--reason", metavar="TEXT", help="Why; the record keeps it. A terminal asks where it is missing."
    )(command)


def why(reason: str | None) -> str | None:
    """Return the reason: as it was given, or asked on a terminal. None elsewhere, which is said."""
    if reason is None and stdin_is_terminal():
        reason = click.prompt("Reason", default="", show_default=False, err=True)
    told = given(reason)
    if told is None:
        say("Warning: the record keeps no reason for this; the next time give --reason TEXT.")
    return told


def given(reason: str | None) -> str | None:
    """Return a reason without the blanks around it, None for one that says nothing."""
    return (reason or "").strip() or None
