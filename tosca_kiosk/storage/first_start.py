"""Whether a database is as new as on the first start."""

from __future__ import annotations

from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader


def database_is_fresh(database: Database | Reader) -> bool:
    """Say whether there is no protocol, calibration or session yet: shipped content may go in."""
    tables = ("protocols", "calibrations", "sessions")
    return not any(database.held(table, limit=1) for table in tables)
