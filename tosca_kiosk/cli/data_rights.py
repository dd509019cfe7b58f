"""The rights of a data directory that an older version, or a copy, has left wider than they should be."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.machine.rights import FOLDER_MODE, tightened, too_wide
from tosca_kiosk.session.places import LOG_NAME
from tosca_kiosk.storage import BACKUPS_NAME
from tosca_kiosk.storage.signing import KEY_NAME

_OURS: Final = (
    "laser_control*",
    BACKUPS_NAME,
    "sessions",
    TRACES_NAME,
    LOG_NAME,
    "archive*",
)
_SECRET: Final = f"{KEY_NAME}*"
"""Ours, and never closed here: that others could read a key is not undone by closing it, and must be seen."""


def tighten_rights(data_dir: Path, *, deep: bool = False) -> Iterator[str]:
    """Keep others out of a data directory; yield what must be said, a sentence each.

    deep: every file below, else what lies in it. Where anything else lies too, somebody's home say, it is not
    ours to close: that is said.
    """
    entries = list(data_dir.iterdir())
    secret = {path for path in entries if fnmatch(path.name, _SECRET)}
    ours = [path for path in entries if path in secret or any(fnmatch(path.name, name) for name in _OURS)]
    mode = too_wide(data_dir)
    if mode is not None and not (len(ours) == len(entries) and tightened(data_dir, deep=False)):
        yield f"Others may look into {data_dir} ({mode:04o}): chmod {FOLDER_MODE:04o} {data_dir}"
    kept = [path for path in ours if path not in secret and not tightened(path, deep=deep)]
    if kept:
        names = ", ".join(str(path) for path in kept)
        yield f"Others may read {names}, which is another user's: chmod -R o= it, or give it to this user."
