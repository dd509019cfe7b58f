"""A journal's bytes on their way to the disk: all is read back, wherever the writer was killed."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.small_file_system import PAGE_BYTES, fill, small_memory
from tosca_kiosk.journal import store as journal_store
from tosca_kiosk.journal import tail as journal_tail
from tosca_kiosk.journal.store import JournalStore
from tosca_kiosk.journal.tail import StillWrittenError, read_journal

LINES = [b"%d:%b\n" % (number, b"x" * 40) for number in range(100)]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of two lines, copied in pieces that end within a line."""
    monkeypatch.setattr(journal_store, "SEGMENT_BYTES", 80)
    monkeypatch.setattr(journal_store, "_CHUNK_BYTES", 30)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def kill(store: JournalStore) -> None:
    """What the system does for a process that is killed: its files are closed, nothing else."""
    for segment in store._segments:
        os.close(segment.file)
    os.close(store._disk)


def segments(store: JournalStore) -> list[str]:
    others = (journal_tail.SESSION_LINK, journal_tail.reserve_path(store._tail).name)
    return sorted(path.name for path in store._tail.iterdir() if path.name not in others)


def append(store: JournalStore, *lines: bytes) -> None:
    assert all(store.append(line) for line in lines)


def refused(why: str) -> Any:
    return pytest.raises(OSError, match=why)


@contextmanager
def failing(module_function: str, error: int) -> Iterator[None]:
    def fails(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module_function, fails)
        yield


@pytest.mark.usefixtures("small_segments")
def test_the_disk_gets_every_byte_in_order_and_memory_lets_it_go(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    assert len(segments(store)) == len(LINES) // 2
    store.copy()
    assert journal.read_bytes() == b"".join(LINES)
    assert store.synced == store.appended == journal.stat().st_size
    assert len(segments(store)) == 1, "but for the one that is written"
    store.close()
    assert not store._tail.exists()
    assert read_journal(journal) == b"".join(LINES)


def test_the_tail_is_the_users_alone_and_says_whose_it_is(journal: Path) -> None:
    store = JournalStore(journal)
    assert store._tail.parent == Path("/dev/shm")
    assert store._tail.stat().st_mode & 0o777 == 0o700
    assert (store._tail / journal_tail.SESSION_LINK).readlink() == journal.parent.resolve()
    store.close()


def test_where_there_is_no_memory_file_system_the_tail_is_beside_the_journal(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_tail, "MEMORY", journal.parent / "none")
    store = JournalStore(journal)
    append(store, *LINES)
    assert store._tail.parent == journal.parent
    kill(store)
    assert read_journal(journal) == b"".join(LINES)
    assert list(journal.parent.iterdir()) == [journal]


def test_a_journal_is_never_written_over(journal: Path) -> None:
    journal.write_bytes(b"there")
    with pytest.raises(FileExistsError):
        JournalStore(journal)
    assert journal.read_bytes() == b"there"


def test_no_file_is_left_where_no_tail_can_be_made(journal: Path) -> None:
    with failing("tosca_kiosk.journal.store.make_tail", errno.ENOSPC), refused("No space"):
        JournalStore(journal)
    assert not journal.exists()


def test_a_tail_of_a_deleted_journal_is_not_taken_for_the_new_ones(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    kill(store)
    journal.unlink()
    new = JournalStore(journal)
    append(new, b"new\n")
    kill(new)
    assert read_journal(journal) == b"new\n"


def test_a_reader_leaves_the_tail_to_a_writer_that_lives(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    with pytest.raises(
        StillWrittenError, match="is still being written; try again when its session has ended"
    ):
        read_journal(journal)
    assert journal.read_bytes() == b""
    store.close()
    assert read_journal(journal) == b"".join(LINES)


# --- a disk that does not take everything ---------------------------------------------------------------


def test_a_disk_that_takes_a_part_says_so_and_gets_the_rest_later(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    pwrite = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda file, data, offset: pwrite(file, data[:7], offset))
        with refused("No space left"):
            store.copy()
    assert store.synced == 0
    assert journal.read_bytes() == b"".join(LINES)[:7]
    store.close()
    assert journal.read_bytes() == b"".join(LINES)


def test_what_was_not_synced_is_written_again(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = JournalStore(journal)
    append(store, *LINES[:10])
    store.copy()
    append(store, *LINES[10:])
    with failing("os.fdatasync", errno.EIO), refused("Input/output error"):
        store.copy()
    written: list[int] = []
    pwrite = os.pwrite
    with monkeypatch.context() as patched:

        def noted(file: int, data: bytes, offset: int) -> int:
            written.append(offset)
            return pwrite(file, data, offset)

        patched.setattr(os, "pwrite", noted)
        store.close()
    assert written == [len(b"".join(LINES[:10]))]
    assert journal.read_bytes() == b"".join(LINES)


def test_a_journal_closed_without_its_disk_is_read_whole_and_completed_when_there_is_room(
    journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    with failing("os.pwrite", errno.ENOSPC):
        with refused("No space left"):
            store.close()
        assert read_journal(journal) == b"".join(LINES)
    assert "stay in" in caplog.text
    assert journal.read_bytes() == b""
    assert read_journal(journal) == journal.read_bytes() == b"".join(LINES)
    assert not store._tail.exists()


# --- memory that is full: what is decided then goes into the reserve ------------------------------------


@pytest.fixture
def full_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A memory file system with room for the reserve and little more."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a file system")
    with small_memory(tmp_path / "memory", journal_store.RESERVE_BYTES + 3 * PAGE_BYTES) as place:
        monkeypatch.setattr(journal_tail, "MEMORY", place)
        yield place


@pytest.mark.process
def test_what_is_decided_when_memory_is_full_is_read_back_after_a_kill(
    journal: Path, full_memory: Path
) -> None:
    store = JournalStore(journal)
    append(store, *LINES[:10])
    fill(full_memory)
    append(store, *LINES[10:])
    more = [b"y" * 4095 + b"\n"] * 3
    append(store, *more)
    assert f"{full_memory}: no more of the journal was taken (No space left" in (store.short or "")
    kill(store)
    assert read_journal(journal) == journal.read_bytes() == b"".join([*LINES, *more])
    assert not store._tail.exists()


@pytest.mark.process
def test_the_disk_gets_the_reserve_too_and_not_what_is_empty_in_it(journal: Path, full_memory: Path) -> None:
    store = JournalStore(journal)
    fill(full_memory)
    lines = [b"%04d" % number * 1024 for number in range(9)]
    append(store, *lines)
    store.copy()
    append(store, *LINES)
    store.close()
    assert journal.read_bytes() == b"".join(lines + LINES)


@pytest.mark.process
def test_a_reserve_that_is_full_too_says_so_and_nothing_follows_a_torn_line(
    journal: Path, full_memory: Path
) -> None:
    store = JournalStore(journal)
    fill(full_memory)
    big = b"z" * 5000
    taken = 0
    while store.append(big):
        taken += 1
        assert taken * len(big) < 2 * journal_store.RESERVE_BYTES
    assert taken * len(big) > 0.9 * journal_store.RESERVE_BYTES
    kill(store)
    content = read_journal(journal)
    assert content.startswith(big * taken)
    assert len(content) < len(big) * (taken + 1)


@pytest.mark.process
def test_where_memory_is_full_from_the_start_nothing_is_left_and_the_place_is_named(
    journal: Path, full_memory: Path
) -> None:
    ballast = fill(full_memory)
    with pytest.raises(OSError, match="No space left") as refusal:
        JournalStore(journal)
    assert str(refusal.value.filename).startswith(str(full_memory))
    told = journal_tail.not_made(refusal.value, journal.parent)
    assert told.startswith(f"make room in memory, on {full_memory}, not on the disk: {full_memory}")
    assert not journal.exists()
    assert list(full_memory.iterdir()) == [ballast]


def test_memory_that_takes_a_part_goes_on_in_the_reserve(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JournalStore(journal)
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: write(file, data[:5]))
        append(store, LINES[0])
    assert store.short is not None
    append(store, LINES[1])
    store.close()
    assert journal.read_bytes() == LINES[0] + LINES[1]


def test_memory_that_takes_no_further_segment_goes_on_in_the_reserve(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, b"x" * journal_store.SEGMENT_BYTES)
    with failing("os.open", errno.EMFILE):
        append(store, LINES[0])
    store.close()
    assert journal.stat().st_size == journal_store.SEGMENT_BYTES + len(LINES[0])


@pytest.mark.usefixtures("small_segments")
def test_a_disk_that_takes_nothing_does_not_fill_memory(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_store, "MOST_SEGMENTS", 5)
    store = JournalStore(journal)
    append(store, *LINES)
    assert len(segments(store)) == 6, "the last of them is the reserve"
    assert "too far behind" in (store.short or "")
    kill(store)
    assert read_journal(journal) == b"".join(LINES)


# --- killed ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("copied", [0, 1, 43, 44, 86, 90, 500])
def test_killed_within_a_copy(journal: Path, copied: int) -> None:
    """The disk has the first bytes, of whichever segment they are."""
    store = JournalStore(journal)
    append(store, *LINES)
    os.pwrite(store._disk, b"".join(LINES)[:copied], 0)
    kill(store)
    assert read_journal(journal) == journal.read_bytes() == b"".join(LINES)
    assert not store._tail.exists()
    assert read_journal(journal) == b"".join(LINES), "and nothing twice"


@pytest.mark.usefixtures("small_segments")
def test_killed_as_a_segment_was_begun(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES[:4])
    store._begin_segment()
    kill(store)
    assert read_journal(journal) == b"".join(LINES[:4])


@pytest.mark.usefixtures("small_segments")
def test_killed_between_the_sync_and_the_removal_of_a_segment(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES[:8])
    with failing("pathlib.Path.unlink", errno.EINTR), refused("Interrupted"):
        store.copy()
    append(store, *LINES[8:])
    kill(store)
    assert read_journal(journal) == b"".join(LINES)


@pytest.mark.usefixtures("small_segments")
def test_killed_as_the_tail_of_a_whole_journal_was_removed(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    os.pwrite(store._disk, b"".join(LINES), 0)
    for segment in list(store._segments)[5:20]:
        segment.path.unlink()
    kill(store)
    assert read_journal(journal) == b"".join(LINES)
    assert not store._tail.exists()


@pytest.mark.usefixtures("small_segments")
def test_a_reader_that_was_killed_leaves_it_to_the_next(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    kill(store)
    with failing("os.fsync", errno.EINTR):
        assert read_journal(journal) == b"".join(LINES)
    assert store._tail.exists()
    assert read_journal(journal) == journal.read_bytes() == b"".join(LINES)
    assert not store._tail.exists()


@pytest.mark.parametrize("content", [b"other\n", b"".join(LINES[:3]).replace(b"1:", b"7:")])
def test_a_tail_that_does_not_continue_the_file_is_left_alone(
    journal: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    kill(store)
    journal.write_bytes(content)
    assert read_journal(journal) == journal.read_bytes() == content
    assert f"{store._tail} is of another journal and was left alone" in caplog.text
    assert store._tail.exists()


@pytest.mark.usefixtures("small_segments")
def test_a_tail_with_a_gap_is_left_alone(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    store._segments[3].path.unlink()
    kill(store)
    assert read_journal(journal) == b""


def test_a_tail_that_others_can_write_to_is_not_believed(journal: Path) -> None:
    store = JournalStore(journal)
    append(store, *LINES)
    store._tail.chmod(0o777)
    kill(store)
    assert read_journal(journal) == b""


STEPS = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 400)),
    st.tuples(st.just("copy"), st.integers(0, 300)),
)


@pytest.mark.usefixtures("small_segments")
@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_whatever_was_appended_is_read_back_wherever_it_ends(steps: list[tuple[str, int]]) -> None:
    """copy: by a disk that takes so many bytes at once, so that 0 to 29 tear the copy of a chunk."""
    pwrite = os.pwrite
    appended = b""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        journal = Path(folder) / "journal.jsonl"
        store = JournalStore(journal)
        for number, (step, size) in enumerate(steps):
            if step == "append":
                line = bytes([number]) * size
                append(store, line)
                appended += line
            else:
                patched.setattr(os, "pwrite", lambda file, data, at, size=size: pwrite(file, data[:size], at))
                try:
                    store.copy()
                    assert store.synced == len(appended)
                except OSError:
                    assert size < 30
            assert appended.startswith(journal.read_bytes())
            assert store.synced <= journal.stat().st_size
            assert len(segments(store)) <= 2 + (len(appended) - store.synced) // 80
        patched.undo()
        kill(store)
        assert read_journal(journal) == journal.read_bytes() == appended
        assert not store._tail.exists()


def test_a_folder_whose_names_cannot_be_synced_has_the_content_copied_once(tmp_path, monkeypatch):
    def fails(_path):
        raise OSError(5, "Input/output error")

    store = JournalStore(tmp_path / "journal.jsonl")
    store.append(b"x" * 1000)
    with monkeypatch.context() as patch:
        patch.setattr("tosca_kiosk.journal.store.sync", fails)
        for _ in range(3):
            with pytest.raises(OSError, match="Input/output error"):
                store.copy()
            assert (store._copied, store.synced) == (1000, 0)
    store.copy()
    assert store.synced == 1000
    store.close()


def test_a_store_that_cannot_be_made_keeps_no_file_open(tmp_path, monkeypatch):
    def fails(*_paths):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_store, "KeptPaths", fails)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="Input/output error"):
        JournalStore(tmp_path / "journal.jsonl")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
