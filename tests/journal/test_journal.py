"""The journal: one write a tick that no disk holds up, and honest about what the disk does not have."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.rigs.small_file_system import PAGE_BYTES, fill, small_memory
from tests.waiting import WITHIN_S
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, ChainReader, Header, Summary, TickLine
from tosca_kiosk.domain.outputs import DARK
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import _places, read_journal
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import RealClock

HEADER = Header(FORMAT_VERSION, 1, 1, 1, "2026-01-01 00:00:00.000000", "sim", "0", {}, Rules())
SUMMARY = Summary("aborted", "test", 0.0, 0.0, None, None, 0.0, 0.0)
INPUTS = Inputs(0.0, 0.0, 0.0, None, None, None, None, None, None, True, True)
TICK = TickLine(0.0, INPUTS, DARK)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def content(folder: Path) -> bytes:
    return (folder / JOURNAL_NAME).read_bytes()


def tick_at(t: float) -> TickLine:
    return TickLine(t, INPUTS, DARK)


def tail_of(folder: Path) -> Path:
    return next(place for place in _places(folder) if place.exists())


LOSSES: dict[str, Callable[[Path], object]] = {
    "folder removed": shutil.rmtree,
    "folder replaced": lambda folder: (folder.rename(folder.with_name("away")), folder.mkdir()),
    "journal removed": lambda folder: (folder / JOURNAL_NAME).unlink(),
    "journal replaced": lambda folder: (
        (folder / "copy").write_bytes(content(folder)),
        (folder / "copy").replace(folder / JOURNAL_NAME),
    ),
    "tail removed": lambda folder: shutil.rmtree(tail_of(folder)),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_a_record_that_can_be_found_no_more_is_a_failure(
    tmp_path: Path, lose: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    journal = Journal(folder)
    journal.begin(HEADER)
    assert journal._copied.wait(WITHIN_S)
    assert journal.ok
    lose(folder)
    # The helper looks again with every copy; an urgent tick has it begin one at once.
    for number in range(5000):
        journal.tick(tick_at(number * 1e-5), urgent=True)
        journal._copied.wait(0.01)
        if not journal.ok:
            break
    assert not journal.ok
    assert "removed or replaced while in use" in caplog.text
    journal.close()


@pytest.fixture
def stuck_disk(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The journal's disk, whose writes return when the event is set, or at the test's end."""
    free = threading.Event()
    pwrite = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda *arguments: free.wait() and pwrite(*arguments))
        yield free
        free.set()


def test_no_tick_waits_for_a_disk_and_all_of_them_reach_it(
    stuck_disk: threading.Event, journal: Journal, tmp_path: Path
) -> None:
    journal.begin(HEADER)
    for number in range(100):
        journal.tick(tick_at(number / 1000), urgent=True)
    assert content(tmp_path) == b""
    assert journal.ok
    stuck_disk.set()
    journal.close()
    assert content(tmp_path).count(b"\n") == 101


def test_a_finished_journal_is_whole(journal: Journal, tmp_path: Path) -> None:
    journal.begin(HEADER)
    journal.tick(TICK, urgent=True)
    journal.finish(SUMMARY)
    reader = ChainReader(content(tmp_path))
    assert len(list(reader.ticks_json())) == 1
    assert reader.end is not None
    assert reader.head.hex() == journal.head


def test_a_journal_is_never_written_over(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        Journal(tmp_path)


@pytest.fixture
def small_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_write_that_fails_is_said_and_stays_said(
    journal: Journal, tmp_path: Path, small_files: None
) -> None:
    """Disk and memory take no file over 4096 bytes; what is decided then is in the reserve, made before."""
    journal.begin(HEADER)
    ticks, clock = 0, RealClock()
    while journal.ok:
        journal.tick(TICK, urgent=False)
        ticks += 1
        assert clock.now_s() < WITHIN_S
    assert journal.recorded
    journal.tick(TICK, urgent=False)
    journal.finish(SUMMARY)
    assert not journal.ok
    assert journal.recorded
    assert len(content(tmp_path)) == 4096
    reader = ChainReader(read_journal(tmp_path / JOURNAL_NAME))
    assert len(list(reader.ticks_json())) == ticks + 1
    assert reader.end is not None


def test_a_line_that_nothing_takes_is_the_last(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_files: None
) -> None:
    monkeypatch.setattr("tosca_kiosk.journal.store.RESERVE_BYTES", 2000)
    journal.begin(HEADER)
    clock = RealClock()
    while journal.recorded:
        journal.tick(TICK, urgent=False)
        assert clock.now_s() < WITHIN_S
    assert "no more of the journal was taken" in (journal.problem or "")
    monkeypatch.undo()
    journal.tick(TICK, urgent=False)
    journal.finish(SUMMARY)
    reader = ChainReader(read_journal(tmp_path / JOURNAL_NAME))
    assert len(list(reader.ticks_json())) > 10
    assert reader.end is None


@pytest.mark.process
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a file system")
def test_the_tick_that_a_full_disk_decides_is_read_back(tmp_path: Path) -> None:
    """The tick in which the light ends comes after the one in which the disk failed."""
    with small_memory(tmp_path / "disk", 4 * PAGE_BYTES) as disk:
        journal = Journal(disk)
        ballast = fill(disk)
        journal.begin(HEADER)
        ticks, clock = 0, RealClock()
        while journal.ok:
            ticks += 1
            journal.tick(tick_at(ticks * 1e-6), urgent=True)
            assert clock.now_s() < WITHIN_S
        journal.tick(tick_at(1.0), urgent=True)
        journal.finish(SUMMARY)
        assert journal.recorded
        assert "No space left" in (journal.problem or "")
        assert len(content(disk)) < 4 * PAGE_BYTES
        reader = ChainReader(read_journal(disk / JOURNAL_NAME))
        assert len(list(reader.ticks_json())) == ticks + 1
        assert reader.end is not None
        ballast.unlink()
        shutil.rmtree(tail_of(disk))


def test_a_disk_that_takes_a_part_of_it_is_said_and_what_memory_has_is_not_lost(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwrite = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda file, data, offset: pwrite(file, data[:100], offset))
        journal.begin(HEADER)
        assert journal._copied.wait(WITHIN_S)
    assert not journal.ok
    assert journal.recorded
    journal.close()
    assert content(tmp_path).endswith(b'"}\n')


@pytest.mark.parametrize(("age_s", "ok"), [(0.49, True), (0.51, False)])
def test_a_disk_that_is_half_a_second_behind_is_a_failure(
    stuck_disk: threading.Event, journal: Journal, age_s: float, ok: bool
) -> None:
    journal.begin(HEADER)
    for number in range(50):
        journal.tick(tick_at(number * 0.01), urgent=False)
        assert journal.ok
    journal.tick(tick_at(age_s), urgent=False)
    assert journal.ok is ok
    stuck_disk.set()
    journal._helper.join(0.3)
    journal.tick(tick_at(age_s), urgent=False)
    assert journal.ok is ok, "and stays one when the disk has caught up"


@pytest.mark.usefixtures("stuck_disk")
def test_a_pause_of_the_whole_process_is_no_age_of_a_line(journal: Journal) -> None:
    journal.begin(HEADER)
    for t in (0.01, 0.02, 60.0, 60.01):
        journal.tick(tick_at(t), urgent=False)
    assert journal.ok


def test_an_urgent_tick_is_copied_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tosca_kiosk.journal.writer.SYNC_PERIOD_S", 3600.0)
    journal = Journal(tmp_path)
    journal.begin(HEADER)
    journal.tick(TICK, urgent=False)
    journal.tick(TICK, urgent=True)
    assert journal._copied.wait(WITHIN_S)
    assert content(tmp_path).count(b"\n") == 3
    journal.close()


def test_where_ticks_wait_lines_go_together_up_to_the_next_urgent_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path, waits=True)
    journal.begin(HEADER)
    begun = journal._store.appended
    journal.tick(TICK, urgent=False)
    assert journal._store.appended == begun
    journal.tick(TICK, urgent=True)
    assert journal._store.appended > begun
    journal.tick(TICK, urgent=False)
    journal.close()
    assert content(tmp_path).count(b"\n") == 4


def test_ticks_of_a_clock_that_stands_still_wait_for_a_disk_that_is_far_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is a hundred times slower than the ticks, which are of an hour: that is no failure."""
    monkeypatch.setattr("tosca_kiosk.journal.writer.AHEAD_LIMIT_BYTES", 4096)
    monkeypatch.setattr("tosca_kiosk.journal.writer.HELD_BYTES", 512)
    ahead: list[int] = []
    fdatasync = os.fdatasync
    with monkeypatch.context() as patched:
        journal = Journal(tmp_path, waits=True)
        store = journal._store
        patched.setattr(os, "fdatasync", lambda file: ahead.append(store.appended - store.synced))
        journal.begin(HEADER)
        for number in range(200):
            journal.tick(tick_at(number * 18.0), urgent=False)
            assert store.appended - store.synced <= 4096
        assert journal.ok
        patched.setattr(os, "fdatasync", fdatasync)
        journal.close()
    assert len(ahead) > 5
    assert max(ahead) < 4096 + 2000
    assert content(tmp_path).count(b"\n") == 201


WRITER = """
import os, sys
from pathlib import Path
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.journal.store import JournalStore
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header, TickLine
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.outputs import DARK
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.journal.tail import _places, read_journal

copies = int(sys.argv[2])
copy = JournalStore.copy
def held_up(store):
    global copies
    copies -= 1
    if copies >= 0:
        copy(store)
JournalStore.copy = held_up
journal = Journal(Path(sys.argv[1]))
journal.begin(Header(FORMAT_VERSION, 1, 1, 1, "2026-01-01 00:00:00.000000", "sim", "0", {}, Rules()))
inputs = Inputs(0.0, 0.0, 0.0, None, None, None, None, None, None, True, True)
number = 0
while journal.recorded:
    number += 1
    journal.tick(TickLine(0.0, inputs, DARK), number % 100 == 0)
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.process
@pytest.mark.parametrize("copies", [0, 2, 1_000_000], ids=["never copied", "held up", "copied"])
def test_every_line_whose_tick_returned_outlives_a_kill(tmp_path: Path, copies: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(copies)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while (acknowledged := int(process.stdout.readline())) < 3000:
            pass
        process.kill()
        acknowledged += len(process.stdout.readlines())
    reader = ChainReader(read_journal(tmp_path / JOURNAL_NAME))
    assert sum(1 for _ in reader.ticks_json()) >= acknowledged
    assert read_journal(tmp_path / JOURNAL_NAME) == content(tmp_path)


def test_a_disk_with_room_is_said_to_have_it(journal: Journal, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("tosca_kiosk.journal.writer.ROOM_FOR_A_SESSION_BYTES", 1)
    assert journal._has_room()
    monkeypatch.setattr("tosca_kiosk.journal.writer.ROOM_FOR_A_SESSION_BYTES", 1 << 62)
    assert not journal._has_room()


def test_what_the_helper_found_lost_is_not_called_recorded_again_by_a_tick(journal, monkeypatch):
    """It looks in the middle of a tick's append: each has a word of its own."""
    append = journal._append

    def found_lost_meanwhile(line):
        journal._lost = True
        return append(line)

    monkeypatch.setattr(journal, "_append", found_lost_meanwhile)
    journal._write(b"a line\n")
    assert not journal.recorded
