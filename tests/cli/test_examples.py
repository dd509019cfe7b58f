"""The help of every command that a person calls shows how: examples that exist, with options that exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from tosca_kiosk.cli.main import main


def commands(command=main, words=()):
    """Yield every command that a person may call, with its words."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if not inner.hidden:
            yield from commands(inner, (*words, name))


def examples(words):
    """Return the command lines of a help's examples, each as its words behind the program's name."""
    shown = CliRunner().invoke(main, [*words, "--help"], terminal_width=100).output
    _, _, behind = shown.partition("  Examples:\n")
    lines = re.match(r"(    .*\n)*", behind).group().splitlines()
    return [shlex.split(re.sub(r"^.*\| ", "", line.strip())) for line in lines]


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_the_help_has_examples_and_they_can_be_called(words):
    command = dict(commands())[words]
    found = examples(words)
    assert found, "no examples; of a raw docstring click does not see the mark"
    for program, *arguments in found:
        assert program == "tosca-kiosk"
        assert arguments[: len(words)] == list(words) or (words == ("run",) and not arguments)
        with command.make_context(words[-1], arguments[len(words) :], resilient_parsing=True) as context:
            assert context.args == [], arguments
