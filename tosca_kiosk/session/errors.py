"""What is refused before the record is touched, and all kinds of refusal that a person is told of."""

from __future__ import annotations

from typing import Final

from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.journal_lines import JournalError
from tosca_kiosk.domain.session_rules import SessionRefusedError
from tosca_kiosk.domain.site_limits import SiteLimitError
from tosca_kiosk.storage.errors import StorageError


class RefusedError(Exception):
    """A wish that cannot be granted; the text says what, where and what to do."""


REFUSALS: Final = (
    StorageError,
    RefusedError,
    DocumentError,
    SessionRefusedError,
    SiteLimitError,
    JournalError,
)
"""What is raised where the record, a session or a document refuses; each text is meant for a person."""
