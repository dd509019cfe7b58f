"""Folders that come back from their backup, by the real restic: on the disk before they have their names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.small_disk import small_disk
from tosca_kiosk.storage.files import PART
from tosca_kiosk.storage.folder_backup import FolderBackup

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed here"),
]
NAME = "3_20260314_092653"
MEGABYTES = 16


def test_all_of_it_is_on_the_disk_before_it_has_its_name_and_then_the_name(tmp_path, now, monkeypatch):
    folder = tmp_path / "data" / "sessions" / NAME
    (folder / "traces").mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(b"journal")
    (folder / "traces" / "laser.txt").write_bytes(b"trace")
    (folder / "film").symlink_to("nowhere")
    back, synced = tmp_path / "back", []
    fsync = os.fsync

    def heard(file):
        fsync(file)
        synced.append((os.fstat(file).st_ino, str(Path(f"/proc/self/fd/{file}").readlink())))

    with small_disk(tmp_path / "disk", MEGABYTES) as disk:
        backup = FolderBackup(tmp_path / "data", disk.path)
        backup.back_up(["sessions"], now)
        monkeypatch.setattr(os, "fsync", heard)
        [restored] = backup.restore([NAME], back)
    before = {inode for inode, path in synced if PART in path}
    there = [restored, *(path for path in restored.rglob("*") if not path.is_symlink())]
    assert len(there) == 4
    assert {path.stat().st_ino for path in there} <= before
    assert synced[-1] == (back.stat().st_ino, str(back))
    assert (tmp_path.stat().st_ino, str(tmp_path)) in synced, "the name of a folder that was made for it"
