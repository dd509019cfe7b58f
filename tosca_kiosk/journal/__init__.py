"""A session's journal as a file: written by control, kept over a kill, brought back by whoever reads it."""

from typing import Final

JOURNAL_NAME: Final = "journal.jsonl"
"""In a session's folder."""
