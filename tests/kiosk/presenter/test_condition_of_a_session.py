"""What stands before a session: the self-test that the screen asks for by itself, and what it warns of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kiosk.presenter.control_end import ControlEnd
from tests.kiosk.presenter.desk_bench import Desk
from tests.kiosk.screens.cast import in_session, telemetry
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.link.messages import OpenSession, Reply
from tosca_kiosk.link.telemetry import SelfTestShown
from tosca_kiosk.session import OVERDUE
from tosca_kiosk.storage import calibrations

UNTESTED = SelfTestShown(0, "It was not tested since control was started.", 39)
UNDER_WAY = SelfTestShown(1, "The test is under way.", 39, 12, "watching at rest")
BROKEN_OFF = SelfTestShown(1, "The test was broken off: something else was asked.", 39)
FAILED = SelfTestShown(
    1,
    "board: pedal up: pressed; Take the foot off. laser: output off: ...",
    39,
    failed=("board: pedal up. Take the foot off.", "laser: output off. Call service."),
)
PASSED = SelfTestShown(1, None, 39)


def asked_tests(desk: Desk) -> int:
    desk.control.poll()
    orders = [getattr(request, "command", None) for request in desk.control.requests]
    return orders.count(CommandType.RUN_SELF_TEST)


def opens(desk: Desk) -> bool:
    return any(isinstance(request, OpenSession) for request in desk.control.requests)


@pytest.fixture
def asked(chosen: Desk) -> Desk:
    """A homed cart that has never been tested; the screen has asked for its test."""
    chosen.cart = telemetry(self_test=UNTESTED)
    chosen.settle()
    assert asked_tests(chosen) == 1
    chosen.control.say(Reply(chosen.control.poll().id, None))
    return chosen


def test_the_screen_asks_for_the_test_once_and_opens_when_it_has_passed(asked: Desk) -> None:
    assert not opens(asked)
    asked.cart = telemetry(self_test=UNDER_WAY)
    asked.settle()
    assert (asked_tests(asked), opens(asked)) == (1, False)
    asked.cart = telemetry(self_test=PASSED)
    asked.settle()
    assert (asked_tests(asked), opens(asked)) == (1, True)


@pytest.mark.parametrize(
    ("ended", "said"),
    [(FAILED, "board: pedal up. Take the foot off. (+1 more)"), (BROKEN_OFF, BROKEN_OFF.problem)],
)
def test_what_the_test_has_found_is_said_and_it_is_made_again_when_the_operator_says_so(
    asked: Desk, ended: SelfTestShown, said: str
) -> None:
    asked.cart = telemetry(self_test=UNDER_WAY)
    asked.settle()
    asked.cart = telemetry(self_test=ended)
    state = asked.settle()
    assert state.course.refused == said
    assert (asked_tests(asked), opens(asked)) == (1, False)
    asked.presenter.part(Treatment).retry()
    asked.settle()
    assert asked_tests(asked) == 2


def test_no_test_is_asked_before_the_stage_knows_its_index(chosen: Desk) -> None:
    chosen.cart = telemetry(self_test=UNTESTED, stage_homed=False)
    chosen.settle()
    assert asked_tests(chosen) == 0


def test_a_test_of_which_nothing_is_known_opens_nothing(chosen: Desk) -> None:
    chosen.cart = telemetry(self_test=None)
    chosen.settle()
    assert (asked_tests(chosen), opens(chosen)) == (0, False)


@pytest.mark.parametrize(
    ("aiming", "wish"),
    [
        (False, CommandType.AIMING_ON),
        (True, CommandType.AIMING_OFF),
        (None, CommandType.AIMING_OFF),
    ],
)
def test_the_aiming_beam_is_switched_from_what_the_board_reads_back(
    opened: Desk, aiming: bool | None, wish: CommandType
) -> None:
    opened.cart = in_session(session_id=1, aiming=aiming)
    opened.turn()
    opened.presenter.part(Treatment).switch_aiming()
    assert opened.control.poll().command is wish


def make_overdue(desk: Desk, days: int) -> None:
    """Date every calibration in use so many days back."""
    database = desk.record.database
    with database.transaction() as transaction:
        for row in calibrations.history(database):
            transaction.update(
                "calibrations",
                {"calibration_id": row.calibration_id},
                calibration_date=datetime.now(UTC) - timedelta(days=days),
            )


@pytest.mark.parametrize(("days", "warns"), [(364, False), (366, True), (-2, True)])
def test_an_overdue_calibration_is_an_alarm_before_arming_and_a_line_of_the_safety_log(
    chosen: Desk, days: int, warns: bool
) -> None:
    make_overdue(chosen, days)
    chosen.cart = telemetry()
    chosen.settle()
    chosen.cart = in_session(session_id=1)
    state = chosen.reply()
    assert state.course.opening is Opening.OPEN, "it never refuses"
    assert (OVERDUE in chosen.sources()) == warns
    assert state.course.overdue == warns
    logged = chosen.record.database.find("safety_log", session_id=1)
    assert len(logged) == (3 if warns else 0)
    assert all((row["event_type"], row["severity"]) == ("interlock_failure", "warning") for row in logged)


def test_a_control_that_may_be_delayed_stands_among_the_alarms(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.control.close()
    desk.control = ControlEnd(tmp_path, details={"delayed": "Its memory is not locked."})
    desk.settle()
    (alarm,) = [alarm for alarm in desk.state.alarms if alarm.source == "real_time"]
    assert alarm.what == "Control may be delayed by other programs. Its memory is not locked."
    desk.close()
