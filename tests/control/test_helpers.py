"""What control asks about the record: nothing is armed before the answer, and nothing waits for it."""

import os
import signal
import sqlite3
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.sessions import constant, session_header
from benchmarks.rigs.standin_kiosk import HOLD_S, StandInKiosk
from benchmarks.rigs.standin_record import (
    SUPERVISOR,
    SUPERVISOR_PIN,
    TECHNICIAN,
    TECHNICIAN_PIN,
    StandInRecord,
)
from tests.control.control_bench import running_control
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.link.messages import PinTried
from tosca_kiosk.machine.clock import RealClock, utc_now
from tosca_kiosk.storage import Database, settings

pytestmark = pytest.mark.process

WRONG_PINS = ("806917", "806918")
ODD = Path(__file__).with_name("odd_helper.py")


beside = SideBySide()


@contextmanager
def connected(folder, helper=None):
    """A control with a kiosk at it."""
    # A path short enough for sockets, which the folder's may not be.
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime), helper=helper) as control,
    ):
        kiosk = StandInKiosk(control.socket_path, control.record)
        kiosk.connect()
        kiosk.control = control
        yield kiosk
        kiosk.link.close()


@contextmanager
def prepared(folder, helper=None):
    """A control whose cart is homed and tested, with a kiosk at it."""
    with connected(folder, helper) as kiosk:
        kiosk.prepare()
        yield kiosk


def hold_arm(kiosk):
    """Hold ARM once; return why control refused, None when it is armed."""
    assert kiosk.order(CommandType.BEGIN_ARM) is None
    kiosk.wait(HOLD_S)
    return kiosk.order(CommandType.ARM)


def judged(kiosk):
    """Wait until the record was asked and nothing but its answer refuses arming."""
    return kiosk.until(
        lambda tick: set(tick.refusals) <= {"rules"} and "not compared" not in str(tick.rules_problem)
    ).rules_problem


def stays_dark(kiosk):
    kiosk.control.judge.set("pedal.pressed", True)
    kiosk.wait(0.5)
    dark = kiosk.control.judge.ask()["true_energy_j"] == 0.0
    kiosk.control.judge.set("pedal.pressed", False)
    kiosk.wait(0.3)
    return dark


def ticks(folder):
    return [
        msgspec.json.decode(line, type=TickLine)
        for line in ChainReader((folder / JOURNAL_NAME).read_bytes()).ticks_json()
    ]


@beside.test
def test_a_record_that_cannot_be_read_refuses_arming_by_name_until_it_can(folder):
    with prepared(folder) as kiosk:
        path = kiosk.record.path
        # Locked by a program that writes, and by one that keeps even readers off.
        for number, locking in enumerate(("NORMAL", "EXCLUSIVE"), start=1):
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                inner = folder / locking
                inner.mkdir()
                rules = kiosk.record.session(number, plan())
                other.execute(f"PRAGMA locking_mode={locking}")
                other.execute("BEGIN IMMEDIATE")
                other.execute("UPDATE patients SET notes = 'x'")
                assert open_with(kiosk, inner, number, rules) is None
                held = {"NORMAL": "is being written by process", "EXCLUSIVE": "locked"}[locking]
                assert held in judged(kiosk)
                refused = hold_arm(kiosk)
                assert held in refused
                assert "not known to be those of the record" in refused
                assert stays_dark(kiosk)
            assert hold_arm(kiosk) is None, "it is looked at again when somebody holds ARM"
            assert kiosk.order(CommandType.PAUSE) is None
            kiosk.close_session("tried")

        rules = kiosk.record.session(3, plan())
        path.rename(path.with_suffix(".away"))
        assert open_with(kiosk, folder, 3, rules) is None
        assert "there is no database" in judged(kiosk)
        assert "there is no database" in hold_arm(kiosk)
        assert stays_dark(kiosk)
        path.with_suffix(".away").rename(path)
        assert hold_arm(kiosk) is None
        kiosk.order(CommandType.PAUSE)
        kiosk.close_session("tried")
    said = [tick.i.rules_problem for tick in ticks(folder)]
    assert "not compared" in said[0]
    assert any("there is no database" in str(problem) for problem in said), "what was known is in the journal"
    assert said[-1] is None


def plan():
    return constant(5.0, 600.0, ring_size_mm=2.0)


def open_with(kiosk, folder, number, rules):
    return kiosk.answer(kiosk.link.open_session(folder, session_header(rules, number))).refused


@beside.cases(
    [
        ("dies", "died: SIGKILL"),
        ("makes a mistake", "died: exit code 2"),
        ("is slow", "later than 2 s"),
        ("freezes", "later than 2 s"),
    ],
)
def test_a_helper_that_gives_no_answer_refuses_arming_by_name(folder, way, named):
    right_again = folder / "right again"
    helper = [sys.executable, str(ODD), way, str(right_again)]
    with prepared(folder, helper) as kiosk:
        assert kiosk.open(folder) is None
        assert named in judged(kiosk)
        assert named in hold_arm(kiosk) or way in ("is slow", "freezes")
        assert stays_dark(kiosk)
        right_again.touch()
        kiosk.until(lambda tick: "not compared" not in str(tick.rules_problem))
        assert hold_arm(kiosk) is None
        kiosk.order(CommandType.PAUSE)
        kiosk.close_session("tried")
    assert max(tick.i.late_s for tick in ticks(folder)) < 0.1, "no tick waited"


def waiting_process(kiosk):
    """Return the process that waits beside control to start helpers."""
    control = kiosk.control.process.pid
    (child,) = Path(f"/proc/{control}/task/{control}/children").read_text().split()
    return int(child)


@beside.cases([(signal.SIGKILL, "has died"), (signal.SIGSTOP, "later than 2 s")])
def test_the_process_that_starts_helpers_is_started_again(folder, number, named):
    with prepared(folder) as kiosk:
        first = waiting_process(kiosk)
        os.kill(first, number)
        assert kiosk.open(folder) is None
        assert named in judged(kiosk)
        kiosk.order(CommandType.BEGIN_ARM)
        kiosk.until(lambda tick: tick.rules_problem is None)
        assert waiting_process(kiosk) != first
        assert os.sched_getscheduler(waiting_process(kiosk)) == os.SCHED_OTHER
        kiosk.order(CommandType.CANCEL_ARM)
        assert hold_arm(kiosk) is None
        kiosk.order(CommandType.PAUSE)
        kiosk.close_session("tried")


@beside.test
def test_a_difference_stays_however_often_arm_is_held(folder):
    with prepared(folder) as kiosk:
        rules = kiosk.record.session(1, plan())
        tighter = msgspec.structs.replace(rules.limits, max_power_w=9.0)
        lying = msgspec.structs.replace(rules, limits=tighter, power_limit_w=9.0)
        named = "limits.max_power_w: 9 given, the record says 10"
        assert named in rules_difference(lying, rules)
        assert open_with(kiosk, folder, 1, lying) is None
        assert named in judged(kiosk)
        for _ in range(2):
            assert named in hold_arm(kiosk)
        assert stays_dark(kiosk)
        kiosk.close_session("refused")


@beside.test
def test_without_a_helper_nothing_is_armed(folder):
    with prepared(folder, helper=()) as kiosk:
        assert kiosk.open(folder) is None
        assert "without the helper" in judged(kiosk)
        assert "without the helper" in hold_arm(kiosk)
        assert stays_dark(kiosk)
        kiosk.close_session("refused")


@beside.test
def test_a_sites_limit_holds_on_the_idle_cart_and_a_change_in_a_session_from_the_next_one(folder):
    def hold_arm_for(seconds):
        with Database.open(record.path) as database, database.transaction() as transaction:
            settings.put(transaction, "interlock_arm_hold_s", seconds, utc_now())

    record = StandInRecord(warm_config_file(folder), folder / "data")
    hold_arm_for(1.8)
    with connected(folder) as kiosk:
        kiosk.until(lambda tick: tick.arm_hold_s == 1.8)
        kiosk.prepare()
        assert kiosk.open(folder) is None
        assert judged(kiosk) is None
        hold_arm_for(2.5)
        assert hold_arm(kiosk) == "hold for 1.8 s to arm"
        assert kiosk.link.latest().arm_hold_s == 1.8
        kiosk.close_session("held too short")
        kiosk.until(lambda tick: tick.arm_hold_s == 2.5)


# --- whoever resets -------------------------------------------------------------------------------------


def fault(kiosk):
    """Latch a fault that a supervisor resets, its cause gone."""
    kiosk.control.judge.set("stop_loop.closed", False)
    kiosk.until(lambda tick: "stop_loop" in tick.faults)
    kiosk.control.judge.set("stop_loop.closed", True)
    kiosk.until(lambda tick: not tick.standing)


@beside.test
def test_a_supervisor_resets_by_a_pin_that_control_has_looked_at(folder):
    with prepared(folder) as kiosk:
        assert kiosk.open(folder) is None
        fault(kiosk)
        sign = lambda user, pin: kiosk.signed(CommandType.ACKNOWLEDGE, user, pin)  # noqa: E731
        assert kiosk.order(CommandType.ACKNOWLEDGE) == "a supervisor must reset this"
        assert sign(TECHNICIAN, TECHNICIAN_PIN) == "a supervisor must reset this"
        assert sign("nobody", SUPERVISOR_PIN) == "Wrong PIN. Try again."
        assert sign(SUPERVISOR, WRONG_PINS[0]) == "Wrong PIN. Try again."
        assert sign(SUPERVISOR, WRONG_PINS[1]) == "2 wrong PINs in a row."
        assert sign(SUPERVISOR, SUPERVISOR_PIN).startswith("2 wrong PINs in a row: wait "), "not looked at"
        assert kiosk.link.latest().phase == "fault"
        kiosk.wait(2.1)
        assert sign(SUPERVISOR, SUPERVISOR_PIN) is None
        kiosk.until(lambda tick: tick.phase == "ready")
        kiosk.close_session("seen enough")
    tried = [
        (each.username, each.looked_at, each.right) for each in kiosk.notices if isinstance(each, PinTried)
    ]
    assert tried == [
        (TECHNICIAN, True, True),
        ("nobody", True, False),
        (SUPERVISOR, True, False),
        (SUPERVISOR, True, False),
        (SUPERVISOR, False, False),
        (SUPERVISOR, True, True),
    ]
    commands = [command for tick in ticks(folder) for command in tick.i.commands]
    resets = [(one.user, one.role) for one in commands if one.type is CommandType.ACKNOWLEDGE]
    assert resets == [(None, "technician"), (TECHNICIAN, "technician"), (SUPERVISOR, "supervisor")]
    said = [f"{tick.i.commands} {tick.i.turned_away} {tick.e} {tick.s}" for tick in ticks(folder)]
    assert any(SUPERVISOR in text for text in said)
    assert not any(pin in text for text in said for pin in (SUPERVISOR_PIN, TECHNICIAN_PIN, *WRONG_PINS))


@beside.test
def test_a_pin_stands_in_no_command_line_and_no_environment(folder):
    helper = [sys.executable, str(ODD), "is slow", str(folder / "never")]
    with connected(folder, helper) as kiosk:
        fault(kiosk)
        kiosk.link.signed_order(CommandType.ACKNOWLEDGE, None, SUPERVISOR, SUPERVISOR_PIN)
        kiosk.wait(0.5)
        seen = [
            (path / name).read_bytes()
            for path in Path("/proc").glob("[0-9]*")
            if path.name != str(os.getpid())
            for name in ("cmdline", "environ")
            if readable(path / name)
        ]
        assert seen
        assert not any(SUPERVISOR_PIN.encode() in text for text in seen)


def readable(path):
    try:
        return path.read_bytes() is not None
    except OSError:
        return False


@beside.test
def test_stop_waits_for_no_pin_and_a_pin_that_nobody_looks_at_is_no_reset(folder):
    helper = [sys.executable, str(ODD), "is slow", str(folder / "never")]
    with connected(folder, helper) as kiosk:
        clock = RealClock()
        fault(kiosk)
        link = kiosk.link
        number = link.signed_order(CommandType.ACKNOWLEDGE, None, SUPERVISOR, SUPERVISOR_PIN)
        began_s, before = clock.now_s(), kiosk.link.latest().tick
        assert kiosk.order(CommandType.STOP) is None
        assert kiosk.signed(CommandType.STOP, SUPERVISOR, "no PIN") is None
        assert clock.now_s() - began_s < 1.0
        assert "another PIN is being checked" in kiosk.signed(CommandType.ACKNOWLEDGE, SUPERVISOR, "000000")
        refused = kiosk.answer(number).refused
        assert "the PIN was not checked" in refused
        assert "later than 2 s" in refused
        elapsed = clock.now_s() - began_s
        assert kiosk.link.latest().tick - before > 70 * elapsed, "the ticks went on"
        assert kiosk.link.latest().faults[0] == "stop_loop"


@beside.test
def test_a_signature_counts_for_nothing_that_came_after_it(folder):
    """While a helper looks at the PIN of who saw one fault, somebody presses STOP: he did not see that."""
    with connected(folder) as kiosk:
        fault(kiosk)
        number = kiosk.link.signed_order(CommandType.ACKNOWLEDGE, None, SUPERVISOR, SUPERVISOR_PIN)
        assert kiosk.order(CommandType.STOP) is None
        again = kiosk.link.signed_order(CommandType.ACKNOWLEDGE, None, SUPERVISOR, SUPERVISOR_PIN)
        assert "latched since this was signed" in kiosk.answer(number).refused
        assert "another PIN is being checked" in kiosk.answer(again).refused
        assert "screen" in kiosk.link.latest().faults


@beside.test
def test_nobody_signs_while_armed(folder):
    with prepared(folder) as kiosk:
        assert kiosk.open(folder) is None
        kiosk.arm()
        refused = kiosk.signed(CommandType.ACKNOWLEDGE, SUPERVISOR, SUPERVISOR_PIN)
        assert refused == "pause the treatment first"
        kiosk.order(CommandType.PAUSE)
        kiosk.close_session("tried")
