"""The command line as a whole: every command is there, and none is read before it is called."""

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tosca_kiosk.cli.main import COMMANDS, main
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.display import has_display

HIDDEN = {
    *("camera", "control", "kiosk"),
    *("timing-control", "timing-operator", "timing-load", "timing-witness"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_under_its_name(name):
    command = main.get_command(click.Context(main), name)
    assert command.name == name
    assert command.hidden == (name in HIDDEN)


def test_help_shows_what_a_person_may_call():
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    assert all(f"\n  {name} " in shown.output for name in COMMANDS.keys() - HIDDEN)
    assert not any(f"\n  {name} " in shown.output for name in HIDDEN)


def leaves(command, path=()):
    if not isinstance(command, click.Group):
        yield list(path)
        return
    for name in command.list_commands(click.Context(command)):
        yield from leaves(command.get_command(click.Context(command), name), (*path, name))


def test_help_fits_80_columns_but_for_examples_to_be_copied(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for path in leaves(main):
        lines = CliRunner().invoke(main, [*path, "--help"]).output.splitlines()
        words = (line for line in lines if "tosca-kiosk " not in line and " | " not in line)
        assert max(map(len, words)) <= 80, path


@pytest.mark.parametrize("arguments", [["--windowed", "--help"], ["run", "--help"]])
def test_an_option_of_run_needs_no_command(arguments):
    assert "run the kiosk" in CliRunner().invoke(main, arguments).output.lower()


def test_an_unknown_command_is_wrong_use():
    assert CliRunner().invoke(main, ["dance"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("sessions", "show", "0", "--json"),
        ("--json", "--dance"),
        ("protocols", "add", "none.json", "--json"),
        ("patients", "--json", "dance"),
    ],
)
def test_of_wrong_use_too_a_program_gets_one_object(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"] in " ".join(result.stderr.split())


def imported_by(module, *names):
    code = (
        f"import sys, tosca_kiosk.cli.main, tosca_kiosk.cli.{module}; "
        f"print([name for name in {names} if name in sys.modules])"
    )
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


@pytest.mark.process
def test_controls_start_waits_for_neither_database_nor_screen():
    assert imported_by("control_process", "kivy", "sqlalchemy", "cv2", "rich") == "[]"


@pytest.mark.process
@pytest.mark.parametrize(("name", "more"), [("control", []), ("kiosk", ["--data-dir", "."])])
def test_a_process_whose_supervisor_is_gone_does_not_begin(name, more, tmp_path):
    command = [sys.executable, "-m", "tosca_kiosk", name, "--config", str(bundled("simulated.yaml"))]
    command += ["--runtime", str(tmp_path), "--parent", "1", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is gone" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.process
def test_kivy_is_imported_only_after_its_settings_were_made():
    assert imported_by("kiosk_process", "kivy", "msgspec") == "['msgspec']"
    assert imported_by("run", "kivy", "msgspec") == "['msgspec']"


@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"])
def test_a_named_display_counts(name, tmp_path):
    assert has_display({name: "offscreen"}, tmp_path)
    assert not has_display({name: ""}, tmp_path)
    assert not has_display({}, tmp_path)


def test_a_graphics_card_counts_where_it_may_be_used(tmp_path):
    (tmp_path / "renderD128").touch()
    assert not has_display({}, tmp_path)
    (tmp_path / "card0").touch(mode=0o600)
    assert has_display({}, tmp_path)
