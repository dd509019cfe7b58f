"""What is refused before the record is touched."""

from __future__ import annotations


class RefusedError(Exception):
    """A wish that cannot be granted; the text says what, where and what to do."""
