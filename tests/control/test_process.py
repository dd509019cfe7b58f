"""Control as a process of its own: a kiosk that dies or freezes darkens the light, and control goes on."""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.sessions import constant, session_header, shipped_session_rules
from benchmarks.rigs.standin_kiosk import StandInKiosk
from tests.control.control_bench import running_control, standin_process
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.domain.plan import Override
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.link.messages import Reply, SafetyNotice, SessionEnded
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.storage import Database, recover

pytestmark = pytest.mark.process

KIOSK_LOST_LIMIT_S = 0.5


@pytest.fixture
def runtime():
    """A path short enough for sockets, which tmp_path may not be."""
    path = Path(tempfile.mkdtemp(prefix="tosca-test-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def control(runtime, tmp_path):
    with running_control(warm_config_file(tmp_path), runtime) as running:
        yield running


@pytest.fixture
def kiosk(control):
    made = StandInKiosk(control.socket_path, control.record)
    yield made
    made.link.close()


@contextmanager
def bench(folder):
    """A control, a kiosk that is not connected yet, and a session's folder."""
    session = folder / "session"
    session.mkdir()
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime)) as control,
    ):
        kiosk = StandInKiosk(control.socket_path, control.record)
        yield control, kiosk, session
        kiosk.link.close()


beside = SideBySide(bench)


def treat(control, kiosk, folder):
    """Open a session, and let there be light."""
    kiosk.prepare()
    assert kiosk.open(folder) is None
    kiosk.arm()
    control.judge.set("pedal.pressed", True)
    kiosk.until(lambda tick: tick.beam == "emitting" and tick.measured_w > 4.0)


def read_journal(folder):
    reader = ChainReader((folder / JOURNAL_NAME).read_bytes())
    assert sum(1 for _ in reader.ticks_json()) > 0
    return reader


@beside.test
def test_a_lost_kiosk_darkens_the_light_and_the_next_one_finds_the_session_latched(control, kiosk, folder):
    judge = control.judge
    with standin_process(control, folder) as lost:
        judge.set("pedal.pressed", True)
        assert judge.light_off_after_s(lost.kill) <= KIOSK_LOST_LIMIT_S
    back = StandInKiosk(control.socket_path)
    back.connect()
    assert back.link.hello.session == 1
    found = back.link.latest()
    assert (found.phase, found.faults, found.session_id) == ("fault", ("kiosk_lost",), 1)
    assert found.dose_j > 0.0

    back.wait(0.5)
    assert judge.ask()["true_power_w"] == 0.0, "nothing resumes by itself, though the pedal is still held"
    judge.set("pedal.pressed", False)
    back.go_on()
    back.arm()
    judge.set("pedal.pressed", True)
    back.until(lambda tick: tick.beam == "emitting" and tick.measured_w > 4.0)
    assert judge.light_off_after_s(lambda: None) <= KIOSK_LOST_LIMIT_S, "no heartbeat comes meanwhile"
    back.until(lambda tick: tick.phase == "fault")

    ended = back.close_session("kiosk lost twice")
    assert isinstance(ended, SessionEnded)
    assert ended.summary.status == "aborted"
    assert ended.summary.abort_reason.startswith("kiosk_lost")
    reader = read_journal(folder)
    assert reader.end.summary == ended.summary
    assert reader.header.devices["laser"]["serial_number"] == "SIM-LASER"
    back.link.close()


@beside.test
def test_a_frozen_kiosk_darkens_the_light_and_is_told_when_it_thaws(control, kiosk, folder):
    judge = control.judge
    with standin_process(control, folder) as frozen:
        judge.set("pedal.pressed", True)
        try:
            assert judge.light_off_after_s(lambda: frozen.send_signal(signal.SIGSTOP)) <= KIOSK_LOST_LIMIT_S
        finally:
            frozen.send_signal(signal.SIGCONT)
        other = StandInKiosk(control.socket_path)
        other.frame()
        other.frame()
        assert other.link.problem == "another kiosk is connected", "the thawed one kept its place"
        other.link.close()
        control.process.send_signal(signal.SIGTERM)
        assert control.process.wait(15) == 0
    assert read_journal(folder).end.summary.abort_reason.startswith("kiosk_lost")


@beside.test
def test_a_kiosk_that_comes_back_while_nothing_is_armed_finds_the_session_as_it_was(control, kiosk, folder):
    kiosk.prepare()
    assert kiosk.open(folder) is None
    kiosk.link.close()
    back = StandInKiosk(control.socket_path)
    back.connect()
    assert back.link.hello.session == 1
    shown = back.until(lambda tick: "kiosk_lost" not in tick.refusals)
    assert (shown.phase, shown.faults, shown.session_id) == ("ready", (), 1)
    assert back.close_session("not begun").summary.abort_reason == "not begun"
    back.link.close()


@beside.test
def test_a_runtime_folder_that_is_removed_under_light_is_a_fault_by_name(control, kiosk, folder):
    treat(control, kiosk, folder)
    runtime = control.runtime
    away = runtime.with_name(f"{runtime.name}-away")
    runtime.rename(away)
    try:
        lost = kiosk.until(lambda tick: tick.phase == "fault")
        assert lost.faults == ("runtime",)
        kiosk.until(lambda tick: tick.measured_w < 0.1)
        runtime.mkdir()
        kiosk.wait(1.0)
        assert "runtime" in kiosk.link.latest().refusals, "another folder of that name is not that one"
    finally:
        runtime.rmdir()
        away.rename(runtime)
    control.judge.until(lambda answer: answer["true_power_w"] == 0.0)
    assert kiosk.close_session().summary.abort_reason.startswith("runtime: The folder in which")


@beside.test
def test_a_session_folder_that_is_removed_under_light_is_a_fault_and_control_goes_on(control, kiosk, folder):
    treat(control, kiosk, folder)
    shutil.rmtree(folder)
    assert kiosk.until(lambda tick: tick.phase == "fault").faults == ("journal",)
    control.judge.until(lambda answer: answer["true_power_w"] == 0.0)
    ended = kiosk.close_session()
    assert isinstance(ended, SessionEnded)
    assert f"{folder}: not written (removed or replaced while in use)" in ended.missing
    assert ended.summary.abort_reason == "journal: The record could not be written."
    assert ended.summary.energy_j > 0.0
    notices = [notice for notice in kiosk.notices if isinstance(notice, SafetyNotice)]
    told = [event for notice in notices for event in notice.events if event.severity == "critical"]
    assert [event.details["trigger_source"] for event in told] == ["journal"]
    kiosk.until(lambda tick: tick.session_id is None)


@beside.test
def test_a_treatment_from_homing_to_the_ended_journal(control, kiosk, folder):
    kiosk.prepare()
    assert kiosk.open(folder, duration_s=1.0) is None
    kiosk.arm()
    control.judge.set("pedal.pressed", True)
    kiosk.until(lambda tick: tick.finished)
    ended = kiosk.close_session()
    assert ended.summary.status == "completed"
    assert ended.summary.energy_j == pytest.approx(control.judge.ask()["true_energy_j"], rel=0.05)
    assert read_journal(folder).end.summary == ended.summary
    kiosk.until(lambda tick: tick.session_id is None)


@beside.test
def test_whatever_a_kiosk_overrides_control_keeps_to_its_limits_and_tells_the_plan_in_force(
    control, kiosk, folder
):
    def asked(value, kind=CommandType.POWER_OVERRIDE, **more):
        return kiosk.order(kind, value=value, **{"user": "anna", "reason": "patient tolerance", **more})

    kiosk.prepare()
    assert kiosk.open(folder, duration_s=3.0) is None
    kiosk.arm()
    control.judge.set("pedal.pressed", True)
    kiosk.until(lambda tick: tick.elapsed_s > 0.5)
    assert asked(4.0) == "the power is overridden in a pause alone"
    assert kiosk.order(CommandType.PAUSE) is None
    control.judge.set("pedal.pressed", False)
    paused = kiosk.until(lambda tick: tick.phase == "ready")
    assert (paused.planned_j, paused.overrides) == (15.0, ())
    limit_w = paused.power_limit_w
    for value in (limit_w + 0.01, 50.0, 1e300, 0.0, -4.0):
        assert asked(value).endswith(f"over 0 to {limit_w:.2f} W allowed"), value
    assert asked(None) == "say the new power in W"
    assert asked(9.0, CommandType.RING_OVERRIDE) == "9 mm asked, 2 to 4 mm allowed"
    assert asked(4.0, reason="  ") == "say why: an override needs a reason"
    assert asked(4.0, user="").startswith("say who overrides")
    assert kiosk.order(CommandType.AIMING_ON, value=4.0) == "a value and a user go with an override alone"
    assert kiosk.link.latest().overrides == ()
    assert asked(4.0) is None
    told = kiosk.until(lambda tick: tick.overrides)
    assert told.overrides == (Override(elapsed_s=paused.elapsed_s, power_w=4.0),)
    assert told.planned_j == pytest.approx(15.0 - (3.0 - paused.elapsed_s))
    kiosk.arm()
    control.judge.set("pedal.pressed", True)
    kiosk.until(lambda tick: tick.finished)
    true_j = control.judge.ask()["true_energy_j"]
    ended = kiosk.close_session()
    assert (ended.summary.status, true_j <= 1.05 * told.planned_j) == ("completed", True)
    lines = ChainReader((folder / JOURNAL_NAME).read_bytes()).ticks_json()
    events = [event for line in lines for event in msgspec.json.decode(line, type=TickLine).e]
    rows = [event.details for event in events if "override" in str(event.details.get("action"))]
    assert ["refused" in row for row in rows] == [True] * (len(rows) - 1) + [False]
    assert (rows[-1]["old_value"], rows[-1]["new_value"], rows[-1]["user"]) == (5.0, 4.0, "anna")


@beside.test
def test_a_session_on_a_cart_that_was_not_tested_is_refused_by_name(control, kiosk, folder):
    kiosk.connect()
    kiosk.until(lambda tick: all(device.state == "ready" for device in tick.devices))
    assert kiosk.order(CommandType.HOME_STAGE) is None
    kiosk.until(lambda tick: tick.stage_homed)
    kiosk.wait(1.0)
    refused = kiosk.open(folder) or ""
    assert "No self-test of this cart counts." in refused


@beside.test
def test_a_check_that_failed_takes_the_self_test_back(control, kiosk, folder):
    kiosk.prepare()
    number = kiosk.link.doubt_self_test("the light is 40 % off what is calibrated")
    assert kiosk.answer(number).refused is None
    assert "the light is 40 % off what is calibrated" in kiosk.open(folder)


@beside.test
def test_what_does_not_fit_the_session_is_refused_with_the_reason(control, kiosk, folder):
    kiosk.prepare()
    link = kiosk.link
    rules = shipped_session_rules(constant(5.0, 10.0, ring_size_mm=2.0))
    loose = msgspec.structs.replace(rules, limits=msgspec.structs.replace(rules.limits, operator_fresh_s=9.0))
    foreign = msgspec.structs.replace(
        rules,
        calibrations=msgspec.structs.replace(
            rules.calibrations,
            power=msgspec.structs.replace(rules.calibrations.power, device_serial_number="OTHER"),
        ),
    )
    unplanned = msgspec.structs.replace(rules, protocol=None)
    far = msgspec.structs.replace(rules, travel_min_um=-1000.0, travel_max_um=1e6)

    def refused(number):
        return kiosk.answer(number).refused

    assert "operator_fresh_s: 9 given" in refused(link.open_session(folder, session_header(loose)))
    assert "travel_min_um: -1000 given" in refused(link.open_session(folder, session_header(far)))
    assert "is of laser OTHER, connected is laser SIM-LASER" in refused(
        link.open_session(folder, session_header(foreign))
    )
    assert "cannot be made (No such file or directory), so there is no journal" in refused(
        link.open_session(folder.with_name("none"), session_header(rules))
    )
    calibrating = msgspec.structs.replace(session_header(rules), work="calibration")
    assert "work: calibration given with the rules of a treatment" in refused(
        link.open_session(folder, calibrating)
    )
    assert "no protocol was chosen" in refused(link.open_session(folder, session_header(unplanned)))
    assert "no protocol was chosen" in read_journal(folder).end.summary.abort_reason
    assert "control has no session" in refused(link.order(CommandType.PAUSE, 5))
    assert "meant for session 5" in refused(link.end_session(5))
    assert "meant for calibration session 5, control has no session" in refused(
        link.order(CommandType.PAUSE, None, calibration=5)
    )
    assert "by its own request" in refused(link.order(CommandType.OPEN_SESSION, None))

    other = folder.with_name("other")
    other.mkdir()
    assert kiosk.open(other, number=2) is None
    assert "session 2 is not ended yet" in refused(link.open_session(folder, session_header(rules, 3)))
    assert "meant for session 1" in refused(link.order(CommandType.CLOSE_SESSION, 1))
    assert "close the session first" in refused(link.end_session(2))
    for meant in ({"session": None, "calibration": 2}, {"session": 2, "calibration": 2}):
        assert "control has session 2" in refused(link.order(CommandType.CLOSE_SESSION, **meant))
        assert "control has session 2" in refused(link.end_session(**meant))
    assert kiosk.answer(link.order(CommandType.STOP, 1)) == Reply(link._number, None)
    kiosk.until(lambda tick: tick.faults == ("screen",))
    kiosk.close_session("seen enough")
    lines = ChainReader((other / JOURNAL_NAME).read_bytes()).ticks_json()
    events = [event for line in lines for event in msgspec.json.decode(line, type=TickLine).e]
    refused_actions = [event.details["action"] for event in events if "refused" in event.details]
    assert refused_actions[:3] == ["open", "close_session", "end"], (
        "what is refused in a session is in its journal"
    )


@beside.test
def test_control_that_is_stopped_while_a_session_is_open_ends_its_journal(control, kiosk, folder):
    kiosk.prepare()
    assert kiosk.open(folder) is None
    control.process.send_signal(signal.SIGTERM)
    assert control.process.wait(15) == 0
    assert read_journal(folder).end.summary.abort_reason == "control was stopped"
    kiosk.until(lambda tick: tick is None)
    assert list(control.runtime.iterdir()) == [control.judge._own_path], "socket and ring are gone"


def test_a_killed_control_is_seen_at_once_and_its_successor_takes_the_path_over(
    control, kiosk, runtime, tmp_path
):
    kiosk.connect()
    control.process.kill()
    control.process.wait()
    kiosk.link.poll()
    assert not kiosk.link.connected
    assert kiosk.link.latest() is None
    assert kiosk.link.problem == "the other side closed the connection"
    with running_control(warm_config_file(tmp_path), runtime):
        kiosk.connect()
        assert kiosk.link.hello.session is None
        assert len(list(runtime.glob("telemetry-*"))) == 1


def test_what_happens_outside_a_session_waits_for_the_kiosk(control):
    control.judge.set("stop_loop.closed", False)
    kiosk = StandInKiosk(control.socket_path)
    kiosk.until(lambda tick: tick is not None and "stop_loop" in tick.faults)
    kiosk.until(lambda tick: any(isinstance(notice, SafetyNotice) for notice in kiosk.notices))
    (notice,) = [notice for notice in kiosk.notices if isinstance(notice, SafetyNotice)]
    assert [event.event_type for event in notice.events] == ["e_stop_pressed"]
    kiosk.link.close()


PARENT = """
import os, subprocess, sys
command = [sys.executable, "-m", "tosca_kiosk", "control", "--config", sys.argv[1], "--runtime", sys.argv[2]]
control = subprocess.Popen([*command, "--parent", str(os.getpid())], stdout=subprocess.PIPE, text=True)
control.stdout.readline()
print(control.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_control_ends_when_its_supervisor_is_killed(runtime, tmp_path):
    command = [sys.executable, "-c", PARENT, str(warm_config_file(tmp_path)), str(runtime)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        watched = os.pidfd_open(int(parent.stdout.readline()))
        assert parent.wait(10) == -signal.SIGKILL
    assert select.select([watched], (), (), 15.0)[0], "control outlived its supervisor"
    os.close(watched)
    assert not list(runtime.iterdir())


def test_a_fault_without_a_session_leaves_its_wire_trace_in_the_given_folder(runtime, tmp_path):
    folder = tmp_path / "traces"
    with running_control(warm_config_file(tmp_path), runtime, "--traces", str(folder)) as control:
        clock = RealClock()
        control.judge.set("stop_loop.closed", False)
        deadline_s = clock.now_s() + 10.0
        while not list(folder.glob("*_stop_loop.txt")) and clock.now_s() < deadline_s:
            clock.sleep_until(clock.now_s() + 0.02)
        control.process.send_signal(signal.SIGTERM)
        control.process.wait(timeout=10.0)
    (saved,) = folder.glob("*_stop_loop.txt")
    assert "LAS:OUT 0" in saved.read_text(encoding="utf-8")


@beside.test
def test_control_that_is_killed_under_light_leaves_a_row_at_the_next_start(control, kiosk, folder):
    """The next start finds the session's folder by its row, and closes it from what memory has."""
    treat(control, kiosk, folder)
    control.process.kill()
    control.process.wait()
    with Database.open(control.record.path) as database:
        with database.transaction() as transaction:
            of_header = {"tech_id": 1, "start_time": datetime(2026, 1, 1, tzinfo=UTC)}
            transaction.update("sessions", {"session_id": 1}, session_folder_path=str(folder), **of_header)
            transaction.insert("session_journals", session_id=1, origin="sim")
        [closed] = recover(database, folder, RealClock().utc())
        [told] = database.find("safety_log", session_id=1, severity="critical")
    assert closed.abort_reason.startswith("light not confirmed ended")
    assert (told["laser_state"], told["system_state"]) == ("on", "treating")
