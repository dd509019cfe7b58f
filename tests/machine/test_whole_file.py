"""A file that somebody asked for is there whole, or not there at all, and never over another one."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from tests.cli.small_disk import small_disk
from tosca_kiosk.machine.part_file import begin
from tosca_kiosk.machine.rights import others_kept_out
from tosca_kiosk.machine.whole_file import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_is_whole_and_others_may_not_read_it(tmp_path):
    path = tmp_path / "made.pdf"
    with others_kept_out():
        write_whole(path, b"content")
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["made.pdf"]


@pytest.mark.parametrize("stands", ["file", "folder", "broken link"])
def test_what_stands_there_stays(tmp_path, stands):
    path = tmp_path / "made.pdf"
    {
        "file": lambda: path.write_bytes(b"theirs"),
        "folder": path.mkdir,
        "broken link": lambda: path.symlink_to(tmp_path / "nowhere"),
    }[stands]()
    before = path.lstat()
    with pytest.raises(FileExistsError):
        write_whole(path, b"ours")
    assert path.lstat() == before
    assert names(tmp_path) == ["made.pdf"]


def test_a_name_that_somebody_takes_meanwhile_stays_theirs(tmp_path, monkeypatch):
    path = tmp_path / "made.pdf"
    synced = os.fsync

    def taken_meanwhile(file):
        path.write_bytes(b"theirs")
        synced(file)

    monkeypatch.setattr(os, "fsync", taken_meanwhile)
    with pytest.raises(FileExistsError):
        write_whole(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["made.pdf"]


def test_a_disk_without_second_names_takes_it_too(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "made.pdf"
    write_whole(path, b"content")
    assert path.read_bytes() == b"content"
    with pytest.raises(FileExistsError):
        write_whole(path, b"other")


@pytest.mark.process
def test_a_full_disk_keeps_nothing_of_it(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        disk.fill()
        before = names(disk.path)
        with pytest.raises(OSError, match="No space left"):
            write_whole(disk.path / "made.pdf", bytes(100_000))
        assert names(disk.path) == before


def test_a_disk_that_does_not_take_its_name_keeps_nothing_of_it(tmp_path, monkeypatch):
    synced = os.fsync

    def no_names(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        synced(file)

    monkeypatch.setattr(os, "fsync", no_names)
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(tmp_path / "made.pdf", b"ours")
    assert names(tmp_path) == []


@pytest.mark.parametrize("stands", ["folder", "link"])
def test_what_stands_in_the_place_of_a_half_and_stays_stops_nothing(tmp_path, stands):
    left = tmp_path / ".made.pdf.1.part"
    {"folder": left.mkdir, "link": lambda: left.symlink_to(tmp_path / "nowhere")}[stands]()
    (tmp_path / ".made.pdf.2.part").write_bytes(b"left")
    write_whole(tmp_path / "made.pdf", b"ours")
    assert names(tmp_path) == [".made.pdf.1.part", "made.pdf"]


def test_what_a_killed_program_has_left_is_taken_away_and_what_runs_is_not(tmp_path):
    (tmp_path / ".made.pdf.1.part").write_bytes(b"left")
    (tmp_path / ".other.pdf.1.part").write_bytes(b"another's")
    held = begin(tmp_path / ".made.pdf.2.part")
    write_whole(tmp_path / "made.pdf", b"ours")
    os.close(held)
    assert names(tmp_path) == [".made.pdf.2.part", ".other.pdf.1.part", "made.pdf"]
