"""A supervisor's word on a calibration that passed: it comes into force, or it does not."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibrating.validation import (
    Decision,
    State,
    Validation,
    from_json,
    state_of,
    to_json,
)
from tosca_kiosk.domain.calibration import parse_calibration
from tosca_kiosk.session.calibration_standing import device_of
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Reader, Transaction, calibrations, users
from tosca_kiosk.storage.calibration_sessions import open_now
from tosca_kiosk.storage.calibrations import SavedCalibration
from tosca_kiosk.storage.timestamps import utc_text


class Decided(NamedTuple):
    """What was decided. replaced: the number of the one that was in force until then, None where none was."""

    saved: SavedCalibration
    replaced: int | None


def confirm(
    transaction: Transaction,
    number: int,
    config: CartConfig,
    *,
    tech_id: int,
    now: datetime,
    reason: str | None,
) -> Decided:
    """Bring a calibration into force in place of the one that is, which stays as history.

    Two people see each calibration: whoever brought it in does not confirm it. Raises RefusedError for that,
    while a session is open, and for a calibration that failed, was decided on, has expired, is of another
    device, or is older than the one in force.
    """
    _refuse_while_open(transaction)
    saved = _saved(transaction, number)
    validation = _judged(saved)
    _refuse_decided(saved, validation)
    if saved.tech_id == tech_id:
        raise RefusedError(
            f"calibration {number}: whoever brought it in does not confirm it; another supervisor has to"
        )
    name, serial = device_of(config, saved.calibration_type)
    if saved.device_serial_number != serial:
        raise RefusedError(
            f"calibration {number} is of {saved.device_serial_number!r}; this cart's {name} is {serial!r}"
        )
    if validation.due_on < now.date():
        raise RefusedError(f"calibration {number} expired on {validation.due_on}; import a newer certificate")
    parse_calibration(
        saved.calibration_type, saved.calibration_data, serial, f"calibration {saved.calibration_id}"
    )
    before = calibrations.active(transaction, saved.calibration_type, serial)
    _refuse_older(saved, before)
    decision = Decision(confirmed=True, by=_username(transaction, tech_id), at=utc_text(now), reason=reason)
    calibrations.put_in_force(transaction, saved, _with(validation, decision))
    return Decided(saved=saved, replaced=None if before is None else before.calibration_id)


def reject(
    transaction: Transaction, number: int, *, tech_id: int, now: datetime, reason: str | None
) -> Decided:
    """Refuse a calibration that awaits confirmation, or take one out of force, whoever made it: then none is.

    Raises RefusedError while a session is open, and for a calibration that is history or failed already.
    """
    _refuse_while_open(transaction)
    saved = _saved(transaction, number)
    if saved.is_active:
        validation = from_json(saved.validation_data)
    else:
        validation = _judged(saved)
        _refuse_decided(saved, validation)
    decision = Decision(confirmed=False, by=_username(transaction, tech_id), at=utc_text(now), reason=reason)
    # Of a row that another hand validated only the audit and its reason tell who took it out of force.
    told = saved.validation_data if validation is None else _with(validation, decision)
    calibrations.take_out_of_force(transaction, saved, told)
    return Decided(saved=saved, replaced=number if saved.is_active else None)


def _refuse_while_open(reader: Reader) -> None:
    if (found := open_now(reader)) is not None:
        raise RefusedError(
            f"{found} is open, and goes by the calibrations in force; close it first "
            "(one that a crash left open is closed at the next start of tosca-kiosk run)"
        )


def _saved(reader: Reader, number: int) -> SavedCalibration:
    saved = calibrations.find(reader, number)
    if saved is None:
        raise RefusedError(f"no calibration has the number {number}; see tosca-kiosk calibrations list")
    return saved


def _judged(saved: SavedCalibration) -> Validation:
    validation = from_json(saved.validation_data)
    if validation is None:
        raise RefusedError(
            f"calibration {saved.calibration_id} was not judged by this program, which decides on what "
            "it judged alone; tosca-kiosk calibrate import FILE judges a certificate"
        )
    return validation


def _refuse_decided(saved: SavedCalibration, validation: Validation) -> None:
    number, state = saved.calibration_id, state_of(saved.is_active, validation)
    if state is State.FAILED:
        raise RefusedError(
            f"calibration {number} failed and stays out: {validation.judgement.failures[0].text}"
        )
    if state is not State.WAITS:
        said = "of unknown state" if state is None else f"{state}"
        raise RefusedError(f"calibration {number} is {said}; see tosca-kiosk calibrations show {number}")


def _refuse_older(saved: SavedCalibration, before: SavedCalibration | None) -> None:
    if before is None or before.calibration_date is None or saved.calibration_date is None:
        return
    if before.calibration_date.date() > saved.calibration_date.date():
        raise RefusedError(
            f"calibration {saved.calibration_id} was measured on {saved.calibration_date:%Y-%m-%d}, and "
            f"calibration {before.calibration_id}, which is in force, on {before.calibration_date:%Y-%m-%d}; "
            "tosca-kiosk calibrate reject takes that one out of force"
        )


def _with(validation: Validation, decision: Decision) -> str:
    return to_json(msgspec.structs.replace(validation, decision=decision))


def _username(reader: Reader, tech_id: int) -> str:
    return users.get(reader, tech_id).username
