"""A record of whatever version, as far as it can be read: what it has, knows, and is damaged by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from tosca_kiosk.storage import cart_marks, chain, counters, heads, settings, trust
from tosca_kiosk.storage.cart_marks import Marks
from tosca_kiosk.storage.chain import Head
from tosca_kiosk.storage.counters import Counters, tables
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.telling import Tell, nobody

Row = dict[str, Any]


@dataclass(slots=True)
class Record:
    """What stands in a record. sessions, amendments, patients, accounts: rows by their numbers.

    calibrations, values: those of sessions that calibrate, and what they found.

    rests: by the number of a session that finishes the rest of another, that other's.
    places: where sessions' folders lie, as stored. marks: of its cart, None where it has no accounts.
    is_nobodys: nothing was recorded in it yet, so that another may take its place. cart: as its heads name
    it. damage: what nobody may have done. unread: why not all of it could be read, None where it could; what
    was read before that is there.
    """

    sessions: dict[int, Row] = field(default_factory=dict)
    rests: dict[int, int] = field(default_factory=dict)
    amendments: dict[int, Row] = field(default_factory=dict)
    patients: dict[int, Row] = field(default_factory=dict)
    accounts: dict[int, Row] = field(default_factory=dict)
    calibrations: dict[int, Row] = field(default_factory=dict)
    values: dict[int, Row] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)
    given_out: Counters = field(default_factory=dict)
    marks: Marks | None = None
    is_nobodys: bool = False
    head: Head | None = None
    cart: str | None = None
    damage: tuple[str, ...] = ()
    unread: str | None = None

    @property
    def is_proved(self) -> bool:
        """Whether its rows may be taken over as they stand."""
        return self.unread is None and not self.damage


def look(path: Path, place: Path, tell: Tell = nobody) -> Record:
    """Read a record of any version as far as that goes, and prove it.

    place: where a record is, beside its archives. tell: hears how far that is.
    """
    found = Record()
    try:
        with Database.of_any_version(path, read_only=True) as database, database.reading() as reader:
            connection = reader.connection
            there = tables(connection)
            for table, key, rows in (
                ("sessions", "session_id", found.sessions),
                ("session_amendments", "amendment_id", found.amendments),
                ("patients", "patient_id", found.patients),
                ("tech_users", "tech_id", found.accounts),
                ("calibration_sessions", "calibration_session_id", found.calibrations),
                ("calibration_values", "value_id", found.values),
            ):
                if table in there:
                    rows.update({row[key]: row for row in reader.rows(f"SELECT * FROM {table}")})
            if "session_parts" in there:
                parts = reader.rows("SELECT * FROM session_parts")
                found.rests.update({row["session_id"]: row["first_session_id"] for row in parts})
            stored = [row["session_folder_path"] for row in found.sessions.values()]
            found.places.update(str(PurePath(path).parent) for path in stored if isinstance(path, str))
            if "system_config" in there:
                with suppress(StorageError):  # an odd value, named as one
                    found.places.add(settings.session_data_path(reader, place.parent))
            found.given_out = counters.of_record(connection)
            if "tech_users" in there:
                found.marks = cart_marks.marks(connection)
                found.is_nobodys = cart_marks.is_nobodys(connection)
            if "chain_links" in there:
                found.head = chain.head(connection)
            if "heads" in there and (newest := heads.newest(connection)) is not None:
                found.cart = newest.signed.cart
            found.damage = tuple(trust.damage(connection, place, tell))
    except StorageError as error:
        found.unread = str(error)
    return found
