"""Paths that were there at first: removed, replaced and put back."""

import socket
from pathlib import Path

import pytest

from tosca_kiosk.machine.kept_paths import KeptPaths


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "file").write_text("first")
    (path / "link").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "socket"))
    return path


@pytest.fixture
def kept(folder):
    paths = KeptPaths(folder, folder / "file", folder / "link", folder / "socket")
    yield paths
    paths.close()


def test_what_is_used_is_not_lost(kept, folder):
    (folder / "file").write_text("more")
    (folder / "another").write_text("")
    assert kept.lost() is None


@pytest.mark.parametrize("name", ["file", "link", "socket"])
def test_what_is_removed_or_replaced_is_lost_by_name_until_it_is_put_back(kept, folder, name):
    (folder / name).rename(folder / "away")
    assert kept.lost() == str(folder / name)
    (folder / name).write_text("first")
    assert kept.lost() == str(folder / name)
    (folder / "away").replace(folder / name)
    assert kept.lost() is None


def test_another_file_at_its_path_is_never_taken_for_it_whatever_inode_it_has(kept, folder):
    for _ in range(20):
        (folder / "file").unlink()
        (folder / "file").write_text("first")
        assert kept.lost() == str(folder / "file")


def test_a_folder_of_the_same_name_is_another_one(kept, folder):
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    assert kept.lost() == str(folder)


def test_what_is_not_there_cannot_be_kept_and_no_descriptor_is_left(tmp_path):
    before = len([*Path("/proc/self/fd").iterdir()])
    with pytest.raises(FileNotFoundError):
        KeptPaths(tmp_path, tmp_path / "nothing")
    assert len([*Path("/proc/self/fd").iterdir()]) == before
