"""The record of a busy cart: sessions of many patients, and what people and cart leave behind around them.

Every row is written by the program itself, so the chain holds and `db check` finds nothing. The last session
is a real one: an hour of light on the simulated cart, with its folder and its journal. It is made once into a
folder, and found there again.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol, to_json
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session.shipped import load_shipped_content
from tosca_kiosk.storage import (
    BACKUPS_NAME,
    DATABASE_NAME,
    Database,
    calibrations,
    cart_key,
    energies,
    events,
    patients,
    protocols,
    schema,
    sessions,
    settings,
    users,
)
from tosca_kiosk.storage.events import JournalTreatmentEvent

SESSIONS: Final = 2_000
EVENTS: Final = 2_000_000
LIGHT_S: Final = 3_600
"""Of the last session: 36 000 samples, ten a second."""
TECHNICIANS: Final = 11
SESSIONS_A_PATIENT: Final = 5
PROTOCOLS: Final = 40
_MARK: Final = "busy_record.json"
_EVERY: Final = timedelta(minutes=72)
"""From one session to the next: twenty in a day and a night."""
_SHORTEST, _LONGEST = 0.4, 1.6  # times the mean number of events
_REASONS: Final = ("patient tolerance", "a mistyped value", "yearly calibration", "asked for by the doctor")
_SITES: Final = ("left forearm", "right forearm", "left shoulder", "lower back", "right calf")
_LAMPS: Final = ("board", "pedal", "stop_loop", "smoothing", "laser", "tec", "stage", "camera")
_PASSED: Final = msgspec.Raw(msgspec.json.encode(dict.fromkeys(_LAMPS, True)))
_DETAILS: Final = {
    "power_change": msgspec.Raw(b'{"sample":true}'),
    "laser_on": msgspec.Raw(b'{"source":"footpedal_depression","protocol_step":1}'),
    "laser_off": msgspec.Raw(b'{"source":"footpedal_release"}'),
    "user_action": msgspec.Raw(
        b'{"action":"protocol_power_override","old_value":5.0,"new_value":4.5,"reason":"patient tolerance"}'
    ),
}
_NO_DETAILS: Final = msgspec.Raw(b"{}")
Told = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Busy:
    """A record that was made. folder: its data directory; long: the session with an hour of light.

    usual: a session with about as many events as most have.
    """

    folder: Path
    sessions: int
    events: int
    long: int
    usual: int

    @property
    def path(self) -> Path:
        """Where the database is."""
        return self.folder / DATABASE_NAME


def busy_record(
    folder: Path, session_count: int = SESSIONS, event_count: int = EVENTS, told: Told = lambda _share: None
) -> Busy:
    """Return the record in a folder, made where there is none. told: hears the share that is made.

    Raises ValueError for a folder with another record in it.
    """
    mark = folder / _MARK
    wanted = {"sessions": session_count, "events": event_count, "version": schema.revisions()[-1]}
    if not mark.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder}: not empty, and not a busy record; name a folder that is not there")
        _make(folder, session_count, event_count, told)
        mark.write_text(json.dumps(wanted), encoding="utf-8")
    if json.loads(mark.read_text(encoding="utf-8")) != wanted:
        raise ValueError(f"{folder}: holds {mark.read_text(encoding='utf-8')}; name another folder")
    return Busy(folder, session_count, event_count, long=session_count, usual=session_count // 2)


@contextmanager
def folder_for_record(folder: Path | None) -> Iterator[Path]:
    """Give a folder that was named, or one that is taken away."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="tosca-busy-record-") as made:
        yield Path(made)


def _make(folder: Path, session_count: int, event_count: int, told: Told) -> None:
    chance = random.Random(f"{session_count} {event_count}")
    began = utc_now() - session_count * _EVERY
    with Database.open(folder / DATABASE_NAME) as database:
        cart_key.of_record(database, folder)
        load_shipped_content(database, load_config(bundled("simulated.yaml")), began)
        _people(database, began, session_count, chance)
        saved = _protocols(database, began)
        shares = list(_shares(session_count - 1, event_count - 10 * LIGHT_S, chance))
        for number, count in enumerate(shares, start=1):
            start = began + number * _EVERY
            _session(database, start, number, count, saved, chance)
            _around(database, start, number, chance)
            told(number / session_count)
    _treat_for_an_hour(folder)
    shutil.rmtree(folder / BACKUPS_NAME)


def _people(database: Database, began: datetime, session_count: int, chance: random.Random) -> None:
    with database.transaction(1) as transaction:
        for number in range(1, TECHNICIANS + 1):
            role = "supervisor" if number % 4 == 0 else "technician"
            users.add(transaction, f"tech{number:02}", f"Technician {number}", role, began)
        for _ in range(max(1, session_count // SESSIONS_A_PATIENT)):
            patients.add(
                transaction,
                _known_since(began),
                created_by=chance.randint(2, TECHNICIANS + 1),
                date_of_birth=date(chance.randint(1935, 2006), chance.randint(1, 12), chance.randint(1, 28)),
                gender=chance.choice(("female", "male", None)),
                notes=chance.choice((None, "initial consultation", "second series")),
            )


def _known_since(now: datetime) -> datetime:
    """Return when patients came, the year before: this year's codes are left to whoever uses the record."""
    return now.replace(year=now.year - 1, day=1)


def _protocols(database: Database, began: datetime) -> list[tuple[int, str, str]]:
    """Save some protocols; return number, name and JSON of each."""
    text = bundled("protocols/constant_5w_60s.json").read_bytes()
    shipped = parse_protocol(text, "constant", "constant", Limits(max_power_w=10.0))
    content = to_json(shipped)
    names = [f"Constant 5 W, series {number}" for number in range(1, PROTOCOLS + 1)]
    with database.transaction(1) as transaction:
        return [
            (
                protocols.add(transaction, name, "constant", content, began, created_by=1),
                name,
                to_json(msgspec.structs.replace(shipped, name=name), named=True),
            )
            for name in names
        ]


def _shares(sessions_left: int, events_left: int, chance: random.Random) -> Iterator[int]:
    """Yield how many events each session has, so many in all."""
    while sessions_left > 1:
        mean = events_left / sessions_left
        count = round(mean * chance.uniform(_SHORTEST, _LONGEST))
        yield count
        sessions_left, events_left = sessions_left - 1, events_left - count
    yield events_left


def _session(
    database: Database,
    start: datetime,
    number: int,
    count: int,
    saved: Sequence[tuple[int, str, str]],
    chance: random.Random,
) -> None:
    technician = chance.randint(2, TECHNICIANS + 1)
    protocol_id, name, snapshot = chance.choice(saved)
    aborted = chance.random() < 0.1
    light_s = count / 10
    summary = Summary(
        status="aborted" if aborted else "completed",
        abort_reason="stopped by the operator" if aborted else None,
        duration_s=light_s + 30.0,
        laser_on_time_s=light_s,
        avg_power_w=5.0,
        max_power_w=5.2,
        energy_j=5.0 * light_s,
        commanded_j=5.0 * light_s,
    )
    with database.transaction(technician) as transaction:
        session = sessions.start(
            transaction,
            patient_id=chance.randint(1, max(1, number // SESSIONS_A_PATIENT)),
            tech_id=technician,
            start_utc=start,
            protocol_name=name,
            protocol_snapshot=snapshot,
            protocol_id=protocol_id,
            origin="sim",
            treatment_site=chance.choice(_SITES),
        )
        events.append_treatment(transaction, session.session_id, start, _timed(count, chance))
        sessions.correct(transaction, session, summary, told=True)
        energies.keep(transaction, session.session_id, summary, whole=True)
        events.append_safety(
            transaction,
            start,
            [(chance.uniform(0.0, light_s), _released()) for _ in range(chance.randint(0, 4))],
            session_id=session.session_id,
            tech_id=technician,
        )
        if chance.random() < 0.3:
            key = {"session_id": session.session_id}
            transaction.update("sessions", key, post_treatment_notes="slight redness")


def _timed(count: int, chance: random.Random) -> Iterator[tuple[float, JournalTreatmentEvent]]:
    """Yield so many events of a session with their times: light, steps, pauses and samples of power."""
    special = {
        0: "ring_size_set",
        1: "power_set",
        2: "protocol_step_start",
        3: "laser_on",
        count // 2: "laser_off",
        count // 2 + 1: "pause",
        count // 2 + 2: "user_action",
        count // 2 + 3: "resume",
        count // 2 + 4: "laser_on",
        count - 2: "protocol_step_end",
        count - 1: "laser_off",
    }
    for number in range(count):
        kind = special.get(number, "power_change")
        power_w = 5.0 + chance.gauss(0.0, 0.02)
        details = _DETAILS.get(kind, _NO_DETAILS)
        yield (
            number / 10,
            JournalTreatmentEvent(
                event_type=kind,
                power_commanded_w=5.0,
                power_actual_w=power_w,
                ring_size_mm=3.0,
                actuator_position_um=1000.0,
                photodiode_v=power_w / 2,
                footpedal=True,
                smoothing=True,
                interlocks=_PASSED,
                details=details,
            ),
        )


def _released() -> SafetyEvent:
    return SafetyEvent(
        event_type="footpedal_released",
        severity="info",
        description="The pedal was released under light.",
        system_state="treating",
        laser_state="on",
        footpedal=False,
        smoothing=True,
        photodiode_v=0.0,
        action_taken="laser_off",
        details={"trigger_source": "pedal"},
    )


def _around(database: Database, now: datetime, number: int, chance: random.Random) -> None:
    """Do what is done beside sessions now and then: a patient corrected, a setting, a calibration."""
    by, why = chance.randint(2, TECHNICIANS + 1), chance.choice(_REASONS)
    if number % 5 == 0:
        with database.transaction(by, reason=why) as transaction:
            patient = chance.randint(1, number // SESSIONS_A_PATIENT)
            patients.change(transaction, patient, now, notes=f"seen in week {number // 140}")
    if number % 50 == 0:
        with database.transaction(by, reason=why) as transaction:
            percent = 10.0 + number // 50 % 5
            settings.put(transaction, "photodiode_warning_threshold_percent", percent, now, by)
    if number % 100 == 0:
        with database.transaction(by, reason=why) as transaction:
            calibrations.add(
                transaction,
                calibrated_utc=now,
                tech_id=by,
                device_type="photodiode",
                device_serial=f"SIM-OLD-{number}",
                calibration_type="photodiode_voltage_to_power",
                calibration_data='{"calibration_points": [{"voltage_v": 0.5, "power_watts": 1.0}]}',
            )


def _treat_for_an_hour(folder: Path) -> None:
    """Treat a patient on the simulated cart for an hour of its own clock, less than a minute of ours."""
    protocol = folder / "hour.json"
    step = {"step_number": 1, "duration_seconds": LIGHT_S, "power_start_watts": 2.0, "power_end_watts": 2.0}
    step |= {"ring_size_mm": 3.0, "ramp_type": "constant"}
    protocol.write_text(json.dumps({"version": "1.0", "protocol_name": "One hour", "steps": [step]}))
    with Database.open(folder / DATABASE_NAME) as database, database.transaction(1) as transaction:
        code = patients.add(transaction, _known_since(utc_now())).patient_code
    words = ("treat", "--patient", code, "--tech", "tech01", "--protocol", protocol, "--fast")
    command = [sys.executable, "-m", "tosca_kiosk", *words, "--data-dir", folder]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"the hour of light: {done.stdout}{done.stderr}")
