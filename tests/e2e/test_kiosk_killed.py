"""A cart that loses its computer under light: the next start of the kiosk tells of it."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from benchmarks.rigs.panel import missing
from benchmarks.rigs.running_kiosk import RunningKiosk, kiosk_place
from tests.e2e.treat_bench import rows
from tosca_kiosk.storage import DATABASE_NAME, check, record_to_read

pytestmark = [
    pytest.mark.process,
    pytest.mark.journey,
    pytest.mark.skipif(bool(missing()), reason=f"needs {', '.join(missing())}"),
]

LOGGED = "SELECT * FROM safety_log WHERE session_id = 1 ORDER BY log_id"
EVENTS = "SELECT event_type FROM treatment_events WHERE session_id = 1 ORDER BY event_id"


@pytest.fixture(scope="module")
def data_dir():
    """The record of a session of the real kiosk that was killed under light, and started anew."""
    with kiosk_place() as (folder, display):
        with ExitStack() as stack:
            kiosk = RunningKiosk(folder, display, stack)
            kiosk.sign_in()
            kiosk.open_session()
            kiosk.arm()
            kiosk.treat()
            kiosk.until_control(lambda tick: (tick.measured_w or 0.0) > 1.0)
            kiosk.kill()
        with ExitStack() as stack:
            again = RunningKiosk(folder, display, stack)
            again.until(lambda seen: rows(again.data_dir, LOGGED))
        yield again.data_dir


def test_its_next_start_tells_that_nobody_knows_how_the_light_ended(data_dir):
    [told] = rows(data_dir, LOGGED)
    assert told["description"].startswith("Light not confirmed ended.")
    assert (told["severity"], told["laser_state"]) == ("critical", "on")
    assert json.loads(told["details"])["trigger_source"] == "light_not_confirmed"


def test_its_session_is_closed_with_all_that_was_decided(data_dir):
    [session] = rows(data_dir, "SELECT * FROM sessions")
    assert session["status"] == "aborted"
    assert session["abort_reason"].startswith("light not confirmed ended; ")
    assert session["total_energy_joules"] > 0.0
    [energies] = rows(data_dir, "SELECT * FROM session_energies")
    assert energies["larger_joules"] is None, "nobody knows how much more there was"
    assert "laser_on" in [row["event_type"] for row in rows(data_dir, EVENTS)]
    with record_to_read(data_dir / DATABASE_NAME, print) as database:
        assert check(database).problems == ()
