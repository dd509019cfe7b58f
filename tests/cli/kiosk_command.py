"""The commands over a data directory, in this process or in another, and what they must answer."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from tosca_kiosk.cli import main
from tosca_kiosk.machine.clock import utc_now

WHY = ("--reason", "tried out")
PROGRAM = (sys.executable, "-m", "tosca_kiosk")


class Cart:
    """A data directory and the commands that work with it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.database = data_dir / "laser_control.db"
        self.backups = data_dir / "backups"

    def run(self, *words, stdin=None):
        """Run a command in this process; standard input is no terminal."""
        return CliRunner().invoke(main, [*words, *self.place], input=stdin)

    def text(self, *words, stdin=None):
        """Return what a command that succeeds prints for a person."""
        result = self.run(*words, stdin=stdin)
        assert result.exit_code == 0, result.stderr
        return result.stdout.rstrip("\n")

    def json(self, *words, stdin=None):
        """Return the one object that a command prints with --json when it succeeds."""
        return json.loads(self.text(*words, "--json", stdin=stdin))

    def refused(self, *words, stdin=None):
        """Return the one line that a command which fails writes to standard error."""
        result = self.run(*words, stdin=stdin)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == 1
        assert result.stdout == ""
        return one_line(result.stderr)

    def process(self, *words, before=(), **options):
        """Run a command as a program of its own, `before` in front of its command line."""
        command = [*before, *PROGRAM, *words, *self.place]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)

    @property
    def place(self):
        return ("--data-dir", str(self.data_dir))


def one_line(stderr):
    """Return the message of a refusal, which is one line and says who speaks."""
    assert stderr.startswith("tosca-kiosk: ")
    assert stderr.count("\n") == 1
    return stderr.removeprefix("tosca-kiosk: ").rstrip("\n")


def next_second():
    """Return a whole second that lies behind all that was done and before all that will be."""
    asked = utc_now().replace(microsecond=0) + timedelta(seconds=1)
    while utc_now() <= asked + timedelta(milliseconds=2):
        pass
    return asked


def held(data_dir):
    """Return every file but SQLite's passing ones and the lock, with its content."""
    passing = ("-wal", "-shm", ".lock")
    return {
        str(path.relative_to(data_dir)): path.read_bytes()
        for path in data_dir.rglob("*")
        if path.is_file() and not path.name.endswith(passing)
    }
