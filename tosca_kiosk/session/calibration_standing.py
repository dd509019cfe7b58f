"""Which calibrations are in force on this cart, how old they are, when due, and which await a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from typing import Final

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibrating.validation import State, Validation, from_json, state_of
from tosca_kiosk.domain.calibration import MADE_BY, PHOTODIODE, POWER, RING, Points, calibration_points
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, Reader, calibrations
from tosca_kiosk.storage.calibrations import CALIBRATION_TYPES, DEVICE_TYPES, SavedCalibration

_SEE: Final = "see tosca-kiosk calibrations list"
_CURVE_OF: Final = {"actuator": RING, "photodiode": PHOTODIODE, "laser": POWER}
"""The type of the curve that each type of device has."""
_DEVICES: Final = {RING: "stage", PHOTODIODE: "interlock board", POWER: "laser"}
"""By type of the calibrations that a treatment uses: whose it is, of the cart's own devices."""


@dataclass(frozen=True, slots=True)
class CalibrationStanding:
    """A calibration as it stands. device: the cart's own by its name, None for one that is not of this cart.

    state, age_days, due, overdue: None where its row does not tell. points: None for a type that has none,
    and where problem says why its data is none. validation: None where this program judged nothing.
    """

    saved: SavedCalibration
    device: str | None
    age_days: int | None
    due: datetime | None
    overdue: bool | None
    points: Points | None
    problem: str | None
    state: State | None
    validation: Validation | None

    @property
    def odd(self) -> tuple[str, ...]:
        """What in its row is no value of its column, and what is wrong with its data unless it failed."""
        told = () if self.problem is None or self.state is State.FAILED else (self.problem,)
        return (*self.saved.odd, *told)


def due(saved: SavedCalibration, interval_days: int) -> datetime | None:
    """Return until when a calibration counts as kept, None where its row does not tell when it was made.

    That is the interval's end, or the day that its certificate states where that comes first.
    """
    if saved.calibration_date is None:
        return None
    end = saved.calibration_date + timedelta(days=interval_days)
    validation = from_json(saved.validation_data)
    if validation is None:
        return end
    return min(end, datetime.combine(validation.due_on, time.max, UTC))


def device_of(config: CartConfig, calibration_type: str) -> tuple[str, str]:
    """Return name and serial number of the device of this cart that a type of calibration is of.

    RefusedError for a type that this cart does not treat by.
    """
    if calibration_type not in _DEVICES:
        raise RefusedError(f"{calibration_type} is no calibration that a treatment uses; {_SEE}")
    return _DEVICES[calibration_type], used_serials(config)[calibration_type]


def undecided(
    reader: Database | Reader, config: CartConfig, now: datetime
) -> tuple[CalibrationStanding, ...]:
    """Return the calibrations that await a supervisor's word, of every device, the newest first."""
    found = (standing(saved, config, now) for saved in calibrations.history(reader))
    return tuple(one for one in found if one.state is State.WAITS)


def to_do(reader: Database | Reader, config: CartConfig) -> dict[str, str]:
    """Return by type of calibration what brings one into force where none is: a command of this program.

    In the order in which they are made. What is said is true of a type whose calibration is missing, failed,
    waiting or another device's; of one in force, what makes it anew.
    """
    every, serials = calibrations.history(reader), used_serials(config)
    lit = any(_in_force(one, PHOTODIODE, serials[PHOTODIODE]) for one in every)
    return {kind: _to_do(every, kind, serial, lit=lit) for kind, serial in serials.items()}


def _to_do(every: Sequence[SavedCalibration], kind: str, serial: str, *, lit: bool) -> str:
    """Return what brings a type into force for a device. lit: its photodiode's calibration is in force."""
    of_kind = [one for one in every if one.calibration_type == kind]
    own = [one for one in of_kind if one.device_serial_number == serial]
    make = _makes(kind, lit=lit)
    if own:
        newest = own[0]
        number, validation = newest.calibration_id, from_json(newest.validation_data)
        state = state_of(newest.is_active, validation)
        if state is State.WAITS:
            return f"calibration {number} awaits tosca-kiosk calibrate confirm {number}"
        if state is State.FAILED and validation is not None:
            return f"calibration {number} failed ({validation.judgement.failures[0].text}); {make}"
        return make
    others = [one for one in of_kind if one.is_active]
    if others:
        other = others[0]
        return f"calibration {other.calibration_id} is of another one, {other.device_serial_number}; {make}"
    return make


def _makes(kind: str, *, lit: bool) -> str:
    """Return the sentence with the command that makes a calibration of a type."""
    device = _DEVICES[kind]
    if kind == RING:
        return f"{MADE_BY[kind]} brings in the {device}'s certificate"
    first = " once the photodiode's is in force" if kind == POWER and not lit else ""
    return f"{MADE_BY[kind]} makes it{first}, calibrate import FILE brings in the {device}'s certificate"


def _in_force(saved: SavedCalibration, kind: str, serial: str) -> bool:
    own = (saved.calibration_type, saved.device_serial_number) == (kind, serial)
    return own and saved.is_active is True


def in_force(
    reader: Database | Reader, config: CartConfig, now: datetime
) -> tuple[tuple[CalibrationStanding, ...], tuple[str, ...]]:
    """Return the calibrations that are active, of every device, and what this cart lacks, a line each."""
    found = [one for one in calibrations.history(reader) if one.is_active is not False]
    has = {(one.calibration_type, one.device_serial_number) for one in found}
    does = to_do(reader, config)
    missing = tuple(
        f"{kind}: none is active for the {_DEVICES[kind]} {serial}; no treatment can be armed; {does[kind]}"
        for kind, serial in used_serials(config).items()
        if (kind, serial) not in has
    )
    return tuple(standing(one, config, now) for one in found), missing


def one(reader: Database | Reader, number: int, config: CartConfig, now: datetime) -> CalibrationStanding:
    """Return the calibration of this number. RefusedError where there is none."""
    saved = calibrations.find(reader, number)
    if saved is None:
        raise RefusedError(f"no calibration has the number {number}; {_SEE}")
    return standing(saved, config, now)


def history(
    reader: Database | Reader, wanted: str, config: CartConfig, now: datetime
) -> tuple[CalibrationStanding, ...]:
    """Return all calibrations of a type, a type of device or a serial number, the newest first.

    RefusedError naming the nearest for what is none of them.
    """
    every = calibrations.history(reader)
    found = [
        saved
        for saved in every
        if wanted in (saved.calibration_type, saved.device_type, saved.device_serial_number)
    ]
    if not found:
        serials = {saved.device_serial_number for saved in every if saved.device_serial_number}
        _refuse_unknown(wanted, {*CALIBRATION_TYPES, *DEVICE_TYPES, *serials})
    return tuple(standing(saved, config, now) for saved in found)


def newest_points(reader: Database | Reader, device_type: str) -> Points:
    """Return the points of the newest active calibration of a type of device, whatever its serial number.

    RefusedError where there is none, and naming the nearest for what is no type of device with a curve;
    DocumentError where its data is none.
    """
    _refuse_unknown(device_type, set(_CURVE_OF))
    data = calibrations.newest_data(reader, device_type)
    source = f"the newest calibration of a device of type {device_type}"
    points = None if data is None else calibration_points(_CURVE_OF[device_type], data, source)
    if points is None:
        raise RefusedError(f"no calibration of a device of type {device_type} is active; {_SEE}")
    return points


def _refuse_unknown(wanted: str, known: set[str]) -> None:
    """Raise RefusedError naming the nearest where a word is not known."""
    if wanted not in known:
        near = get_close_matches(wanted.lower(), known, n=1, cutoff=0.5)
        guess = f"{near[0]} may be meant" if near else f"there are {', '.join(sorted(known))}"
        raise RefusedError(f"{wanted!r} is no calibration's type or device; {guess}")


def standing(saved: SavedCalibration, config: CartConfig, now: datetime) -> CalibrationStanding:
    """Return how a saved calibration stands at a time."""
    made = saved.calibration_date
    until = due(saved, config.calibration_interval_days)
    validation = from_json(saved.validation_data)
    own = used_serials(config).get(saved.calibration_type)
    is_ours = own is not None and own == saved.device_serial_number
    points, problem = None, None
    try:
        source = f"calibration {saved.calibration_id}"
        points = calibration_points(saved.calibration_type, saved.calibration_data, source)
    except DocumentError as error:
        problem = str(error)
    return CalibrationStanding(
        saved=saved,
        device=_DEVICES.get(saved.calibration_type) if is_ours else None,
        age_days=None if made is None else (now - made).days,
        due=until,
        overdue=None if until is None else now > until,
        points=points,
        problem=problem,
        state=state_of(saved.is_active, validation),
        validation=validation,
    )


def used_serials(config: CartConfig) -> dict[str, str]:
    """Return by type, in the order in which they are made, the calibrations that this cart treats with.

    Each with the serial number of its device.
    """
    devices = config.devices
    return {
        PHOTODIODE: devices.board.serial_number,
        POWER: devices.laser.serial_number,
        RING: devices.stage.serial_number,
    }
