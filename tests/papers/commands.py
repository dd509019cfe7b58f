"""Every command with what `--help` says of it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner

from tests.papers.tables import paper as whole
from tosca_kiosk.cli import main

PROGRAM = "tosca-kiosk"


def _visible(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _visible(inner, (*words, name))


def _help(words: tuple[str, ...]) -> str:
    shown = CliRunner().invoke(main, [*words, "--help"], prog_name=PROGRAM, terminal_width=100)
    return f"## {' '.join((PROGRAM, *words))}\n\n```\n{shown.output.rstrip()}\n```"


def paper() -> str:
    """Print COMMANDS.md."""
    return whole("Commands", *(_help(words) for words in _visible(main)))
