"""What is done to a record while its disk is watched: one command, which marks in the log what it was told.

`committed N` after each transaction: everything up to link N was acknowledged. `restic WORD` before each run
of the folder backup's program. `told TEXT` after the command: what it has printed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from click.testing import CliRunner

from tosca_kiosk.cli import main
from tosca_kiosk.storage import Database, Transaction
from tosca_kiosk.storage.chain import head
from tosca_kiosk.storage.restic import Restic


def marker() -> Callable[[str], None]:
    """Return what tells the log a text; without the library that writes it there is none."""
    tell = ctypes.CDLL(None).disk_log_mark
    return lambda text: tell(text.encode())


def mark_commits(mark: Callable[[str], None]) -> None:
    """Have each transaction of this process marked after it has returned."""
    transaction = Database.transaction

    @contextmanager
    def marked(
        database: Database, operator_id: int | None = None, *, reason: str | None = None
    ) -> Iterator[Transaction]:
        with transaction(database, operator_id, reason=reason) as opened:
            yield opened
        with database.reading() as reader:
            number = head(reader.connection).link_id
        mark(f"committed {number}")

    Database.transaction = marked  # type: ignore[method-assign]


def mark_restic(mark: Callable[[str], None]) -> None:
    """Have each run of restic in this process marked before it begins."""
    run = Restic.run

    def marked(restic: Restic, *words: str, **settings: Any) -> list[Any]:
        mark(f"restic {words[0]}")
        return run(restic, *words, **settings)

    Restic.run = marked  # type: ignore[method-assign]


def work(words: list[str]) -> int:
    """Run a command in this process, marked; return its exit code."""
    mark = marker()
    mark_commits(mark)
    mark_restic(mark)
    result = CliRunner().invoke(main, words)
    print(result.output)
    mark(f"told {result.stdout}")
    return result.exit_code
