"""`tosca-kiosk replay`: decide a session again from its journal, and say where a decision differs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from tosca_kiosk.cli.workplace import Workplace, say, workplace_command
from tosca_kiosk.control.clock import RealClock
from tosca_kiosk.control.journal import JOURNAL_NAME
from tosca_kiosk.domain import replay as domain_replay
from tosca_kiosk.domain.journal_lines import ChainReader, JournalError
from tosca_kiosk.domain.replay import Difference, Replay
from tosca_kiosk.journal_tail import StillWrittenError, read_journal


@click.command()
@click.argument("session_folder", type=click.Path(path_type=Path))
@workplace_command
def replay(workplace: Workplace, session_folder: Path) -> None:
    """Decide the session in SESSION_FOLDER again; exit code 1 when a decision differs.

    Every tick's inputs go through the same rules once more; outputs, events, safety events and the summary
    are compared bit for bit.
    """
    journal = session_folder / JOURNAL_NAME if session_folder.is_dir() else session_folder
    clock = RealClock()
    began_s = clock.now_s()
    done = _decided_again(journal)
    wall_s = clock.now_s() - began_s
    difference = None if done.difference is None else asdict(done.difference)
    workplace.answer(
        {
            "journal": str(journal),
            "ticks": done.ticks,
            "session_seconds": done.session_s,
            "whole": done.whole,
            "same": done.difference is None,
            "difference": difference,
            "wall_seconds": wall_s,
        },
        _text(done, wall_s),
    )
    if done.difference is not None:
        say(f"tosca-kiosk: {journal}: {_told(done.difference)}")
        raise SystemExit(1)


def _decided_again(journal: Path) -> Replay:
    try:
        reader = ChainReader(_read(journal))
    except OSError as error:
        raise JournalError(
            f"{journal}: the journal cannot be read ({error.strerror}); name a session's folder"
        ) from error
    except JournalError as error:
        raise JournalError(f"{journal}: {error}") from error
    try:
        return domain_replay.replay(reader)
    except JournalError as error:
        raise JournalError(f"{journal}: {error}") from error
    except msgspec.DecodeError as error:
        raise JournalError(
            f"{journal}: line {reader.ticks + 1}: not a tick of this program ({error})"
        ) from error


def _read(journal: Path) -> bytes:
    try:
        return read_journal(journal)
    except StillWrittenError:
        return journal.read_bytes()  # as far as the disk has it; the rest is its writer's


def _text(done: Replay, wall_s: float) -> str:
    said = "every decision is the same" if done.difference is None else "a decision differs"
    end = "" if done.whole or done.difference is not None else "; the journal has no end"
    return f"{done.ticks} ticks, {done.session_s:.2f} s of session in {wall_s:.2f} s: {said}{end}."


def _told(difference: Difference) -> str:
    return (
        f"line {difference.line}, session time {difference.session_s:.3f} s: {difference.path} "
        f"was recorded as {difference.recorded!r}, now decided as {difference.decided!r}"
    )
