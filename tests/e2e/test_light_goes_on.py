"""Light that nothing ends: the laser hears nothing any more and the gate relay is welded, at 5 W.

No session ends in it as if all were well: not by waiting, not by a signal, not by the program's end.
"""

from __future__ import annotations

import json
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.standin_kiosk import StandInKiosk
from tests.control.control_bench import running_control
from tests.e2e.treat_bench import (
    PATIENT,
    TECHNICIAN,
    arguments,
    decided_again,
    finish,
    protocol_text,
    rows,
    run,
    start,
    treated,
)
from tests.side_by_side import SideBySide
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.control.controller import CLOSES_WITHIN_S
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.session import back_up, opening, plan_session
from tosca_kiosk.storage import DATABASE_NAME, Database, recover, sessions, users

pytestmark = pytest.mark.slow

WORDS = "light not confirmed ended"
LIGHT_W = 5.0
WAITED_S = 10.0
PINS = {"technician": "314159", "supervisor": "271828"}
"""By username, which is the role's name too."""
DEAF_AND_WELDED = {"laser.wire.deaf": True, "gate.welded": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("given")


@pytest.fixture(scope="module")
def steady(folder) -> Path:
    path = folder / "steady.json"
    path.write_text(protocol_text((3.0, LIGHT_W, LIGHT_W, 3.0)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def goes_on(folder) -> Path:
    """A scenario: one second after the first light nothing ends it any more."""
    path = folder / "goes_on.yaml"
    path.write_text(json.dumps({"events": [{"at": "emission + 1s", **DEAF_AND_WELDED}]}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def seen(new_data_dir, warm, steady, goes_on):
    return treated(new_data_dir(), steady, config=warm, scenario=goes_on)


beside = SideBySide()


@pytest.fixture(scope="module")
def outcome(request, new_data_dir):
    """Each trial's folder is a data directory of the cast."""
    with beside.running(request, new_data_dir) as outcome:
        yield outcome


# --- treat ----------------------------------------------------------------------------------------------


def test_the_session_is_aborted_in_these_words_with_what_came_before_behind_them(seen):
    assert seen.true_power_w[-1] > 0.9 * LIGHT_W, "the light did go on"
    reason = seen.result["abort_reason"]
    assert (seen.result["status"], seen.session["status"]) == ("aborted", "aborted")
    assert reason == seen.session["abort_reason"]
    assert reason.startswith(f"{WORDS}; laser_stale: ")


def test_it_waits_ten_seconds_for_darkness_and_no_longer(seen):
    lit = [decision.state.now_s for decision in seen.decisions if decision.outputs.laser_output]
    assert seen.decisions[-1].state.now_s - lit[-1] == pytest.approx(WAITED_S, abs=0.1)


def test_what_shone_meanwhile_is_in_the_record(seen):
    """Until its last tick: while the ports are closed after it, a third of a second of light falls unseen."""
    until_the_last_tick_j = seen.true_energy_j[-1]
    assert until_the_last_tick_j > LIGHT_W * WAITED_S
    assert seen.result["total_energy_joules"] == pytest.approx(until_the_last_tick_j, rel=0.005)


def test_a_critical_row_says_what_to_do_before_the_next_session(seen):
    row = seen.safety_log()[-1]
    assert (row["severity"], row["event_type"], row["action_taken"]) == (
        "critical", "interlock_failure", "session_closed",
    )  # fmt: skip
    assert row["description"].startswith("Light not confirmed ended. ")
    assert "turn the laser's key off before the next session" in row["description"]


@pytest.mark.process
def test_its_journal_is_whole_and_every_decision_the_same(seen):
    reader, ticks = decided_again(seen.journal)
    assert reader.end is not None
    assert reader.end.summary.abort_reason == seen.result["abort_reason"]
    assert all(tick.line == tick.again for tick in ticks)
    replayed = run("replay", seen.journal.parent, "--json")
    assert (replayed.code, replayed.json["whole"], replayed.json["same"]) == (0, True, True)


@pytest.mark.process
def test_the_command_says_so_and_a_whole_cart_treats_again(data_dir, warm, steady, short, goes_on):
    ended = run(*arguments(data_dir, steady, "--config", warm, "--scenario", goes_on, "--fast", "--json"))
    assert (ended.code, ended.json["status"]) == (1, "aborted")
    assert f"session 1 was aborted: {WORDS}; " in ended.stderr.splitlines()[-1]
    following = run(*arguments(data_dir, short, "--config", warm, "--fast", "--json"))
    assert (following.code, following.json["status"], following.json["session_id"]) == (0, "completed", 2)


def test_a_finished_plan_whose_light_goes_on_is_not_completed(data_dir, warm, short, folder):
    """The fault comes in the instant in which the plan is done: nothing else aborts this session."""
    late = folder / "late.yaml"
    late.write_text(json.dumps({"events": [{"at": "emission + 970ms", **DEAF_AND_WELDED}]}), encoding="utf-8")
    seen = treated(data_dir, short, config=warm, scenario=late)
    assert seen.decisions[-1].state.finished
    assert (seen.result["status"], seen.result["abort_reason"][: len(WORDS)]) == ("aborted", WORDS)


def test_no_session_is_opened_while_darkness_is_not_known(data_dir, warm, short, folder):
    """The photodiode sees light from before the session on, of a laser that says it is off."""
    offset = folder / "offset.yaml"
    offset.write_text(json.dumps({"events": [{"at": "session", "laser.wire.mute": True}]}), encoding="utf-8")
    seen = treated(data_dir, short, config=warm, scenario=offset)
    assert seen.result["status"] == "aborted"
    assert seen.result["abort_reason"].startswith("the session was refused: ")
    assert not any(decision.state.session_open for decision in seen.decisions)


SIGNALS = [(signal.SIGTERM,), (signal.SIGHUP,)]


@pytest.mark.process
@beside.cases(SIGNALS)
def test_a_signal_waits_two_seconds_and_no_ten(data_dir, number):
    warm = warm_config_file(data_dir, "simulated")
    path, scenario = data_dir / "long.json", data_dir / "at_once.yaml"
    path.write_text(protocol_text((60.0, LIGHT_W, LIGHT_W, 3.0)), encoding="utf-8")
    scenario.write_text(
        json.dumps({"events": [{"at": "emission + 100ms", **DEAF_AND_WELDED}]}), encoding="utf-8"
    )
    process = start(*arguments(data_dir, path, "--config", warm, "--scenario", scenario, "--json"))
    assert any("FAULT" in line for line in process.stderr)
    process.send_signal(number)
    ended = finish(process)
    assert_decided_again(data_dir)
    assert (ended.code, ended.json["status"]) == (1, "aborted")
    assert ended.json["abort_reason"].startswith(f"{WORDS}; ")
    [row] = rows(data_dir, "SELECT * FROM safety_log WHERE action_taken = 'session_closed'")
    assert row["severity"] == "critical"
    # Told in the tick of the fault, it waits from that tick on; the last recorded one is a tick short.
    unknown_for_s = json.loads(row["details"])["unknown_for_s"]
    assert unknown_for_s == pytest.approx(CLOSES_WITHIN_S, abs=1.0)


def assert_decided_again(data_dir):
    """Behind a test the journals of its fixture `data_dir` are decided again; these are not in one."""
    [journal] = data_dir.glob(f"sessions/*/{JOURNAL_NAME}")
    assert replay(ChainReader(journal.read_bytes())).difference is None


# --- control --------------------------------------------------------------------------------------------


@contextmanager
def emitting_control(data_dir):
    """Run control with a session of the record under light; yield it and its kiosk."""
    config = warm_config_file(data_dir)
    workplace = Workplace(config, data_dir, as_json=True)
    now = RealClock().utc()
    with workplace.record() as database:
        plan = plan_session(
            database, workplace.config, patient=PATIENT, technician=TECHNICIAN, protocol="Constant 5 W, 60 s"
        )
        with database.transaction() as transaction:
            for name, pin in PINS.items():
                users.set_pin(transaction, users.add(transaction, name, name, name, now), pin, now)
        with opening(
            database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
        ) as opened:
            pass
    # A path short enough for sockets, which the data directory's may not be.
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(config, Path(runtime), data_dir=data_dir) as control,
    ):
        kiosk = StandInKiosk(control.socket_path)
        kiosk.prepare()
        assert kiosk.answer(kiosk.link.open_session(opened.folder, opened.header)).refused is None
        kiosk.arm()
        control.judge.set("pedal.pressed", True)
        kiosk.until(lambda tick: tick.beam == "emitting" and tick.measured_w > 0.9 * LIGHT_W)
        yield control, kiosk
        kiosk.link.close()


def recovered(data_dir):
    with Database.open(data_dir / DATABASE_NAME, create=False) as database:
        recover(database, data_dir, RealClock().utc())
        critical = rows(data_dir, "SELECT * FROM safety_log WHERE action_taken = 'session_closed'")
        closed = sessions.get(database, 1)
    assert_decided_again(data_dir)
    return closed, critical


@pytest.mark.process
@beside.test
def test_control_closes_by_a_supervisors_word_alone_and_the_record_goes_on(data_dir):
    with emitting_control(data_dir) as (control, kiosk):
        for path, value in DEAF_AND_WELDED.items():
            control.judge.set(path, value)
        offered = kiosk.until(lambda tick: tick.key_off_in_s == 0.0)
        assert offered.session_open
        assert offered.dose_j > 0.9 * LIGHT_W * WAITED_S
        assert "read back off" in kiosk.order(CommandType.CLOSE_SESSION)
        assert "close the session first" in kiosk.answer(kiosk.link.end_session(1)).refused
        key_off = CommandType.CONFIRM_KEY_OFF
        assert "supervisor" in kiosk.order(key_off, reason="key out")
        for name, refused in (("technician", "supervisor"), ("supervisor", None)):
            said = kiosk.signed(key_off, name, PINS[name], reason="key out")
            assert said is refused or refused in said
        kiosk.until(lambda tick: not tick.session_open)
        summary = kiosk.answer(kiosk.link.end_session(1)).summary
        assert summary.abort_reason.startswith(f"{WORDS}; laser_stale: ")
    closed, critical = recovered(data_dir)
    assert closed.abort_reason == summary.abort_reason
    [told] = [json.loads(row["details"]) for row in critical]
    assert (told["role"], told["user"]) == ("supervisor", "supervisor")


@pytest.mark.process
@beside.cases(SIGNALS)
def test_control_that_is_told_to_end_in_light_leaves_it_to_recovery(data_dir, number):
    with emitting_control(data_dir) as (control, kiosk):
        for path, value in DEAF_AND_WELDED.items():
            control.judge.set(path, value)
        kiosk.until(lambda tick: tick.phase == "fault")
        control.process.send_signal(number)
        assert control.process.wait(15) == 0
    closed, critical = recovered(data_dir)
    assert (closed.status, closed.abort_reason[: len(WORDS)]) == ("aborted", WORDS)
    assert [(row["severity"], row["session_id"]) for row in critical] == [("critical", 1)]


@pytest.mark.process
@beside.cases(SIGNALS)
def test_control_that_is_told_to_end_and_can_closes_the_session_in_darkness(data_dir, number):
    with emitting_control(data_dir) as (control, _):
        control.process.send_signal(number)
        assert control.process.wait(15) == 0
    closed, critical = recovered(data_dir)
    assert WORDS not in closed.abort_reason
    assert critical == []
