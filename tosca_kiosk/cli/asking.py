"""What is typed and not given as an argument, for every program on the machine can read those."""

from __future__ import annotations

import sys

import click

from tosca_kiosk.cli.workplace import stdin_is_terminal
from tosca_kiosk.session import RefusedError

_LONGEST_LINE = 1000


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
