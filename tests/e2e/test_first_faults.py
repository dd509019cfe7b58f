"""Each first fault of the interlock table: brought about, proved as the table says, and only then a second.

The cart is whole, with its real drivers over the simulated wires; after the proof the other way to darkness
is lost too, and the technician goes on trying. No light may come any more, and what there was has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from benchmarks.campaign.cart import PEDAL_AFTER_S, Cart, campaign_cart
from benchmarks.campaign.plan import HOST_SILENT, JOURNAL_FAILS, KIOSK_SILENT, Batch, Fault
from benchmarks.campaign.treatments import forked
from benchmarks.rigs.sessions import HOLD_ARM_S
from simulators.settable import Value
from tosca_kiosk.domain.beam import ORDER
from tosca_kiosk.domain.first_faults import FIRST_FAULTS, LOST_WAYS, Proof
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import INTERLOCKS, STATION_INTERLOCKS
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType

LIGHT_S = 1.2
"""From the pedal to power that has stood still for long enough to be compared."""

Proving = Callable[[Cart], Iterator[None]]


def look_on(seconds: float) -> Proving:
    """Keep the foot on the pedal."""
    return lambda cart: cart.wait(seconds)


def release(cart: Cart) -> Iterator[None]:
    cart.foot(False, 0.0)
    yield from cart.wait(1.2)


def press(cart: Cart) -> Iterator[None]:
    cart.foot(True, 0.0)
    yield from cart.wait(1.6)


def release_and_press(cart: Cart) -> Iterator[None]:
    yield from release(cart)
    yield from press(cart)


def arm_anew(cart: Cart) -> Iterator[None]:
    cart.foot(False, 0.0)
    cart.tell(CommandType.PAUSE)
    yield from cart.wait(1.0)
    yield from _arm(cart)


def _arm(cart: Cart) -> Iterator[None]:
    cart.tell(CommandType.BEGIN_ARM)
    yield from cart.wait(HOLD_ARM_S)
    cart.tell(CommandType.ARM)
    yield from cart.wait(PEDAL_AFTER_S)


class Case(NamedTuple):
    """A first fault under light, or before it, and what shows it.

    shown_by: sources of which one must be latched; empty where only the next light is refused. way: to
    darkness that the first fault leaves, so that the second takes it.
    """

    path: str
    value: Value
    proving: Proving
    shown_by: tuple[str, ...]
    way: str = "gate"
    in_light: bool = True
    rings: bool = False


_BY_ITSELF = ("laser_condition", "laser_output_lost", "laser_error")

CASES = {
    "the board falls silent": Case("board.wire.mute", True, look_on(0.2), ("board_lost",), "driver"),
    "the board's status is an old one": Case(
        "board.firmware.stale_status", True, look_on(0.3), ("board_lost",), "driver"
    ),
    "the screen or its link hangs": Case(KIOSK_SILENT, True, look_on(0.5), ("kiosk_lost",)),
    "the motor does not shake the fibre": Case(
        "smoothing.strength", 0.0, look_on(0.6), ("smoothing", "board_fault_2", "gate")
    ),
    "the vibration sensor's reading stands still": Case("smoothing.sensor_stuck", True, arm_anew, ()),
    "one of the pedal's contacts fails": Case(
        "pedal.no_contact", "closed", release, ("board_fault_0",), "driver"
    ),
    "the gate relay is welded": Case("gate.welded", True, release, ("board_fault_4",), "driver"),
    "the gate relay does not close": Case(
        "gate.stuck_open", True, press, ("board_fault_5", "gate_not_closing"), in_light=False
    ),
    "the accelerometer is lost": Case(
        "smoothing.accelerometer_present", False, look_on(0.3), ("smoothing", "board_fault_6", "gate")
    ),
    "the gate relay opens by itself": Case(
        "gate.stuck_open", True, look_on(0.2), ("gate", "laser_interlock", "board_fault_5", *_BY_ITSELF)
    ),
    "the laser no longer obeys its set point": Case("laser.firmware.ignores", "LASER:LDI", release, ()),
    "the laser no longer obeys its output command": Case(
        "laser.firmware.ignores", "LASER:OUTPUT", release_and_press, ("laser_not_starting",)
    ),
    "the laser's condition register stands still": Case(
        "laser.firmware.stale_condition", True, release, ("laser_interlock_bridged",)
    ),
    "the laser's interlock loop is bridged": Case(
        "laser.interlock_plug", "closed", release, ("laser_interlock_bridged",), "driver"
    ),
    "the stage is stuck": Case("stage.stalled", True, look_on(7.0), ("stage_move", "stage"), rings=True),
    "the photodiode is blocked, has drifted or tells always the same": Case(
        "photodiode.blocked", True, look_on(0.6), ("photodiode_out_of_range",)
    ),
    "the laser falls silent": Case("laser.wire.mute", True, look_on(0.6), ("laser_stale",)),
    "the laser always says that its output is on": Case(
        "laser.firmware.lying_output", "says_on", release, ("laser_output_stuck",)
    ),
    "the laser always says that its output is off": Case(
        "laser.firmware.lying_output", "says_off", look_on(0.4), ("laser_output_lost",)
    ),
    "the laser tells a set point that it has not": Case(
        "laser.firmware.lying_readback_ma",
        3000.0,
        look_on(1.6),
        ("laser_setpoint", "laser_current", "photodiode_out_of_range"),
    ),
    "the laser tells a current that it does not give": Case(
        "laser.firmware.lying_measured_ma", 1000.0, look_on(1.2), ("laser_current",)
    ),
    "the temperature controller falls silent": Case("tec.wire.mute", True, look_on(1.2), ("tec",)),
    "the stage falls silent": Case("stage.wire.mute", True, look_on(0.8), ("stage",)),
    "control stands still": Case(HOST_SILENT, 0.15, look_on(0.3), ("loop",)),
    "the disk takes no more": Case(JOURNAL_FAILS, True, look_on(0.2), ("journal",)),
    "the disk fills up": Case(JOURNAL_FAILS, True, look_on(0.2), ("journal",)),
}

ELSEWHERE = {
    "the picture stands still": "tests/e2e/test_treat_camera.py",
    "a device has failed since it was tested": "tests/control/test_self_test.py",
    "control has no real-time rights": "tests/domain/test_safety_refusals.py",
    "the screen tells other limits than the record has": "tests/control/test_lying_kiosk.py",
    "the lens is covered": "tests/e2e/test_treat_camera.py",
    "the folder in which the processes meet is removed or replaced": "tests/control/test_process.py",
    "the session is another's": "tests/control/test_process.py",
    "a calibration is another device's": "tests/domain/test_safety_refusals.py",
    "the computer's clock stands still or leaps": "tests/domain/test_safety_freshness.py",
}
"""What the cart of these tests does not have, or what needs no fault but another request."""


def _constant(duration_s: float, ring_mm: float, number: int) -> Step:
    return Step(number, duration_s, 5.0, 5.0, ring_mm, RampType.CONSTANT)


STEADY = Protocol("steady", "", (_constant(3600.0, 3.0, 1),), 5.0)
RINGS = Protocol("rings", "", (_constant(1.5, 3.0, 1), _constant(3600.0, 4.0, 2)), 5.0)
SEED = 18
"""A world whose stage stands near its index, and is homed at once."""


@pytest.fixture(scope="module")
def cart(request: pytest.FixtureRequest) -> Iterator[Cart]:
    """An armed cart with the protocol that is asked for; each case goes its own way from there."""
    with campaign_cart(Batch(7, SEED, request.param)) as cart:
        cart.prepare()
        cart.arm()
        yield cart


class Seen(NamedTuple):
    """What came of a case. faults, wants_gate: after the proof; lit_after: lights after the second."""

    lit_first: bool
    faults: tuple[str, ...]
    wants_gate: bool
    lit_after: int
    dark: bool


def _run(cart: Cart, case: Case) -> Seen:
    if case.in_light:
        cart.foot(True, 0.0)
        cart.run(cart.wait(LIGHT_S))
    lit_first = cart.world.true_power_w() > 1.0
    cart.plan_fault(Fault(0.001, case.path, case.value))
    cart.run(case.proving(cart))
    state, before = cart.controller.state, len(cart.monitor.lit)
    faults, wants_gate = state.faults, ORDER[state.beam].want_gate
    second = (
        Fault(0.001, "laser.wire.deaf", True) if case.way == "driver" else Fault(0.001, "gate.welded", True)
    )
    cart.plan_fault(second)
    cart.run(_try_on(cart))
    return Seen(
        lit_first, faults, wants_gate, len(cart.monitor.lit) - before, cart.world.true_power_w() == 0.0
    )


def _try_on(cart: Cart) -> Iterator[None]:
    """Go on as one who does not look at the screen."""
    cart.foot(False, 0.0)
    yield from cart.wait(0.5)
    cart.foot(True, 0.0)
    yield from cart.wait(1.0)
    cart.foot(False, 0.0)
    yield from cart.wait(0.3)


@pytest.mark.process
@pytest.mark.parametrize(
    ("cart", "fault"),
    [pytest.param(RINGS if case.rings else STEADY, fault, id=fault) for fault, case in CASES.items()],
    indirect=["cart"],
)
def test_a_first_fault_is_proved_before_a_second_can_matter(cart: Cart, fault: str) -> None:
    case = CASES[fault]
    seen = forked(lambda: _run(cart, case), 0)
    assert seen.lit_first == case.in_light
    assert not case.shown_by or set(case.shown_by) & set(seen.faults), seen.faults
    assert not seen.wants_gate
    assert seen.lit_after == 0
    assert seen.dark


def test_every_row_of_the_table_says_when_its_first_fault_shows_and_is_tried() -> None:
    assert FIRST_FAULTS.keys() == {row.source for row in (*INTERLOCKS, *STATION_INTERLOCKS)}
    shown = {row.proved.fault for row in INTERLOCKS if row.proved.shows is not Proof.NEVER}
    assert shown == CASES.keys() | ELSEWHERE.keys()


def test_what_never_shows_says_why() -> None:
    assert {row.proved.fault for row in INTERLOCKS if row.proved.shows is Proof.NEVER} == {
        "the emergency stop's loop is bridged",
        "the board no longer notices that the computer is silent",
        "the board's own watchdog does not restart it",
        "the laser's error queue stays empty whatever it refuses",
        "the thermistor reads what it should and not what is",
        "the encoder has slipped on its scale, or the optics have moved",
    }


def test_each_way_to_darkness_is_proved_before_the_next_light() -> None:
    assert {lost.way for lost in LOST_WAYS} == {"gate", "laser"}
