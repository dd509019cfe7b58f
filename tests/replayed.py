"""Every journal that a test makes is decided again: what was decided once must be decided so once more.

A test's own process tells which it closes; of other processes those count that lie in the test's data
directory, or in the folder of a test that runs side by side.
"""

from __future__ import annotations

import threading
from pathlib import Path

from tosca_kiosk.domain.journal_lines import ChainReader, JournalError
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.writer import Journal

BESIDE = "beside"
"""The beginning of the names of threads whose tests look at their journals themselves."""
closed: list[Path] = []
_close = Journal.close


def _close_and_tell(journal: Journal) -> None:
    _close(journal)
    if not threading.current_thread().name.startswith(BESIDE):
        closed.append(journal._folder / JOURNAL_NAME)


def tell_what_is_closed() -> None:
    """Have every journal that this process closes from now on noted in `closed`."""
    Journal.close = _close_and_tell  # type: ignore[method-assign]


def must_replay(path: Path) -> None:
    """Decide a journal again; nothing is asked of one that the test has removed or damaged."""
    try:
        found = replay(ChainReader(path.read_bytes()))
    except (FileNotFoundError, JournalError):
        return  # gone, or damaged: by the test, for neither happens to a journal by itself
    assert found.difference is None, f"{path}: {found.difference}"


def all_must_replay(folder: Path) -> None:
    """Decide every journal below a folder again."""
    for path in sorted(folder.rglob(JOURNAL_NAME)):
        must_replay(path)
