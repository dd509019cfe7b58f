"""What the sessions' folders know without a record: which numbers were given out, and whole journals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tosca_kiosk.domain.journal_lines import ChainReader, Header, JournalError
from tosca_kiosk.domain.setting_table import DEFAULT_SESSION_DATA_PATH, SESSION_DATA_PATH
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage.calibration_sessions import FOLDERS_NAME
from tosca_kiosk.storage.counters import Counters, merged
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import contents_of, read
from tosca_kiosk.storage.sessions import inside

_FOLDER: Final = re.compile(r"(\d{1,9})_\d{8}_\d{6}", re.ASCII)
"""`<session id>_<UTC time>`; a longer number was given out by no cart."""
_CALIBRATION: Final = re.compile(r"calibration_(\d{1,9})_\d{8}_\d{6}", re.ASCII)


class SessionFolder(NamedTuple):
    """A folder whose name is a session's. header: of its journal, None where that has no whole one.

    session_id: the number in the table of the session's kind, `work`.
    """

    session_id: int
    path: Path
    header: Header | None
    work: Literal["treatment", "calibration"] = "treatment"


def session_folders(data_dir: Path, places: Iterable[str]) -> Iterator[SessionFolder]:
    """Yield the folders of sessions in the order of their numbers. places: where they lie, as stored."""
    for number, path in numbered_folders(data_dir, places):
        yield SessionFolder(number, path, _header(path / JOURNAL_NAME))


def calibration_folders(data_dir: Path) -> Iterator[SessionFolder]:
    """Yield the folders of sessions that calibrate in the order of their numbers."""
    for number, path in numbered_calibrations(data_dir):
        yield SessionFolder(number, path, _header(path / JOURNAL_NAME), "calibration")


def numbered_calibrations(data_dir: Path) -> list[tuple[int, Path]]:
    """Return number and path of what is named as such a session's folder, and look into none of them."""
    found = ((_CALIBRATION.fullmatch(path.name), path) for path in (data_dir / FOLDERS_NAME).glob("*_*_*_*"))
    return sorted((int(named[1]), path) for named, path in found if named and path.is_dir())


def numbered_folders(data_dir: Path, places: Iterable[str]) -> list[tuple[int, Path]]:
    """Return number and path of what is named as a session's folder, and look into none of them."""
    found = set()
    for place in {*places, DEFAULT_SESSION_DATA_PATH}:
        try:
            folder = inside(data_dir, place, SESSION_DATA_PATH)
        except StorageError:
            continue  # nothing of this cart's lies outside its data directory
        for path in folder.glob("*_*_*"):
            if (named := _FOLDER.fullmatch(path.name)) and path.is_dir():
                found.add((int(named[1]), path))
    return sorted(found)


def given_out(folders: Iterable[SessionFolder]) -> Counters:
    """Return the highest numbers that the folders know."""
    known: Counters = {}
    for folder in folders:
        table = "calibration_sessions" if folder.work == "calibration" else "sessions"
        numbers = {table: folder.session_id}
        if folder.header is not None:
            numbers["tech_users"] = folder.header.tech_id
            if folder.header.patient_id is not None:
                numbers["patients"] = folder.header.patient_id
        known = merged(known, numbers)
    return known


def why_not_whole(folder: SessionFolder) -> str | None:
    """Say why a folder's journal cannot be imported, None where it can; StorageError while it is written."""
    if folder.header is None:
        return "its folder has no journal with a whole header"
    try:
        contents = contents_of(*read(folder.path / JOURNAL_NAME))
    except (OSError, JournalError) as error:
        return f"its journal cannot be read ({error})"
    if (folder.header.session_id, folder.header.work) != (folder.session_id, folder.work):
        named = "calibration session" if folder.header.work == "calibration" else "session"
        return f"the journal in its folder is of {named} {folder.header.session_id}"
    return None if contents.broken is None else f"its journal is damaged at {contents.broken}"


def _header(journal: Path) -> Header | None:
    try:
        with journal.open("rb") as file:
            return ChainReader(file.readline()).header
    except (OSError, JournalError, StorageError):
        return None
