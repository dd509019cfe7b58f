"""Protocols of the record as this cart takes them: read, checked, saved, changed, copied and written out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration import RING, RingCalibration, parse_calibration
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import Limits, ProtocolError, parse_protocol, to_json
from tosca_kiosk.domain.site_limits import longest_treatment_s, site_limits
from tosca_kiosk.machine.synced import sync
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, Reader, Transaction, calibrations, protocols, settings
from tosca_kiosk.storage.protocols import SavedProtocol

ANY_LIMITS: Final = Limits(max_power_w=math.inf)
"""What is saved, or was treated, is shown whatever the cart allows today."""
_INDENT: Final = 2


def file_limits(site_settings: Mapping[str, Any], ring: RingCalibration | None) -> Limits:
    """Return what the site's settings and the stage's ring calibration allow a protocol's document.

    ring: None where none is active, so that any ring size is allowed. Raises SiteLimitError.
    """
    return Limits(
        max_power_w=site_limits(site_settings).max_power_w,
        max_duration_s=longest_treatment_s(site_settings),
        ring_min_mm=None if ring is None else ring.ring_min_mm,
        ring_max_mm=None if ring is None else ring.ring_max_mm,
    )


def cart_limits(database: Database | Reader, config: CartConfig) -> Limits:
    """Return the same by what the record holds now, also where calibrations of other devices are missing.

    Raises StorageError, SiteLimitError or CalibrationError for a value or calibration that is no good.
    """
    site_settings = settings.values(database)
    serial = config.devices.stage.serial_number
    row = calibrations.active(database, RING, serial)
    if row is None:
        return file_limits(site_settings, None)
    ring = parse_calibration(RING, row.calibration_data, serial, f"calibration {row.calibration_id}")
    assert isinstance(ring, RingCalibration)
    return file_limits(site_settings, ring)


def of_file(file: Path, limits: Limits, default_name: str | None = None) -> Protocol:
    """Return the protocol of a file. default_name: where it states none, by default the file's stem.

    Raises ProtocolError, and RefusedError for a file that cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RefusedError(
            f"{file}: the protocol cannot be read ({error.strerror}); check the path"
        ) from error
    return parse_protocol(content, str(file), default_name or file.stem, limits)


def of_row(saved: SavedProtocol, limits: Limits) -> Protocol:
    """Return the protocol of a row. Raises ProtocolError for one that the limits do not allow, or no JSON."""
    source = f"protocol {saved.protocol_name!r}"
    protocol = parse_protocol(saved.protocol_data, source, saved.protocol_name, limits)
    return _called(protocol, saved.protocol_name, saved.description or "")


def save(transaction: Transaction, protocol: Protocol, now: datetime, created_by: int | None) -> int:
    """Save a checked protocol under its name; return its number. StorageError for a name in use."""
    return protocols.add(
        transaction,
        protocol.name,
        str(protocol.protocol_type),
        to_json(protocol),
        now,
        description=protocol.description or None,
        created_by=created_by,
    )


def put(transaction: Transaction, saved: SavedProtocol, protocol: Protocol, now: datetime) -> bool:
    """Put a checked content under a saved protocol's name; say whether it became another.

    Raises RefusedError for a content that calls itself otherwise, and for a protocol that is retired.
    """
    name = saved.protocol_name
    if protocol.name != name:
        raise RefusedError(
            f"the content calls itself {protocol.name!r}, not {name!r}; add it by tosca-kiosk protocols add, "
            "or correct its protocol_name"
        )
    _refuse_retired(saved)
    described = protocol.description or None
    if (to_json(protocol), described) == (saved.protocol_data, saved.description):
        return False
    protocols.change(
        transaction,
        saved.protocol_id,
        now,
        protocol_type=str(protocol.protocol_type),
        protocol_data=to_json(protocol),
        description=described,
    )
    return True


def copied(saved: SavedProtocol, name: str, limits: Limits) -> Protocol:
    """Return a saved protocol under another name, checked anew. Raises ProtocolError."""
    copy = _called(of_row(saved, ANY_LIMITS), name, saved.description or "")
    return parse_protocol(to_json(copy, named=True), f"a copy named {name!r}", name, limits)


def write_out(saved: SavedProtocol, file: Path) -> None:
    """Write a saved protocol to a new file, in the form that is read again to the same.

    Raises ProtocolError for a row that holds none, and RefusedError for a file that is there or cannot be
    written; nothing of it is left then.
    """
    document = json.loads(to_json(of_row(saved, ANY_LIMITS), named=True))
    text = json.dumps(document, indent=_INDENT, ensure_ascii=False)
    try:
        opened = file.open("x", encoding="utf-8")
    except FileExistsError:
        raise RefusedError(f"{file}: exists already; give another name") from None
    except OSError as error:
        raise RefusedError(f"{file}: cannot be made ({error.strerror}); give another place") from error
    try:
        with opened:
            opened.write(text + "\n")
        sync(file)
        sync(file.parent)
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise RefusedError(f"{file}: cannot be written ({error.strerror}); give another place") from error


def problems(saved: SavedProtocol, limits: Limits) -> list[str]:
    """Return why a saved protocol is not allowed under limits, each with its path."""
    try:
        of_row(saved, limits)
    except ProtocolError as error:
        return [str(one) for one in error.errors]
    return []


def _called(protocol: Protocol, name: str, description: str) -> Protocol:
    return Protocol(
        name=name,
        description=description,
        steps=protocol.steps,
        max_power_w=protocol.max_power_w,
        max_duration_s=protocol.max_duration_s,
    )


def _refuse_retired(saved: SavedProtocol) -> None:
    if saved.is_active is False:
        raise RefusedError(
            f"protocol {saved.protocol_name!r} is retired; tosca-kiosk protocols activate brings it back"
        )
