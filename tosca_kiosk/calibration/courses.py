"""The course of a value that sessions have found again and again, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import msgspec

from tosca_kiosk.domain.calibrating.morning import BY_NAME, Row
from tosca_kiosk.domain.calibrating.trend import Measured, Trend, trend
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, Reader, calibration_sessions
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow, TrendValue

CALIBRATIONS: Final = "calibrations"
"""In a session's validation_data: the numbers of the calibrations that it was judged by."""


class Course(NamedTuple):
    """What was found of one thing, the oldest first, and where it goes.

    values: since the device was another one, or calibrated anew where that is what it is held to. before: how
    many older ones there are.
    """

    name: str
    values: tuple[TrendValue, ...]
    before: int
    trend: Trend


def course(reader: Database | Reader, name: str) -> Course:
    """Return the course of a value. RefusedError naming the nearest for a name that nothing was found of."""
    found = calibration_sessions.trend(reader, name)
    if not found:
        raise RefusedError(_unknown(reader, name))
    by_number = {row.calibration_session_id: row for row in calibration_sessions.history(reader)}
    newest = _of(name, found[-1], by_number)
    alike = tuple(one for one in found if _of(name, one, by_number) == newest)
    last = alike[-1].value
    known = [Measured(one.found_utc, one.value.value) for one in alike if one.found_utc is not None]
    return Course(name, alike, len(found) - len(alike), trend(known, last.low, last.high))


def found_before(
    reader: Database | Reader, name: str, devices: Mapping[str, str], calibrations: Sequence[int]
) -> list[float]:
    """Return what was found of a value on these devices under these calibrations, the oldest first."""
    by_number = {row.calibration_session_id: row for row in calibration_sessions.history(reader)}
    now = _under(BY_NAME[name], dict(devices), list(calibrations))
    found = calibration_sessions.trend(reader, name)
    return [one.value.value for one in found if _of(name, one, by_number) == (BY_NAME[name].unit, now)]


def _unknown(reader: Database | Reader, name: str) -> str:
    known = calibration_sessions.value_names(reader)
    if not known:
        return f"no value of the name {name!r} was found yet; tosca-kiosk check-cart finds some every morning"
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    guess = f"{near[0]} may be meant" if near else f"there are {', '.join(known)}"
    return f"no value of the name {name!r} was found; {guess}"


def _of(name: str, one: TrendValue, sessions: Mapping[int, CalibrationSessionRow]) -> tuple[str, Any]:
    """Return what a value is like only others of: its unit, and what it was found under."""
    session = sessions[one.calibration_session_id]
    by = _object(session.validation_data).get(CALIBRATIONS)
    return one.value.unit, _under(BY_NAME.get(name), _object(session.device_serials), by)


def _under(row: Row | None, devices: dict[str, Any], calibrations: Any) -> tuple[Any, Any]:
    """Return the device that a value is of and, where it is held to them, the calibrations.

    What this program does not know the device of is told by all of them.
    """
    if row is None:
        return devices, None
    return devices.get(row.device), calibrations if row.by_calibration else None


def _object(text: str | None) -> dict[str, Any]:
    """Return a JSON object, an empty one where none is: it is compared, and what is none is like none."""
    try:
        return msgspec.json.decode(text or "", type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
