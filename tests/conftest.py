"""Every journal that a test closes is decided again: what was decided once must be decided so once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tosca_kiosk.domain.journal_lines import ChainReader, JournalError
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import SESSION_LINK, remove_tail
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.runtime import MEMORY

pytest_plugins = ("tests.quick", "tests.side_by_side")

_closed: list[Path] = []
_close = Journal.close


def _close_and_tell(journal: Journal) -> None:
    _close(journal)
    _closed.append(journal._folder / JOURNAL_NAME)


Journal.close = _close_and_tell  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _no_tail_left_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what sessions that a test killed have left for a reader that never comes."""
    yield
    ours = tmp_path_factory.getbasetemp().resolve()
    for tail in MEMORY.glob("tosca-journal-*"):
        if (tail / SESSION_LINK).resolve().is_relative_to(ours):
            remove_tail(tail)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Replay at the end of the test itself, while whatever it has patched is in force."""
    _closed.clear()
    yield
    for path in [*dict.fromkeys(_closed), *_of_other_processes(item)]:
        _must_replay(path)


def _of_other_processes(item: pytest.Item) -> list[Path]:
    """Return the journals in the test's own data directory that this process did not write."""
    data_dir = getattr(item, "funcargs", {}).get("data_dir")
    if not isinstance(data_dir, Path):
        return []
    return [path for path in data_dir.glob(f"sessions/*/{JOURNAL_NAME}") if path not in _closed]


def _must_replay(path: Path) -> None:
    try:
        found = replay(ChainReader(path.read_bytes()))
    except (FileNotFoundError, JournalError):
        return  # gone, or damaged: by the test, for neither happens to a journal by itself
    assert found.difference is None, f"{path}: {found.difference}"
