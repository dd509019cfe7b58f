"""Directories that cannot be written and disks that are full: one line, and everything stays as it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.kiosk_command import Cart, held, one_line

NOBODY = 65534


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


@contextmanager
def ordinary_user():
    """Be somebody who is not root, for root may write anywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(
    "words", [("db", "init"), ("db", "check"), ("db", "backup"), ("db", "upgrade"), ("patients", "add")]
)
def test_a_read_only_directory_is_one_line(read_only, words):
    with ordinary_user():
        said = read_only.refused(*words)
    assert "cannot be made (Permission denied); check the directory's rights" in said


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


FULL = [("downgrade",), ("restore", "{}"), ("add",)]


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
