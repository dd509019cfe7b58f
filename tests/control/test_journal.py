"""The journal on disk: one write a tick, exclusive, and honest about a write that fails."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tosca_kiosk.control.journal import JOURNAL_NAME, Journal
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, ChainReader, Header, Summary, TickLine
from tosca_kiosk.domain.records import DARK, Inputs
from tosca_kiosk.domain.rules import Rules

HEADER = Header(FORMAT_VERSION, 1, 1, 1, "2026-01-01 00:00:00.000000", "sim", "0", {}, Rules())
SUMMARY = Summary("aborted", "test", 0.0, 0.0, None, None, 0.0)
INPUTS = Inputs(0.0, 0.0, 0.0, None, None, None, None, None, None, True, True)
TICK = TickLine(0.0, INPUTS, DARK)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.close()


def content(folder: Path) -> bytes:
    return (folder / JOURNAL_NAME).read_bytes()


def test_every_tick_is_on_disk_when_the_call_returns(journal: Journal, tmp_path: Path) -> None:
    journal.begin(HEADER)
    for number in range(1, 4):
        journal.tick(TICK, urgent=False)
        assert content(tmp_path).count(b"\n") == 1 + number


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


@pytest.mark.usefixtures("small_files")
def test_a_write_that_fails_is_said_and_stays_said(journal: Journal, tmp_path: Path) -> None:
    journal.begin(HEADER)
    while journal.ok and len(content(tmp_path)) < 4096:
        journal.tick(TICK, urgent=False)
    journal.tick(TICK, urgent=False)
    assert not journal.ok
    size = len(content(tmp_path))
    journal.tick(TICK, urgent=False)
    assert len(content(tmp_path)) == size, "nothing is appended behind a torn line"


def test_a_disk_with_room_is_said_to_have_it(journal: Journal, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("tosca_kiosk.control.journal.ROOM_FOR_A_SESSION_BYTES", 1)
    assert journal._has_room()
    monkeypatch.setattr("tosca_kiosk.control.journal.ROOM_FOR_A_SESSION_BYTES", 1 << 62)
    assert not journal._has_room()
