"""What is left of the journal of a session that is to be closed, and the words for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import Header, JournalError, OtherFormatError
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import Contents, Imported, contents_of, damaged, read

NOTHING_RECORDED: Final = "the program ended before anything was recorded"
_TAKE_IT_LATER: Final = (
    "Keep the session's folder; a whole journal can still be taken with tosca-kiosk db import-journal."
)


class Left(NamedTuple):
    """What is left of a journal: its contents, or none and why. Neither: nothing was recorded."""

    contents: Contents | None = None
    why: str | None = None


def left_of(folder_of: Callable[[], Path], of_another: Callable[[Header], str | None]) -> Left:
    """Look into a session's folder. of_another: says of whom a journal is that is not this session's."""
    try:
        folder = folder_of()
    except StorageError as error:
        return Left(why=f"its row names no folder of its journal: {error}")
    journal = folder / JOURNAL_NAME
    if not folder.is_dir():
        return Left(why=f"its folder {folder} is not there")
    return _content_left(journal, of_another) if journal.exists() else Left()


def told(
    session: str, imported: Imported, missing: str | None, *, ended: bool
) -> Iterator[tuple[float, SafetyEvent]]:
    """Yield the line of the safety log that says what the record of this session does not tell.

    session: as "session 3"; missing: why the end is not in the journal, as its writer said; ended: whether it
    is known how it ended all the same.
    """
    if imported.damage is not None:
        text = f"Not all of {session} is known: {imported.damage}."
        if not ended:
            text += " Turn the laser's key off before the next session."
        yield 0.0, _critical("journal_damaged", text)
    elif missing is not None:
        text = f"The end of {session} is not in its journal: {missing}."
        yield 0.0, _critical("journal_incomplete", text)


def _content_left(journal: Path, of_another: Callable[[Header], str | None]) -> Left:
    try:
        found = read(journal)
        contents = contents_of(*found) if b"\n" in found.content else None
    except OSError as error:
        return Left(why=f"its journal {journal} cannot be read ({error.strerror})")
    except OtherFormatError as error:
        return Left(why=f"its journal is not read: {error}")
    except JournalError as error:
        return Left(why=damaged(str(error)))
    other = None if contents is None else of_another(contents.reader.header)
    return Left(contents) if other is None else Left(why=f"in its folder {other}")


def _critical(source: str, text: str) -> SafetyEvent:
    event = noticed(
        "interlock_failure", f"{text} {_TAKE_IT_LATER}", "session_closed", {"trigger_source": source}
    )
    return msgspec.structs.replace(event, severity="critical", laser_state="unknown")
