"""Saved protocols with what the screen shows of each: the plan itself, or why the cart refuses it."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.config import idle_rules
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import parse_protocol
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.session_rules import SessionRefusedError
from tosca_kiosk.domain.site_limits import SiteLimitError
from tosca_kiosk.kiosk.look.refusals import spoken
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.session import ANY_LIMITS, active_calibrations, file_limits, rules_for
from tosca_kiosk.storage import StorageError, protocols, settings
from tosca_kiosk.storage.protocols import SavedProtocol


@dataclass(frozen=True, slots=True)
class ListedProtocol:
    """A saved protocol. plan: None when it cannot even be read; refused: why it cannot be treated here.

    power_limit_w: the limit that would be in force, None when it is refused. odd: what in its row is none.
    """

    name: str
    description: str
    plan: Protocol | None
    refused: str | None
    power_limit_w: float | None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The protocols by name. problem: why none can be treated now: a calibration is missing, or odd."""

    protocols: tuple[ListedProtocol, ...]
    problem: str | None


def listed(record: Record) -> Listing:
    """Return the active protocols, each checked against this cart."""
    with record.database.reading() as reader:
        saved = protocols.list_all(reader)
    try:
        site_settings = settings.values(record.database)
        idle = idle_rules(record.config, site_settings)
        known = active_calibrations(record.database, record.config)
    except (DocumentError, SiteLimitError, StorageError) as error:
        problem = spoken(str(error))
        return Listing(tuple(_unchecked(row, problem) for row in saved), problem)

    def check(name: str, plan: Protocol) -> Rules:
        return rules_for(idle, plan, known, record.config, name)

    limits = file_limits(site_settings, known.ring)
    rows = []
    for row in saved:
        try:
            protocols.refuse_doubtful(row)
            plan = parse_protocol(row.protocol_data, row.protocol_name, row.protocol_name, limits)
            limit_w = check(row.protocol_name, plan).power_limit_w
            rows.append(
                ListedProtocol(
                    name=row.protocol_name,
                    description=row.description or "",
                    plan=plan,
                    refused=None,
                    power_limit_w=limit_w,
                    odd=row.odd,
                )
            )
        except (DocumentError, SessionRefusedError, StorageError) as error:
            rows.append(_unchecked(row, spoken(_without_name(str(error), row.protocol_name))))
    return Listing(tuple(rows), None)


def _unchecked(row: SavedProtocol, refused: str) -> ListedProtocol:
    try:
        plan = parse_protocol(row.protocol_data, row.protocol_name, row.protocol_name, ANY_LIMITS)
    except DocumentError:
        plan = None
    return ListedProtocol(
        name=row.protocol_name,
        description=row.description or "",
        plan=plan,
        refused=refused,
        power_limit_w=None,
        odd=row.odd,
    )


def _without_name(text: str, name: str) -> str:
    return text.removeprefix(f"{name}: ")
