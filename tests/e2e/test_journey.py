"""A technician's way by touch alone through the real processes, from the first start to the record."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime

import pytest

from benchmarks.rigs.panel import Display, Kiosk, Panel, missing, pause
from tests.cli.kiosk_command import Cart
from tests.e2e.leaks import children, rights, secret
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.runtime import MEMORY, name_of, runtime_dir
from tosca_kiosk.storage import Database, check, protocols

PROTOCOL = {
    "version": "1.0",
    "protocol_name": "Eight seconds",
    "steps": [
        {
            "step_number": 1,
            "duration_seconds": 8,
            "power_start_watts": 3.0,
            "power_end_watts": 3.0,
            "ring_size_mm": 3.0,
            "ramp_type": "constant",
        }
    ],
    "safety_limits": {"max_power_watts": 5.0},
}
MOST_TOUCHES = 25
ADMIN_PIN, PIN = "271828", "314159"
SECRET = secret(ADMIN_PIN, PIN, "argon2id")
DATABASE_FILES = {".db", ".db-wal", ".db-shm"}

pytestmark = [
    pytest.mark.process,
    pytest.mark.journey,
    pytest.mark.skipif(bool(missing()), reason=f"needs {', '.join(missing())}"),
]


@pytest.fixture
def place(tmp_path):
    """A data directory whose record knows one short protocol, and a warm simulated cart."""
    config = bundled("simulated.yaml").read_text(encoding="utf-8")
    (tmp_path / "warm.yaml").write_text(config.replace("warm: false", "warm: true"), encoding="utf-8")
    return tmp_path


@pytest.fixture
def panel(place):
    display = Display()
    kiosk = Kiosk(display, place / "data", place / "warm.yaml", place / "test.sock")
    yield Panel(display, place / "test.sock")
    kiosk.close()
    display.close()


def text_of(*parts):
    return lambda seen: any(part in widget["text"] for widget in seen["widgets"] for part in parts)


KEYS = ("F1", "Escape", "F11", "F12", "alt+F4", "ctrl+q", "ctrl+e", "Return", "Tab", "1")


def strike_keys(panel):
    """Strike what Kivy, its modules and a window manager know; nothing on the screen changes."""

    def shown():
        seen = panel.look()
        return [(one["kind"], one["box"], one["state"]) for one in seen["widgets"]]

    before = shown()
    panel.keyboard(*KEYS)
    pause(0.5)
    assert shown() == before


def first_start(panel):
    panel.wait_screen("first_start", 60.0)
    strike_keys(panel)
    panel.pin(ADMIN_PIN, then="Admin PIN again")
    panel.pin(ADMIN_PIN, then="Who will treat?")
    panel.tap("Technician's full name")
    panel.write("Jane Doe")
    panel.tap("Done")
    panel.wait_text("Choose six digits for Jane Doe")
    panel.pin(PIN, then="Technician's PIN again")
    panel.pin(PIN, then="login")


def sign_in(panel):
    panel.tap("Jane Doe")
    panel.pin(PIN, then="patients")


def open_session(panel, patient):
    panel.tap(patient)
    panel.tap("Protocol")
    panel.wait_screen("protocols")
    panel.tap("Eight seconds")
    panel.tap("Treatment")
    panel.wait_screen("treatment")
    panel.tap("HOME STAGE")


def treat(panel, data_dir):
    """Arm, press the pedal, check the record under light, release, press again, and finish."""
    panel.hold("HOLD TO ARM", text_of("laser driver confirms", "Press the pedal"), 60.0)
    panel.wait_text("Press the pedal")
    pause(2.2)  # an edge counts from 2 s after arming on
    panel.press("PEDAL")
    panel.wait_text("LASER EMITTING")
    assert Cart(data_dir).json("db", "check")["ok"] is True
    assert_closed_to_others(data_dir)
    panel.wait_text("00:05")
    panel.lift()
    panel.wait_text("Press the pedal")
    panel.press("PEDAL")
    panel.wait_text("LASER EMITTING")
    panel.wait_text("protocol finished", 20.0)
    panel.lift()
    panel.tap("FINISH")
    panel.wait_screen("summary", 20.0)
    panel.wait_text("COMPLETED")


def test_from_first_start_to_the_record(panel, place, capsys):
    first_start(panel)
    with Database.open(place / "data" / "laser_control.db") as database:
        add_protocol(database)
    sign_in(panel)
    panel.tap("New patient")
    panel.tap("Create")
    panel.wait_text("P-")
    code = panel.wait(
        "the new patient",
        10.0,
        lambda seen: next((w["text"] for w in seen["widgets"] if w["text"].startswith("P-")), None),
    )
    before = panel.touches
    open_session(panel, code)
    treat(panel, place / "data")
    panel.tap("Done")
    panel.wait_screen("patients")
    touches = len("J" + PIN) + panel.touches - before
    with capsys.disabled():
        sys.stdout.write(f"\na treatment of a known patient with a known protocol: {touches} touches\n")
    assert touches <= MOST_TOUCHES
    assert_recorded(place / "data")


def assert_closed_to_others(data_dir):
    """Look at everything that the running processes have made and were given."""
    (session,) = (data_dir / "sessions").iterdir()
    folders = (data_dir, runtime_dir(data_dir), MEMORY / f"tosca-journal-{name_of(session)}")
    assert [f"{path}: {mode:04o}" for path, mode in rights(*folders) if mode] == []
    given = b"\n".join(children(os.getpid()))
    assert given.count(b"--parent") >= 2
    assert not SECRET.search(given)


def add_protocol(database):
    document = {key: value for key, value in PROTOCOL.items() if key != "protocol_name"}
    with database.transaction() as transaction:
        protocols.add(
            transaction,
            PROTOCOL["protocol_name"],
            "constant",
            json.dumps(document),
            datetime.now(UTC),
        )


def assert_recorded(data_dir):
    path = data_dir / "laser_control.db"
    with Database.open(path) as database:
        assert check(database).problems == ()
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(
            "SELECT status, total_energy_joules, total_laser_on_time_seconds, max_power_watts FROM sessions"
        ).fetchall()
        kinds = [kind for (kind,) in raw.execute("SELECT event_type FROM treatment_events")]
        whole = raw.execute("SELECT is_whole, origin FROM session_journals").fetchone()
        everything = "\n".join(raw.iterdump())
    ((status, energy_j, on_s, highest_w),) = rows
    assert status == "completed"
    assert energy_j == pytest.approx(24.0, rel=0.12)
    assert on_s == pytest.approx(8.0, abs=0.6)
    assert highest_w < 3.5
    assert kinds.count("laser_on") == kinds.count("laser_off") == 2
    assert "pause" in kinds
    assert "resume" in kinds
    assert whole == (1, "sim")
    assert PIN not in everything
    assert ADMIN_PIN not in everything
    others = [file for file in data_dir.rglob("*") if file.is_file() and file.suffix not in DATABASE_FILES]
    assert {"log", "sessions"} <= {part for file in others for part in file.parts}
    assert [file for file in others if SECRET.search(file.read_bytes())] == []
    assert len(list((data_dir / "backups").glob("laser_control_*.db"))) == 1
