"""Every journal of every test is decided again, and no test leaves a session's memory behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replayed import closed, must_replay, tell_what_is_closed
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import SESSION_LINK, remove_tail
from tosca_kiosk.machine.runtime import MEMORY

pytest_plugins = ("tests.quick", "tests.side_by_side")
tell_what_is_closed()


@pytest.fixture(scope="session", autouse=True)
def _no_tail_left_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what sessions that a test killed have left for a reader that never comes."""
    yield
    ours = tmp_path_factory.getbasetemp().resolve()
    for tail in MEMORY.glob("tosca-journal-*"):
        if (tail / SESSION_LINK).resolve().is_relative_to(ours):
            remove_tail(tail)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Forget what the tests before have closed; fixtures of a module or session close some, too."""
    closed.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Replay at the end of the test itself, while whatever it has patched is in force."""
    yield
    for path in [*dict.fromkeys(closed), *_of_other_processes(item)]:
        must_replay(path)


def _of_other_processes(item: pytest.Item) -> list[Path]:
    """Return the journals in the test's own data directory that this process did not write."""
    data_dir = getattr(item, "funcargs", {}).get("data_dir")
    if not isinstance(data_dir, Path):
        return []
    return [path for path in data_dir.glob(f"sessions/*/{JOURNAL_NAME}") if path not in closed]
