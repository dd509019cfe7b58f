"""A supervisor's word that what other programs wrote is known; `db check` is silent of it then.

Damage is not acknowledged, but for what an upgrade found in the record that it took up.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tosca_kiosk.storage import chain, edits, head_check
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError


class Acknowledged(NamedTuple):
    """What a supervisor now answers for. known: in words; up_to_link: the newest link that it covers."""

    known: tuple[str, ...]
    up_to_link: int


def acknowledge(database: Database, tech_id: int, reason: str, now: datetime) -> Acknowledged:
    """Write that a supervisor knows every edit by other programs up to now, and why they are right.

    Raises StorageError without a reason, and where there is nothing to acknowledge.
    """
    if not reason.strip():
        raise StorageError("an acknowledgement needs a reason; give one")
    with database.transaction(tech_id) as transaction:
        connection = transaction.connection
        known = (
            *edits.open_edits(connection),
            *edits.found_before(connection),
            *head_check.open_changes(connection, database.path.parent),
        )
        if not known:
            raise StorageError(f"{database.path}: no other program has written into it; nothing was changed")
        up_to_link = chain.head(connection).link_id
        transaction.insert(
            "acknowledgements", up_to_link=up_to_link, tech_id=tech_id, reason=reason, acknowledged_date=now
        )
    return Acknowledged(known, up_to_link)
