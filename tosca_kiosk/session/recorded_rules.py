"""The rules that the record says a session runs under: one function for whoever opens it or compares it."""

from __future__ import annotations

from tosca_kiosk.config import CartConfig, idle_rules
from tosca_kiosk.domain.protocol_file import parse_protocol
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.plan import active_calibrations, rules_for
from tosca_kiosk.session.rest import rules_of_part
from tosca_kiosk.session.saved_protocols import file_limits
from tosca_kiosk.storage import Database, Reader, sessions, settings
from tosca_kiosk.storage.as_of import opening_of, rewound


def recorded_rules(snapshot: Reader, config: CartConfig, session_id: int) -> Rules:
    """Derive a session's rules from its row and from what was in force when the row was made.

    That is the protocol's snapshot in the row, the calibrations and the site's settings, the configuration,
    and of a treatment's later part what the parts before it gave. Raises StorageError, DocumentError,
    SiteLimitError, SessionRefusedError or RefusedError.
    """
    session = sessions.get(snapshot, session_id)
    source = f"session {session_id}"
    if session.protocol_data_snapshot is None:
        raise RefusedError(f"{source}: its row holds no protocol; open a session anew")
    with rewound(snapshot, opening_of(snapshot, session_id), ("system_config", "calibrations")):
        site_settings = settings.values(snapshot)
        idle = idle_rules(config, site_settings)
        known = active_calibrations(snapshot, config)
    name = session.protocol_name or ""
    limits = file_limits(site_settings, known.ring)
    plan = parse_protocol(session.protocol_data_snapshot, source, name, limits)
    return rules_for(rules_of_part(snapshot, session_id, idle, plan), plan, known, config, source)


def compared_with_record(database: Database, config: CartConfig, session_id: int, given: Rules) -> str | None:
    """Return where the rules given for a session depart from those that the record says, None where nowhere.

    Raises what `recorded_rules` does.
    """
    with database.reading() as snapshot:
        return rules_difference(given, recorded_rules(snapshot, config, session_id))
