"""What a console cannot show is replaced; what standard output does not take is one line and exit code 1."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest

from tests.cli.kiosk_command import WHY, one_line
from tosca_kiosk.cli.main import COMMANDS, main

NOTES = "Grüße → 日本"
ANSWERING = (
    ("db", "check"),
    ("db", "backup"),
    ("users", "list"),
    ("patients", "add"),
    ("patients", "list"),
    ("protocols", "list"),
    ("protocols", "show", "Constant 5 W, 60 s"),
    ("devices",),
)


def commands(group, before=()):
    """Yield the words of every command, hidden ones too."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name)


@pytest.fixture
def called(monkeypatch, capfd):
    """Call the program here with its standard output on a full disk; return its code and standard error."""

    def call(*words):
        with Path("/dev/full").open("w", encoding="ascii") as full:
            monkeypatch.setattr(sys, "stdout", full)
            with pytest.raises(SystemExit) as ended:
                main(list(words), "tosca-kiosk")
            monkeypatch.undo()
        return ended.value.code, capfd.readouterr().err

    return call


def not_taken(stderr):
    return "standard output cannot be written (No space left on device)" in one_line(stderr)


@pytest.mark.parametrize("words", [(), *commands(main)], ids=" ".join)
def test_no_commands_help_is_lost_in_silence(called, words):
    code, said = called(*words, "--help")
    assert (code, not_taken(said)) == (1, True)


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("words", ANSWERING, ids=" ".join)
def test_no_answer_is_lost_in_silence(cart, called, words, as_json):
    code, said = called(*words, *as_json, *cart.place)
    assert (code, not_taken(said)) == (1, True)
    if words == ("patients", "add"):
        assert len(cart.json("patients", "list")["patients"]) == 1


def test_of_a_refusal_whose_object_is_lost_the_reason_is_told(cart, called):
    code, said = called("db", "init", "--json", *cart.place)
    assert (code, "there is a database already" in one_line(said)) == (1, True)


@pytest.mark.process
@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "| true", ">/dev/full"])
def test_an_output_that_nobody_takes_is_one_line(cart, closed):
    shell = ("bash", "-c", f'set -o pipefail; "$@" {closed}', "bash")
    result = cart.process("users", "list", "--json", before=shell)
    assert result.returncode == 1
    assert "standard output cannot be written" in one_line(result.stderr)


@pytest.mark.process
@pytest.mark.parametrize("lost", ["2>&-", "2>/dev/full"])
def test_standard_error_is_a_courtesy(cart, lost):
    cart.text("db", "downgrade", *WHY)
    older = cart.text("db", "backup")
    shell = ("bash", "-c", f'"$@" {lost}', "bash")
    result = cart.process("db", "restore", older, *WHY, "--json", before=shell)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["replaced"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("environment", "encoding", "shown"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "ascii", "Gr??e ? ??"),
        ({"PYTHONIOENCODING": "latin-1"}, "latin-1", "Grüße ? ??"),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "ascii", "Gr??e ? ??"),
        ({"LANG": "C"}, "utf-8", NOTES),
    ],
    ids=["ascii", "latin-1", "C", "LANG=C"],
)
def test_what_a_console_cannot_show_is_replaced(cart, environment, encoding, shown):
    cart.text("patients", "add", "--notes", stdin=f"{NOTES}\n")
    result = cart.process("patients", "list", env=environment, encoding=encoding)
    assert (result.returncode, result.stderr) == (0, "")
    assert shown in result.stdout
    assert "?" * 9 not in result.stdout


def test_a_text_that_is_not_utf_8_is_refused(cart):
    assert "a text is not UTF-8" in cart.refused("patients", "add", "--notes", stdin=b"a\xffb\n")
    assert cart.json("patients", "list")["patients"] == []


def test_every_command_of_the_table_is_among_those_that_are_tried():
    assert {words[0] for words in commands(main)} == COMMANDS.keys()
