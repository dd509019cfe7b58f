"""The modelled power cuts, a few of them; `python -m benchmarks.exhaustive.power_cuts` makes many."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys

import pytest

from benchmarks.exhaustive.power_cuts import Seen, tried
from benchmarks.rigs.disk_log import Disk, Left, Told, built, environment, put, read
from benchmarks.rigs.small_file_system import small_memory
from tosca_kiosk.machine.runtime import MEMORY

needs = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("gcc") is None, reason="only root mounts, and gcc compiles the library"
)


def told(what, path="", inode=0, data=b"", *, offset=0, folder=False, other=""):
    return Told(
        time_s=0.0,
        what=what,
        inode=inode,
        offset=offset,
        thread=1,
        flags=int(folder),
        path=path,
        other=other,
        data=data,
    )


def held(disk, how, tmp_path):
    place = tmp_path / str(random.random())
    place.mkdir()
    put(disk.left(how, random.Random(1)), place)
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_a_disk_holds_what_was_synced_and_of_a_name_what_its_folder_was_synced_for(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    file, final = f"{root}/a", f"{root}/b"
    disk = Disk(root)
    for each in (
        told("o", file, 7),
        told("w", inode=7, data=b"kept"),
        told("s", file, 7),
        told("S", file, 7),
    ):
        disk.play(each)
    disk.play(told("w", inode=7, data=b"later", offset=4))
    assert held(disk, Left.NOTHING, tmp_path) == {}
    assert held(disk, Left.NAMES, tmp_path) == {"a": b"kept"}
    disk.play(told("r", file, other=final))
    for what in "sS":
        disk.play(told(what, str(root), 1, folder=True))
    disk.play(told("u", final))
    assert held(disk, Left.NOTHING, tmp_path) == {"b": b"kept"}
    assert held(disk, Left.NAMES, tmp_path) == {}


JOURNAL = """
import sys
from pathlib import Path
from benchmarks.rigs.watched_command import marker
from tosca_kiosk.journal.store import JournalStore
store = JournalStore(Path(sys.argv[1]) / "journal.jsonl")
store.append(b"a line")
store.copy()
marker()(f"synced {store.synced}")
store.close()
"""


@needs
@pytest.mark.process
def test_what_a_journal_calls_synced_is_there_after_a_power_cut(tmp_path):
    root, log = tmp_path / "root", tmp_path / "log"
    with small_memory(root, 1 << 24):
        disk = Disk(root)
        watched = environment(built(tmp_path), root, MEMORY, log)
        subprocess.run([sys.executable, "-c", JOURNAL, str(root)], env=watched, check=True)
        for each in read(log):
            disk.play(each)
            if each.path == "synced 6":
                assert held(disk, Left.NOTHING, tmp_path) == {"journal.jsonl": b"a line"}
                return
    pytest.fail("nothing was synced")


@needs
@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "cuts"),
    [
        ("archive", 6),
        ("restore", 6),
        pytest.param(
            "folder-backup",
            8,
            marks=pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed"),
        ),
    ],
)
def test_the_power_goes(tmp_path, name, cuts):
    seen = Seen()
    tried(name, cuts, built(tmp_path), tmp_path, random.Random(5), seen)
    assert seen.wrong == []
    assert seen.cuts == cuts
