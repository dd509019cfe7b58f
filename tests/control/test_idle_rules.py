"""A site's limits on the idle cart: control asks the record, and takes nothing looser than the design."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import Bench, bench
from benchmarks.rigs.standin_record import StandInRecord
from tests.waiting import until
from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.control.idle_rules import FIRST_AFTER_S, IdleRules
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.questions import LimitsAnswer
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.setting_table import IDLE_WITHIN_S
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import helper_command
from tosca_kiosk.storage import Database, settings

pytestmark = pytest.mark.process


@pytest.fixture
def cart() -> Iterator[Bench]:
    with bench() as cart:
        yield cart


@pytest.fixture
def record(tmp_path: Path) -> StandInRecord:
    return StandInRecord(warm_config_file(tmp_path), tmp_path / "data")


def put(record: StandInRecord, key: str, value: float) -> None:
    with Database.open(record.path) as database, database.transaction() as transaction:
        settings.put(transaction, key, value, utc_now())


class Asked:
    """Control's part, its helpers, and the time that it is told."""

    def __init__(self, cart: Bench, helpers: Helpers) -> None:
        self.cart, self.helpers = cart, helpers
        self.part = IdleRules(cart.controller, helpers)
        self.part.turn(0.0)

    def at(self, now_s: float) -> Limits:
        """Return the limits in force once whatever was asked at this time is answered."""
        self.part.turn(now_s)

        def answered() -> bool:
            for answer in self.helpers.poll(now_s):
                self.part.heard(answer)
            return self.part._asked is None

        until(answered, "control's question is answered")
        return self.cart.controller.rules.limits


def test_a_change_holds_on_the_idle_cart_within_half_a_minute_and_in_its_next_self_test(
    cart: Bench, record: StandInRecord
) -> None:
    command = [*helper_command(), "--config", str(record.config.source), "--data-dir", str(record.data_dir)]
    with closing(Helpers(command)) as helpers:
        asked = Asked(cart, helpers)
        put(record, "interlock_photodiode_dark_v", 0.02)
        asked.part.turn(FIRST_AFTER_S)
        helpers.poll(10.0)
        assert asked.part._asked is not None, "a helper that is still starting is waited for"
        assert asked.at(FIRST_AFTER_S).photodiode_dark_v == 0.02
        assert cart.controller.self_test.rules.limits.photodiode_dark_v == 0.02
        put(record, "interlock_photodiode_dark_v", 0.03)
        assert asked.at(FIRST_AFTER_S + IDLE_WITHIN_S - 0.01).photodiode_dark_v == 0.02
        assert asked.at(FIRST_AFTER_S + IDLE_WITHIN_S).photodiode_dark_v == 0.03
        with Database.open(record.path) as database, database.transaction() as transaction:
            key = {"config_key": "max_laser_power_watts"}
            transaction.update("system_config", key, config_value="11.0")
        assert asked.at(FIRST_AFTER_S + 2 * IDLE_WITHIN_S).photodiode_dark_v == 0.03, (
            "what is no limit changes nothing"
        )


def test_nothing_looser_than_the_design_is_taken(cart: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Helpers(None)) as helpers:
        asked = Asked(cart, helpers)
        asked.part.turn(FIRST_AFTER_S)
        number = asked.part._asked
        assert number is not None
        asked.part.heard(LimitsAnswer(number, msgspec.structs.replace(Limits(), operator_fresh_s=0.5)))
        assert cart.controller.rules.limits.operator_fresh_s == 0.4
    assert "operator_fresh_s: 0.5 given, 0.004 to 0.4 allowed" in caplog.text


def test_nobody_is_asked_while_a_session_is_open_and_its_rules_stay(cart: Bench, tmp_path: Path) -> None:
    tighter = msgspec.structs.replace(cart.controller.rules, limits=Limits(arm_hold_s=3.0))
    cart.run(cart.operator.prepare())
    cart.open(tmp_path, constant(5.0, 10.0))
    with closing(Helpers(None)) as helpers:
        asked = Asked(cart, helpers)
        asked.part.turn(FIRST_AFTER_S)
        assert asked.part._asked is None
        cart.controller.hold_idle_rules(tighter)
        assert cart.controller.rules.limits.arm_hold_s == 1.5
        cart.run_until(lambda: cart.controller.state.session_open and cart.controller.dark)
        cart.controller.submit(Command(0, CommandType.CLOSE_SESSION))
        cart.wait(0.1)
        cart.controller.end_session()
        assert cart.controller.rules.limits.arm_hold_s == 3.0
        asked.part.turn(FIRST_AFTER_S)
        assert asked.part._asked is not None
