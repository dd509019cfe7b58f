"""A backup put in the record's place: looked at first, then done whole, as one operation of the record.

The row of the restore is made in the copy, before that takes the place. It holds where the replaced record
ended, what falls away and what was brought back, and the highest numbers that the replaced record, the
sessions' folders and a given anchor know: the restored record counts on from there. Archives that the
replaced record needs and the restored one does not stay, named in that row: the way back must find them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.storage import archiving, cart_key, cart_marks, counters, heads, operations, schema, trust
from tosca_kiosk.storage.anchors import Anchor
from tosca_kiosk.storage.as_of import CALIBRATION_SESSIONS
from tosca_kiosk.storage.backup import restore_backup, verify_backup
from tosca_kiosk.storage.counters import Counters
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.later_calibrations import bring_back_calibrations
from tosca_kiosk.storage.later_sessions import bring_back
from tosca_kiosk.storage.operations import Order
from tosca_kiosk.storage.replaced import Record, Row, look
from tosca_kiosk.storage.session_folders import (
    SessionFolder,
    calibration_folders,
    given_out,
    session_folders,
    why_not_whole,
)
from tosca_kiosk.storage.signing import SigningKey
from tosca_kiosk.storage.telling import Tell, nobody
from tosca_kiosk.storage.users import find

_NONE: Final = Record(unread="there was none")
"""In place of a record that is lost: nothing is proved by it, and nothing is known not to be of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore comes to, before anything is changed.

    version: of the backup. later: folders of sessions that the backup does not know and whose journals are
    whole; lost: the numbers of the other sessions that it does not know, and why. patients: the codes that it
    does not know. given_out: from which the restored record counts on. later_calibrations,
    lost_calibrations: as later and lost, of the sessions that calibrate.
    """

    backup: Path
    version: str
    saved: Record
    replaced: Record | None
    later: tuple[SessionFolder, ...]
    lost: Mapping[int, str]
    patients: tuple[str, ...]
    given_out: Counters
    later_calibrations: tuple[SessionFolder, ...] = ()
    lost_calibrations: Mapping[int, str] = field(default_factory=dict)

    @property
    def falls_away(self) -> bool:
        """Whether anything is lost, or has to be made again from a journal."""
        return bool(
            self.later or self.lost or self.patients or self.later_calibrations or self.lost_calibrations
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. kept: where the replaced file is, None where none was.

    sessions: which were brought back from their journals; lost: which were not, and why. patients: the codes
    that fell away. calibrations, lost_calibrations: as sessions and lost, of those that calibrate. spare:
    archives that stay, though all of their events are in the restored record.
    unsigned: why the cart's key did not sign it, None where it did.
    """

    kept: Path | None
    sessions: tuple[int, ...]
    lost: Mapping[int, str]
    patients: tuple[str, ...]
    spare: tuple[Path, ...]
    unsigned: str | None
    calibrations: tuple[int, ...] = ()
    lost_calibrations: Mapping[int, str] = field(default_factory=dict)


def plan(
    backup: Path, database_path: Path, data_dir: Path, anchored: Sequence[Anchor], tell: Tell = nobody
) -> Plan:
    """Look whether a backup may take the record's place, and at what that would cost. Nothing is changed.

    anchored: anchors, of which the numbers count that they know. tell: hears how far that is. Raises
    StorageError for what is no database, empty, of a newer version or another program's, damaged, another
    cart's, or not as it was written.
    """
    version = schema.version_of_file(backup)
    if version == "base":
        raise StorageError(f"{backup}: an empty database; name a backup")
    verify_backup(backup)
    saved = look(backup, database_path, tell)
    if saved.unread is not None:
        raise StorageError(saved.unread)
    if saved.damage:
        raise StorageError(
            f"{backup}: not as it was written: {saved.damage[0]}; nothing was changed, restore another backup"
        )
    replaced = look(database_path, database_path, tell) if database_path.exists() else None
    ours = None if replaced is None or replaced.is_nobodys else replaced.marks
    if ours is not None and saved.marks is not None:
        other = cart_marks.of_another(ours, saved.marks)
        if other is not None:
            raise StorageError(
                f"{backup}: another cart's record ({other}); restore it on its own cart, or move "
                f"{database_path} away first if it is to be this cart's from now on"
            )
    present = _NONE if replaced is None else replaced
    for anchor in anchored:
        if {saved.cart, present.cart} - {None} and anchor.signed.cart not in (saved.cart, present.cart):
            raise StorageError(
                f"{backup}: the anchor of {anchor.signed.made} is of another cart, {anchor.signed.cart}; "
                "name anchors of this one"
            )
    folders = [*session_folders(data_dir, saved.places | present.places)]
    newest = saved.given_out.get("sessions", 0)
    later, lost = _sessions(saved.sessions, present.sessions, present, folders, newest)
    calibrating = [*calibration_folders(data_dir)]
    newest = saved.given_out.get("calibration_sessions", 0)
    recalibrated, uncalibrated = _sessions(
        saved.calibrations, present.calibrations, present, calibrating, newest
    )
    codes = {row["patient_code"] for row in present.patients.values()}
    known = {row["patient_code"] for row in saved.patients.values()}
    return Plan(
        backup=backup,
        version=version,
        saved=saved,
        replaced=replaced,
        later=tuple(later),
        lost=lost,
        patients=tuple(sorted(str(code) for code in codes - known)),
        later_calibrations=tuple(recalibrated),
        lost_calibrations=uncalibrated,
        given_out=_given_out(
            saved,
            present,
            [*folders, *calibrating],
            counters.merged(*(anchor.signed.counters for anchor in anchored)),
        ),
    )


def restore(
    planned: Plan, database_path: Path, backup_dir: Path, now: datetime, order: Order, tell: Tell = nobody
) -> Restored:
    """Do what was planned, whole or not at all; the replaced file goes to the backups.

    order: who, by the account's name in the restored record, and why. tell: hears how far it is. The caller
    holds the data directory's lock, and nobody has the database open. Raises StorageError; nothing is changed
    then.
    """
    outcome: list[Restored] = []

    def prepare(part: Path) -> None:
        outcome.append(_prepare(planned, part, database_path.parent, now, order, tell))

    kept = restore_backup(
        planned.backup, database_path, backup_dir, now, prepare, lambda done: tell("copying", done)
    )
    [done] = outcome
    return replace(done, kept=kept)


def _prepare(planned: Plan, part: Path, data_dir: Path, now: datetime, order: Order, tell: Tell) -> Restored:
    """Make the copy what takes the place: of this version, counting on, with its row, and proved."""
    replaced = planned.replaced or _NONE
    with Database(part) as database:
        database.migrate("head", order._replace(operator_id=None), planned.given_out, tell=tell)
        key, unsigned = _key(database, data_dir)
        account = None if order.operator is None else find(database, order.operator)
        order = order._replace(operator_id=None if account is None else account.tech_id)
        tried = dict(bring_back(database, planned.later, replaced, data_dir, now, order.operator_id))
        back = tuple(number for number, why in tried.items() if why is None)
        lost = {**planned.lost, **{number: why for number, why in tried.items() if why is not None}}
        calibrated = dict(
            bring_back_calibrations(
                database, planned.later_calibrations, replaced, data_dir, now, order.operator_id
            )
        )
        lost_calibrations = {
            **planned.lost_calibrations,
            **{number: why for number, why in calibrated.items() if why is not None},
        }
        calibrations = tuple(number for number, why in calibrated.items() if why is None)
        held = {row["patient_code"] for row in database.rows("SELECT patient_code FROM patients")}
        patients = tuple(code for code in planned.patients if code not in held)
        spare = tuple(archiving.spare_files(database))
        details = {
            **_details(planned, replaced, back, lost, patients),
            "calibrations_fell_away": {str(number): why for number, why in sorted(lost_calibrations.items())},
            CALIBRATION_SESSIONS.brought_back: list(calibrations),
            "spare_archives": [path.name for path in spare],
        }
        with database.transaction(order.operator_id) as transaction:
            operations.done(transaction.connection, "restore", order, details)
            if key is not None:
                heads.sign(transaction.connection, key, "restore")
        with database.reading() as reader:
            damage = trust.damage(reader.connection, part, tell)
    if damage:
        raise StorageError(f"{part}: the copy is not as it was written: {damage[0]}; nothing was changed")
    return Restored(
        kept=None,
        sessions=back,
        lost=lost,
        patients=patients,
        spare=spare,
        unsigned=unsigned,
        calibrations=calibrations,
        lost_calibrations=lost_calibrations,
    )


def _key(database: Database, data_dir: Path) -> tuple[SigningKey | None, str | None]:
    """Return the key that signs the restored record, or why there is none: the check says so from then on."""
    try:
        return cart_key.of_record(database, data_dir), None
    except StorageError as error:
        return None, str(error)


def _details(
    planned: Plan, replaced: Record, back: Sequence[int], lost: Mapping[int, str], patients: Sequence[str]
) -> dict[str, Any]:
    saved = planned.saved
    return {
        "backup": planned.backup.name,
        "version": planned.version,
        "backup_head": _head(saved),
        "replaced": _head(replaced),
        "replaced_unread": replaced.unread,
        "damage": list(replaced.damage),
        "counters": planned.given_out,
        "fell_away": {
            "sessions": {str(number): why for number, why in sorted(lost.items())},
            "patients": list(patients),
        },
        "brought_back": list(back),
    }


def _head(record: Record) -> dict[str, Any] | None:
    """Return where a record's chain ended, None where it had none."""
    if record.head is None or record.head.link_id == 0:
        return None
    return {"link_id": record.head.link_id, "hash": record.head.digest.hex()}


def _sessions(
    saved: Mapping[int, Row],
    rows: Mapping[int, Row],
    present: Record,
    folders: Sequence[SessionFolder],
    newest: int,
) -> tuple[list[SessionFolder], dict[int, str]]:
    """Return the folders of sessions that can be brought back, and the others that fall away, with why.

    saved, rows: the sessions of this kind in the backup and in the present record, by their numbers; newest:
    the highest number that the backup has given out.
    """
    later: dict[int, SessionFolder] = {}
    lost: dict[int, str] = {}
    for folder in folders:
        if folder.session_id in saved or folder.session_id <= newest:
            continue
        if present.is_proved and folder.session_id not in rows:
            continue  # another record's: an orphan, which the check of the folders names
        why = why_not_whole(folder) or _why_another(folder, present, rows)
        if why is not None or folder.session_id in later:
            lost[folder.session_id] = why or f"two folders bear its number, {folder.path.name} is one"
        else:
            later[folder.session_id] = folder
    for number in sorted(set(rows) - set(saved) - set(later)):
        lost.setdefault(number, "its folder is not there")
    for number in lost:
        later.pop(number, None)
    return list(later.values()), lost


def _why_another(folder: SessionFolder, present: Record, rows: Mapping[int, Row]) -> str | None:
    """Say how a journal is not of the session that a proved record knows by its number."""
    known, header = rows.get(folder.session_id), folder.header
    if not present.is_proved or known is None or header is None:
        return None
    theirs = header.patient_id, header.tech_id
    same = theirs == (known.get("patient_id"), known["tech_id"])
    return None if same else "the journal in its folder is of another patient or technician"


def _given_out(
    saved: Record, present: Record, folders: Sequence[SessionFolder], anchored: Mapping[str, int]
) -> Counters:
    """Return the highest number of everything that anybody knows to have been given out."""
    known = given_out(folders)
    found = counters.merged(saved.given_out, present.given_out, known, anchored)
    if saved.cart is None:
        found.pop("heads", None)  # the first head is yet to be made: nothing refers to it by its number
    if present.unread is not None:
        # The codes of later patients are nowhere; so many as there were new numbers may have been given out.
        new = max(0, found.get("patients", 0) - saved.given_out.get("patients", 0))
        years = {f"P-{folder.header.started_utc[:4]}" for folder in folders if folder.header is not None}
        for year in years if new else ():
            found[year] = max(found.get(year, 0), saved.given_out.get(year, 0) + new)
    return found
