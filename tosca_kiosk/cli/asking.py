"""What is typed and not given as an argument, for every program on the machine can read those."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Command, stdin_is_terminal
from tosca_kiosk.session import RefusedError

_LONGEST_LINE = 1000
_ASK: Final = "\0"
"""In place of a value that is to be asked for: no argument can be it."""
_IN_ARGUMENTS: Final = (
    "Warning: every program on this machine can read arguments while a command runs; give {} alone, and the "
    "value when it is asked for, or on standard input"
)


def told_option(option: str, of_what: str) -> Callable[[Command], Command]:
    """Give a command an option for what is known of a patient, for `told`: alone, its value is asked for."""
    return click.option(
        option, is_flag=False, flag_value=_ASK, metavar="[TEXT]", help=f"{of_what} Asked for if left out."
    )


def told(option: str, value: str | None) -> str | None:
    """Return what is known: as it was given, or typed now; None where the option was not."""
    if value == _ASK:
        return typed(option.removeprefix("--").replace("-", " ").capitalize())
    if value is not None:
        say(_IN_ARGUMENTS.format(option))
    return value


def typed(question: str) -> str:
    """Return an answer: asked on a terminal, elsewhere the next line of standard input.

    Bytes that are no UTF-8 are left in it for the record to refuse. Raises as next_line.
    """
    if stdin_is_terminal():
        return str(click.prompt(question, default="", show_default=False, err=True))
    return next_line(question).decode(errors="surrogateescape")


def next_line(question: str) -> bytes:
    """Return the next line of standard input without its end. Raises RefusedError when there is none."""
    line = b"" if sys.stdin is None else sys.stdin.buffer.readline(_LONGEST_LINE)
    if not line:
        raise RefusedError(f"{question}: standard input has no line for it; write one line for each")
    return line.rstrip(b"\r\n")
