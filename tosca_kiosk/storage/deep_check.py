"""Every journal of the record decided again, as `replay` does.

The rules are pure: of the same inputs they decide the same. So a decision that was changed in a journal, and
chained anew there and in the record, is found all the same. That rows and journals fit is `folder_check`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.journal_lines import ChainReader, JournalError
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import read

_IMPORTED: Final = (
    "SELECT s.session_id, s.session_folder_path FROM sessions s JOIN session_journals j "
    "USING (session_id) WHERE j.tick_count > 0 ORDER BY s.session_id"
)


def differences(database: Database, data_dir: Path, tell: Callable[[float], object]) -> Iterator[str]:
    """Yield what is decided otherwise now, by session. tell: hears how much is done, 0 to 1."""
    found = database.rows(_IMPORTED)
    for number, row in enumerate(found):
        tell(number / len(found))
        what = _of_session(row, data_dir)
        if what is not None:
            yield f"session {row['session_id']}: {what}"


def _of_session(row: dict[str, Any], data_dir: Path) -> str | None:
    try:
        journal = sessions.inside(data_dir, row["session_folder_path"], "its folder") / JOURNAL_NAME
        difference = replay(ChainReader(read(journal).content)).difference
    except OSError as error:
        why = f"{error.filename} cannot be read ({error.strerror})"
    except (JournalError, StorageError, TypeError, msgspec.DecodeError) as error:
        why = str(error)
    else:
        if difference is None:
            return None
        where = f"line {difference.line} of its journal, at {difference.session_s:.3f} s"
        return f"{where}, is decided otherwise: {difference.path}"
    return f"its journal cannot be decided again: {why}"
