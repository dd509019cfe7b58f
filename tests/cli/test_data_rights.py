"""A data directory that others may read: closed at the start of a command, or said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tosca_kiosk.cli.data_rights import tighten_rights
from tosca_kiosk.machine.rights import FILE_MODE, FOLDER_MODE, too_wide
from tosca_kiosk.storage.signing import KEY_NAME


def ours(data_dir):
    """Return the data directory and what lies in it, without the key, which is its user's alone."""
    return [path for path in (data_dir, *data_dir.rglob("*")) if path.name != KEY_NAME]


def opened_wide(data_dir):
    """Make all of a data directory but its key readable for all, as an older version or a copy leaves it."""
    for path in ours(data_dir):
        path.chmod(0o777 if path.is_dir() else 0o666)


@pytest.fixture
def wide(cart):
    cart.text("db", "backup")
    (cart.data_dir / "sessions" / "1" / "traces").mkdir(parents=True)
    (cart.data_dir / "sessions" / "1" / "journal.jsonl").write_text("")
    opened_wide(cart.data_dir)
    return cart


def test_the_umask_of_whoever_starts_a_command_neither_opens_nor_closes_its_files(new_cart):
    for umask in (0, 0o077):
        before = os.umask(umask)
        try:
            new_cart.text("db", "init") if umask == 0 else new_cart.text("db", "backup")
            assert os.umask(umask) == umask, "it is theirs again afterwards"
        finally:
            os.umask(before)
    made = ours(new_cart.data_dir)
    assert len(made) >= 4
    assert (new_cart.data_dir / KEY_NAME).stat().st_mode & 0o777 == 0o600
    for path in made:
        assert path.stat().st_mode & 0o777 == (FOLDER_MODE if path.is_dir() else FILE_MODE), path


def test_a_command_that_writes_closes_the_directory_and_what_lies_in_it(wide):
    assert wide.run("db", "backup").stderr == ""
    for path in (wide.data_dir, wide.database, wide.backups, wide.data_dir / "sessions"):
        assert too_wide(path) is None, path


def test_a_run_closes_everything_below(wide):
    assert list(tighten_rights(wide.data_dir, deep=True)) == []
    assert [path for path in ours(wide.data_dir) if too_wide(path)] == []


def test_a_folder_that_holds_other_things_is_not_ours_to_close_and_that_is_said(wide):
    other = wide.data_dir / "diary.txt"
    other.write_text("")
    other.chmod(0o644)
    (wide.data_dir / "laser_control.link").symlink_to(other)
    done = wide.run("db", "backup")
    assert f"Warning: Others may look into {wide.data_dir} (0777): chmod 0750" in done.stderr
    assert (done.exit_code, too_wide(wide.database)) == (0, None)
    assert (too_wide(wide.data_dir), too_wide(other)) == (0o777, 0o644)


def test_rights_that_cannot_be_taken_away_are_said(wide, monkeypatch):
    def refused(_path, _mode):
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refused)
    folder, *files = tighten_rights(wide.data_dir)
    assert str(wide.data_dir) in folder
    assert str(wide.database) in files[0]
