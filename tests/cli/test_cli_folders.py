"""The sessions' folders on a disk of their own, by the real restic: there, verified, and back."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.kiosk_command import Cart, one_line
from tests.cli.small_disk import small_disk
from tests.storage.cast import treatment_event
from tests.waiting import until
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, events, patients, restic, sessions
from tosca_kiosk.storage.folder_backup import PASSWORD_NAME, REPOSITORY_NAME, FolderBackup
from tosca_kiosk.storage.restic import InterruptedRunError

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed here"),
]
DONE = Summary("completed", None, 1.0, 1.0, 5.0, 5.0, 5.0)
MEGABYTES = 16


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", MEGABYTES) as mounted:
        yield mounted


@pytest.fixture
def saving(cart, disk, tmp_path, monkeypatch):
    """A cart whose folders go to the disk, with a patient and no session yet."""
    config = tmp_path / "saving.yaml"
    config.write_text(f"{bundled('simulated.yaml').read_text()}\nfolder_backup:\n  to: {disk.path}\n")
    monkeypatch.setenv("TOSCA_CONFIG", str(config))
    with Database.open(cart.database) as database, database.transaction() as transaction:
        patients.add(transaction, utc_now())
    return cart


def treated(cart: Cart, content: bytes, *, closed: bool = True) -> str:
    """Leave a session with a journal in its folder; return the folder's name."""
    with Database.open(cart.database) as database:
        with database.transaction() as transaction:
            session = sessions.start(
                transaction,
                patient_id=1,
                tech_id=1,
                start_utc=utc_now(),
                protocol_name="short",
                protocol_snapshot="{}",
                protocol_id=None,
                origin="sim",
            )
            if closed:
                sessions.correct(transaction, session, DONE, told=True)
        folder = sessions.folder_of(session, cart.data_dir)
    (folder / "traces").mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(content)
    (folder / "traces" / "laser.txt").write_bytes(content[::-1])
    return folder.name


def content(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def under_way(repository):
    """Whether a process of restic works there now."""
    words = (path.read_bytes().split(b"\0") for path in Path("/proc").glob("[0-9]*/cmdline"))
    return any({b"restic", b"backup", bytes(repository)} <= set(line) for line in words)


def locked(repository):
    """Whether a lock stands there; half of one, under a passing name, is none."""
    return any("-tmp-" not in path.name for path in (repository / "locks").iterdir())


def left(disk):
    return sorted(path.name for path in disk.path.iterdir())


def test_what_is_new_goes_there_and_comes_back_byte_for_byte_also_of_a_folder_that_was_lost(
    saving, disk, tmp_path
):
    first = treated(saving, b"first" * 1000)
    made = saving.run("db", "backup-folders")
    assert made.exit_code == 0
    assert "folder_backup_password off the cart" in made.stderr
    password = saving.data_dir / PASSWORD_NAME
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert left(disk) == [REPOSITORY_NAME]
    here = saving.data_dir / "sessions"
    before = {first: content(here / first)}
    shutil.rmtree(here / first)
    second = treated(saving, os.urandom(100_000))
    before[second] = content(here / second)
    saved = saving.json("db", "backup-folders")
    assert (saved["files_new"], saved["files_unmodified"], saved["first"]) == (2, 0, False)
    back = tmp_path / "back"
    restored = saving.json("db", "restore-folders", first, second, "--to", str(back))["restored"]
    assert restored == [str(back / first), str(back / second)]
    assert {name: content(back / name) for name in (first, second)} == before
    assert sorted(path.name for path in back.iterdir()) == sorted((first, second))
    refused = saving.refused("db", "restore-folders", first, "--to", str(back))
    assert "there already; nothing is overwritten" in refused
    refused = saving.refused("db", "restore-folders", "99_20260101_000000", "--to", str(tmp_path / "other"))
    assert "no backup" in refused
    assert "is 0 min old" in saving.text("db", "backup-folders", "--status")


def test_archives_go_there_once_made_and_all_that_any_backup_has_come_back(saving, disk, tmp_path):
    for _ in range(2):
        with Database.open(saving.database) as database:
            session_id = int(treated(saving, b"first").split("_")[0])
            start = utc_now() - timedelta(days=40)
            with database.transaction() as transaction:
                events.append_treatment(transaction, session_id, start, [(0.1, treatment_event(1))])
                key = {"session_id": session_id}
                transaction.update("sessions", key, start_time=start, end_time=start)
        (made,) = saving.json("db", "archive", "--older-than", "30", "--reason", "room")["files"]
    here = Path(made).parent
    (here / "events.part").write_bytes(b"half")
    before = content(here)
    (here / "events_1_1.db").unlink()
    treated(saving, b"later")
    saving.text("db", "backup-folders")
    back = tmp_path / "back"
    restored = saving.json("db", "restore-folders", "archives", "--to", str(back))["restored"]
    assert restored == [str(back / "archives")]
    assert content(back / "archives") == {name: before[name] for name in ("events_1_1.db", "events_2_2.db")}
    (here / "events.part").unlink()
    shutil.copytree(back / "archives", here, dirs_exist_ok=True)
    assert "archive /" not in saving.run("db", "check").stdout


def test_a_killed_run_is_no_obstacle_and_damage_is_found(saving, disk):
    treated(saving, os.urandom(50_000))
    saving.text("db", "backup-folders")
    repository = disk.path / REPOSITORY_NAME
    program = [
        "restic",
        "--repo",
        repository,
        "--password-file",
        saving.data_dir / PASSWORD_NAME,
        "--no-cache",
    ]
    with subprocess.Popen([*program, "backup", "--stdin"], stdin=subprocess.PIPE) as killed:
        until(lambda: locked(repository) or killed.poll() is not None, "restic holds its lock")
        killed.kill()
    assert locked(repository)
    treated(saving, os.urandom(50_000))
    backup = FolderBackup(saving.data_dir, disk.path)
    with pytest.raises(InterruptedRunError):  # as when a session is opened beside it
        backup.back_up(["sessions"], utc_now(), may_go_on=lambda: not under_way(repository))
    assert not under_way(repository)
    # None where it had saved them all before it heard that it is to stop.
    assert saving.json("db", "backup-folders")["files_new"] in {0, 2}
    assert saving.json("db", "backup-folders", "--check")["ok"] is True
    assert not locked(repository)
    pack = max(repository.glob("data/*/*"), key=lambda path: path.stat().st_size)
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:-100] + bytes(100))
    assert "refuses" in saving.refused("db", "backup-folders", "--check")


def test_a_disk_that_fills_up_is_one_line_and_what_was_written_in_vain_is_room_again(
    saving, disk, monkeypatch
):
    monkeypatch.setattr(restic, "STANDS_STILL_S", 3.0)  # restic 0.14 may come to no end then
    small = treated(saving, b"small" * 100)
    saving.text("db", "backup-folders")
    folder = saving.data_dir / "sessions" / small
    for number in range(6):
        (folder / f"picture{number}").write_bytes(os.urandom(4_000_000))
    before = shutil.disk_usage(disk.path).free
    assert "there is no room left" in saving.refused("db", "backup-folders")
    assert shutil.disk_usage(disk.path).free > before - 200_000
    assert "there is no room left" in saving.text("db", "backup-folders", "--status")
    for number in range(5):
        (folder / f"picture{number}").unlink()
    assert saving.json("db", "backup-folders")["files_new"] == 1


def test_a_place_that_cannot_be_is_one_line_and_leaves_nothing(saving, disk, tmp_path, monkeypatch):
    assert "no session's folder yet" in saving.refused("db", "backup-folders")
    treated(saving, b"first")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(tmp_path))
        assert "apt install restic" in saving.refused("db", "backup-folders")
    assert left(disk) == []
    config = tmp_path / "other.yaml"
    for place, said in (
        (tmp_path / "nowhere", "No such file or directory"),
        (tmp_path, "is no disk of its own; mount the one"),
    ):
        config.write_text(f"{bundled('simulated.yaml').read_text()}\nfolder_backup:\n  to: {place}\n")
        assert said in saving.refused("db", "backup-folders", "--config", str(config))
    disk.fill()
    assert "No space left on device" in saving.refused("db", "backup-folders")
    assert left(disk) == ["filler"]
    (disk.path / "filler").unlink()
    disk.close_to_writing()
    assert "Read-only file system" in saving.refused("db", "backup-folders")


def test_a_lost_or_another_password_is_said_and_an_open_session_is_waited_for(saving):
    treated(saving, b"first")
    saving.text("db", "backup-folders")
    password = saving.data_dir / PASSWORD_NAME
    kept = password.read_text()
    password.chmod(0o644)
    assert "others may read it; chmod 600" in saving.refused("db", "backup-folders")
    password.unlink()
    assert "put back the copy that was kept of it" in saving.refused("db", "backup-folders")
    password.touch(mode=0o600)
    password.write_text("another\n")
    assert "does not open it" in saving.refused("db", "backup-folders")
    password.write_text(kept)
    treated(saving, b"second", closed=False)
    assert "session 2 is open" in one_line(saving.run("db", "backup-folders").stderr)


def test_a_session_of_treat_stands_whatever_becomes_of_its_folders_backup(saving, disk):
    disk.close_to_writing()
    words = ("--patient", "P-2026-0001", "--tech", "admin", "--protocol", "Constant 5 W, 60 s", "--fast")
    ended = saving.run("treat", *words)
    assert ended.exit_code == 0, ended.stderr
    assert "(completed)" in ended.stdout
    assert "Warning: the sessions' folders are not backed up" in ended.stderr
