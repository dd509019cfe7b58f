"""Every key of system_config, changed as a user changes it: what runs does otherwise then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from tests.domain import test_safety_limits as edges
from tests.domain.steady_light import INPUTS, NOW_S, STATE
from tests.e2e.treat_bench import PATIENT, TECHNICIAN, Treated, protocol_text, rows, treated
from tosca_kiosk.config import CartConfig, idle_rules, load_config
from tosca_kiosk.domain import beam, light
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.setting_table import SETTINGS, Holds, Setting
from tosca_kiosk.domain.site_limits import ORDERED, ROOM_S
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import earlier_dose, plan_session
from tosca_kiosk.storage import DATABASE_NAME, Database, settings

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DRIFT = """
events:
  - at: emission + 1s
    photodiode.drift: 0.94
"""
"""0.3 W off at 5 W: under the design's 15 %, over 5 %."""


class Site:
    """A cart whose settings are changed by the function that `config set` calls."""

    def __init__(self, database: Database, config: CartConfig) -> None:
        self.database = database
        self.config = config

    def set(self, key: str, value: object) -> None:
        reason = "as tight as it goes"
        settings.change(self.database, key, f"{value}", tech_id=1, reason=reason, now=utc_now())

    @property
    def limits(self) -> Limits:
        """What control holds on the idle cart, and what a session's rules are made of."""
        return idle_rules(self.config, settings.values(self.database)).limits

    def plan_problem(self, protocol: Path) -> str:
        """Why no session of this protocol can be planned, empty where it can."""
        try:
            plan_session(
                self.database, self.config, patient=PATIENT, technician=TECHNICIAN, protocol=str(protocol)
            )
        except DocumentError as error:
            return str(error)
        return ""


@pytest.fixture(scope="module")
def opened(new_data_dir, warm) -> Iterator[Site]:
    with Database.open(new_data_dir() / DATABASE_NAME) as database:
        yield Site(database, load_config(warm))


@pytest.fixture
def site(opened) -> Iterator[Site]:
    """A site at the design's values, and again at its end."""
    yield opened
    for found in settings.states(opened.database):
        if found.stored and found.setting.default is not None and found.value != found.setting.default:
            opened.set(found.key, found.setting.default)


# --- a session of a site that tightened several ---------------------------------------------------------

TIGHTENED = {
    "treatment_loop_frequency_hz": 20,
    "max_power_slew_watts_per_second": 2.0,
    "photodiode_warning_threshold_percent": 5.0,
    "interlock_arm_hold_s": 3.0,
    "session_data_path": "data/elsewhere",
}


@pytest.fixture(scope="module")
def run(new_data_dir, warm, tmp_path_factory) -> Callable[[str], Treated]:
    """Treat 4 s at 5 W with a photodiode that drifts; `tightened` after the keys above were set."""
    folder = tmp_path_factory.mktemp("treat")
    protocol, scenario = folder / "four.json", folder / "drift.yaml"
    protocol.write_text(protocol_text((4.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    scenario.write_text(DRIFT, encoding="utf-8")

    @cache
    def run(which: str) -> Treated:
        data_dir = new_data_dir()
        if which == "tightened":
            with Database.open(data_dir / DATABASE_NAME) as database:
                for key, value in TIGHTENED.items():
                    Site(database, load_config(warm)).set(key, value)
        done = treated(data_dir, protocol, config=warm, scenario=scenario)
        assert done.result["status"] == "completed", done.result
        return done

    return run


def samples_a_second(done: Treated) -> float:
    sql = "SELECT count(*) AS n FROM treatment_events WHERE json_extract(event_details, '$.sample')"
    [row] = rows(done.data_dir, sql)
    sql = "SELECT max(time_offset_ms) - min(time_offset_ms) AS ms FROM treatment_events "
    [lasted] = rows(done.data_dir, f"{sql} WHERE json_extract(event_details, '$.sample')")
    return float(row["n"]) / (lasted["ms"] / 1000.0)


def steepest_w_per_s(done: Treated) -> float:
    """The most that the commanded power rises in half a second, which many set points share."""
    set_w = [decision.state.command_w for decision in done.decisions]
    return max(after - before for before, after in zip(set_w, set_w[50:], strict=False)) / 0.5


def held_s(done: Treated) -> float:
    """How long ARM had been held when it was taken."""
    armed = [
        decision.state.armed_since_s - before.state.hold_since_s
        for before, decision in zip(done.decisions, done.decisions[1:], strict=False)
        if before.state.hold_since_s is not None and decision.state.phase == "armed"
    ]
    return armed[0]


def warned(done: Treated) -> int:
    sql = "SELECT details FROM safety_log WHERE severity = 'warning'"
    return sum('"trigger_source":"photodiode_warning"' in row["details"] for row in rows(done.data_dir, sql))


IN_A_SESSION: dict[str, Callable[[Treated, Treated], bool]] = {
    "treatment_loop_frequency_hz": lambda design, tight: (
        samples_a_second(design) < 11 and samples_a_second(tight) > 19
    ),
    "max_power_slew_watts_per_second": lambda design, tight: (
        steepest_w_per_s(design) > 4.0 and steepest_w_per_s(tight) < 2.5
    ),
    "photodiode_warning_threshold_percent": lambda design, tight: (warned(design), warned(tight)) == (0, 1),
    "interlock_arm_hold_s": lambda design, tight: held_s(design) < 2.0 and held_s(tight) >= 3.0,
    "session_data_path": lambda design, tight: (
        Path(design.result["session_folder"]).parent == design.data_dir / "sessions"
        and Path(tight.result["session_folder"]).parent == tight.data_dir / "elsewhere"
    ),
}


# --- what is seen before a session, and in the parts of a step ------------------------------------------


def refuses_power(site: Site, tmp_path: Path) -> bool:
    file = tmp_path / "six.json"
    file.write_text(protocol_text((4.0, 6.0, 6.0, 3.0)), encoding="utf-8")
    before = site.plan_problem(file)
    site.set("max_laser_power_watts", 5.5)
    return before == "" and "6.0 is over 5.5 W (max_laser_power_watts)" in site.plan_problem(file)


def refuses_duration(site: Site, tmp_path: Path) -> bool:
    file = tmp_path / "long.json"
    file.write_text(protocol_text((61.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    before = site.plan_problem(file)
    site.set("max_treatment_duration_seconds", 60)
    return before == "" and "61.0 is over 60.0 s (max_treatment_duration_seconds)" in site.plan_problem(file)


def asks_about_light(done: Treated) -> bool:
    with Database.open(done.data_dir / DATABASE_NAME) as database:
        before = earlier_dose(database, 1, utc_now())
        key = "earlier_dose_asked_above_joules"
        settings.change(database, key, "1000", tech_id=1, reason="known to all", now=utc_now())
        return before.must_ask and not earlier_dose(database, 1, utc_now()).must_ask


def expected_w(limits: Limits) -> float:
    """The power that is expected 10 ms after a set point was confirmed."""
    of = msgspec.structs.replace(STATE, expected_w=0.0, now_s=NOW_S - 0.01)
    light.account(msgspec.structs.replace(edges.SESSION, limits=limits), of, INPUTS)
    return of.expected_w


def emits_after(limits: Limits, waited_s: float) -> bool:
    of = msgspec.structs.replace(STATE, beam=Beam.STARTING, beam_since_s=NOW_S - waited_s)
    session = msgspec.structs.replace(edges.SESSION, limits=limits)
    return beam.ORDER[Beam.STARTING].after(session, of, INPUTS) is Beam.EMITTING


BY_NOBODY_YET = ("video_fps", "video_resolution")
BEFORE_A_SESSION = {
    "max_laser_power_watts": refuses_power,
    "max_treatment_duration_seconds": refuses_duration,
}
OF_LIGHT = {
    "interlock_light_lag_s": lambda design, tight: expected_w(design) < 4.0 < expected_w(tight),
    "interlock_laser_on_delay_s": lambda design, tight: (
        emits_after(design, 1.0) and not emits_after(tight, 1.0)
    ),
}
EDGES = [edge for edge in edges.TABLE if edge.field not in ("max_power_w", "laser_on_delay_s")]


def tightest(row: Setting) -> float:
    """Return the tightest value that leaves time to the design's value of what it stays under or over."""
    assert row.lowest is not None
    assert row.highest is not None
    for lower, upper in ORDERED:
        if row.key == lower:
            return min(row.highest, SETTINGS[upper].default - ROOM_S)
        if row.key == upper:
            return max(row.lowest, SETTINGS[lower].default + ROOM_S)
    return row.highest if row.default == row.lowest else row.lowest


def accepted(monkeypatch: pytest.MonkeyPatch, limits: Limits, field: str) -> list[bool]:
    """Ask the parts of a step whether they accept what is just inside the design's limit."""
    monkeypatch.setattr(edges, "SESSION", msgspec.structs.replace(edges.SESSION, limits=limits))
    return [edge.passes(edge.inside) for edge in EDGES if edge.field == field]


@pytest.mark.parametrize("key", SETTINGS)
def test_a_key_that_is_changed_is_seen_in_what_runs(key, site, run, tmp_path, monkeypatch):
    row = SETTINGS[key]
    if key in BY_NOBODY_YET:
        assert row.holds is Holds.CAMERA
        return
    assert row.holds is not Holds.CAMERA
    if key in IN_A_SESSION:
        assert IN_A_SESSION[key](run("design"), run("tightened"))
    elif key in BEFORE_A_SESSION:
        assert BEFORE_A_SESSION[key](site, tmp_path)
    elif key == "earlier_dose_asked_above_joules":
        assert asks_about_light(run("design"))
    else:
        design = site.limits
        site.set(key, tightest(row))
        if key in OF_LIGHT:
            assert OF_LIGHT[key](design, site.limits)
            return
        asked = accepted(monkeypatch, design, row.field)
        assert asked
        assert all(asked)
        assert not any(accepted(monkeypatch, site.limits, row.field)), "a tighter limit refuses that"


CONSTANTS = {
    "max_treatment_duration_seconds": "DURATION_KEY",
    "earlier_dose_asked_above_joules": "EARLIER_DOSE_KEY",
    "session_data_path": "session_data_path",
}


def test_a_key_is_read_where_the_table_says_and_one_of_the_camera_nowhere():
    texts = {path: path.read_text("utf-8") for path in (ROOT / "tosca_kiosk").rglob("*.py")}
    for row in SETTINGS.values():
        if row.holds is Holds.CAMERA:
            found = {path.name for path, text in texts.items() if row.key in text}
            assert found <= {"setting_table.py", "20251015_001_initial_schema.py"}
        else:
            assert (row.field or CONSTANTS[row.key]) in texts[ROOT / "tosca_kiosk" / row.reader], row


def test_without_a_limit_of_the_site_any_duration_is_planned(site, tmp_path):
    site.set("max_treatment_duration_seconds", 86_400)
    file = tmp_path / "long.json"
    file.write_text(protocol_text((600.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    assert site.plan_problem(file) == ""
