"""`tosca-kiosk replay`: decide a session again from its journal, and say where a decision differs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain import replay as domain_replay
from tosca_kiosk.domain.journal_lines import RULES_REVISION, ChainReader, JournalError
from tosca_kiosk.domain.replay import Difference, Replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import StillWrittenError, read_journal
from tosca_kiosk.machine.clock import RealClock


@click.command()
@click.argument("session_folder", type=click.Path(path_type=Path))
@workplace_command
def replay(workplace: Workplace, session_folder: Path) -> None:
    """Decide the session in SESSION_FOLDER again; exit code 1 when a decision differs.

    Every tick's inputs go through the same rules once more; outputs, events, safety events and the summary
    are compared bit for bit. A session that older rules decided is decided by the present ones: each
    difference that is meant is listed, any other is exit code 1.

    \b
    Examples:
      tosca-kiosk replay ~/.local/share/tosca-kiosk/sessions/1_20261130_112932
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
            "same": done.difference is None and not done.meant,
            "difference": difference,
            "decided_by_rules": done.revision,
            "rules": RULES_REVISION,
            "intended": [asdict(row) for row in done.meant],
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
        return read_journal(journal, say)
    except StillWrittenError:
        return journal.read_bytes()  # as far as the disk has it; the rest is its writer's


def _text(done: Replay, wall_s: float) -> str:
    if done.difference is not None:
        said = "a decision differs"
    elif done.meant:
        said = "every difference from the present rules is meant"
    else:
        said = "every decision is the same"
    end = "" if done.whole or done.difference is not None else "; the journal has no end"
    older = (
        ""
        if done.revision == RULES_REVISION
        else f"Decided by rules {done.revision}, now {RULES_REVISION}.\n"
    )
    lines = [f"{done.ticks} ticks, {done.session_s:.2f} s of session in {wall_s:.2f} s: {said}{end}."]
    lines += [f"{row.times} x {_told(row.first)}: {row.why}" for row in done.meant]
    return older + "\n".join(lines)


def _value(value: Any) -> str:
    """Return a value for one line: of a whole event its type; --json has it all."""
    if isinstance(value, dict) and "event_type" in value:
        return str(value["event_type"])
    return repr(value)


def _told(difference: Difference) -> str:
    return (
        f"line {difference.line}, session time {difference.session_s:.3f} s: {difference.path} "
        f"was recorded as {_value(difference.recorded)}, now decided as {_value(difference.decided)}"
    )
