"""What a source in a configuration is: a device, a stream or a recording."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

_FILE = "file://"


def is_recording(source: str) -> bool:
    """Return whether a source is a file, which shows what was, not what is."""
    if "://" in source:
        return source.startswith(_FILE)
    return not source.isdecimal() and not source.startswith("/dev/")


def recording_path(source: str) -> Path:
    """Return the file of a source that is a recording."""
    return Path(unquote(urlsplit(source).path) if source.startswith(_FILE) else source)
