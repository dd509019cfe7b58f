"""Directories that cannot be written and disks that are full: one line, and everything stays as it was."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pytest

from tests.cli.kiosk_command import WHY, Cart, held, one_line
from tests.cli.small_disk import small_disk
from tests.ordinary_user import ordinary_user
from tosca_kiosk.cli import main


@pytest.fixture
def read_only(made_once):
    """A cart in a directory that an ordinary user may read, not write."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(made_once, folder / "data")
    folder.chmod(0o755)
    (folder / "data").chmod(0o555)
    yield Cart(folder / "data")
    (folder / "data").chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(autouse=True, scope="module")
def _commands():
    """Have in memory what an ordinary user may not read."""
    for group in ("db", "patients", "protocols"):
        main.get_command(click.Context(main), group)


@pytest.mark.parametrize("words", [("db", "init"), ("db", "backup"), ("db", "upgrade"), ("patients", "add")])
def test_a_read_only_directory_is_one_line(read_only, words):
    with ordinary_user():
        said = read_only.refused(*words)
    assert "cannot be made (Permission denied); check the directory's rights" in said


def test_a_read_only_directory_is_read(read_only):
    with ordinary_user():
        assert read_only.json("db", "check")["ok"] is True
        assert len(read_only.json("protocols", "list")["protocols"]) == 4


def test_a_directory_that_cannot_be_made_is_one_line(read_only):
    with ordinary_user():
        said = Cart(read_only.data_dir / "new").refused("db", "init")
    assert "Permission denied" in said


def nearly_full(kilobytes):
    """Return a command line's beginning under which no file grows over so much: a full disk to a program."""
    return ("bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash")


@pytest.mark.process
@pytest.mark.parametrize("kilobytes", [8, 200])
def test_a_disk_that_fills_up_during_init_leaves_no_database(new_cart, kilobytes):
    result = new_cart.process("db", "init", before=nearly_full(kilobytes))
    assert result.returncode == 1
    assert "disk" in one_line(result.stderr)
    assert [path.name for path in new_cart.data_dir.iterdir()] == ["laser_control.lock"]


FULL = [("downgrade", *WHY), ("restore", "{}", *WHY), ("add",)]


@pytest.mark.process
@pytest.mark.parametrize("words", FULL, ids=lambda words: words[0])
def test_on_a_full_disk_the_database_stays_as_it_was(cart, tmp_path, words):
    other = tmp_path / "other.db"
    shutil.copy(cart.database, other)
    before = held(cart.data_dir)
    group = "patients" if words == ("add",) else "db"
    words = [word.format(other) for word in words]
    result = cart.process(group, *words, before=nearly_full(40))
    assert result.returncode == 1
    assert "disk" in one_line(result.stderr)
    assert held(cart.data_dir) == before
    assert cart.json("db", "check")["ok"] is True


SUPERVISOR = """
import logging, sys
from pathlib import Path
from tosca_kiosk.cli.run import _log_to
_log_to(Path(sys.argv[1]) / "log")
print("logs", flush=True)
sys.stdin.read()
logging.error("control ended")
"""


@pytest.mark.process
def test_a_log_line_that_a_full_disk_does_not_take_is_told_once(tmp_path):
    with small_disk(tmp_path / "disk") as small:
        command = [sys.executable, "-c", SUPERVISOR, str(small.path)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout.readline() == "logs\n"
            small.fill()
            _, said = process.communicate()
    (line,) = said.splitlines()
    assert "control ended" in line
