"""The self-test over real drivers and simulated wires: a fault in the world for every check, and no light."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import pytest

from benchmarks.rigs.variants import SIMULATED, VARIANTS
from hardware.interfaces import LinkState
from hardware.trace import Direction
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import MISSING_SENSOR, TecOptions
from simulators.wire.board import BoardOptions
from simulators.wire.xeryon import StageOptions
from tests.control.self_tested_cart import CONFIG, RULES, Change, cart_under_test, failed
from tosca_kiosk.control.self_test import CHECKS, Outcome, SelfTest, run_self_test
from tosca_kiosk.control.self_test.run import AT_REST, CALMING, CONNECTING, MOTOR_ON, MOTOR_STOPS, SPIN_UP
from tosca_kiosk.machine.stop_signals import END_SIGNALS, on_interrupt

LINK_CHECKS = {
    "connection", "identity", "limits read back", "limits read back, output on",
    "identity, protocol version", "outputs off",
}  # fmt: skip


NOTHING = MappingProxyType({})


class Fault(NamedTuple):
    """What is wrong, which checks must fail for it, and what the first reason must say."""

    fails: set[tuple[str, str]]
    says: str
    before: tuple[Change, ...] = ()
    during: Mapping[str, tuple[Change, ...]] = NOTHING
    options: Mapping[str, object] = NOTHING


def before(path: str, value: bool | float | str) -> tuple[Change, ...]:
    return ((path, value),)


def dip(path: str, bad: bool | float | str, good: bool | float | str) -> dict[str, tuple[Change, ...]]:
    """Bad for the second of the motor's spinning up."""
    return {SPIN_UP.name: ((path, bad),), MOTOR_ON.name: ((path, good),)}


FAULTS = {
    "laser wire cut": Fault({("laser", "connection")}, "nothing answers", before("laser.wire.mute", True)),
    "laser wire cut under way": Fault(
        {("laser", "connection")}, "stopped answering", during={AT_REST.name: (("laser.wire.mute", True),)}
    ),
    "another laser": Fault({("laser", "identity")}, "OTHER", options={"laser": LaserOptions(serial="OTHER")}),
    "laser lies about its set point": Fault(
        {("laser", "limits read back")}, "got 500 mA", before("laser.firmware.lying_readback_ma", 500.0)
    ),
    "laser takes no limit": Fault(
        {("laser", "limits read back")}, "LAS:LIM:LDI", before("laser.firmware.ignores", "LASER:LIMIT:LDI")
    ),
    "laser falls silent for a while": Fault(
        {("laser", "fresh answers")},
        "older than 500 ms",
        during=dip("laser.wire.mute", True, False),
    ),
    "laser says it is on": Fault(
        {("laser", "output off")},
        "read back on",
        during={AT_REST.name: (("laser.firmware.lying_output", "says_on"),)},
    ),
    "a current flows": Fault(
        {("laser", "current 0")}, "measured 50", before("laser.firmware.lying_measured_ma", 500.0)
    ),
    "interlock loop bridged": Fault(
        {("laser", "interlock loop")}, "would not stop the laser", before("laser.interlock_plug", "closed")
    ),
    "laser overheated": Fault({("laser", "conditions")}, "thermal trip", before("laser.thermal_trip", True)),
    "laser reports an error": Fault(
        {("laser", "error queue")},
        "504 laser current limit",
        during={AT_REST.name: (("laser.firmware.error", 504),)},
    ),
    "TEC hangs": Fault({("tec", "connection")}, "nothing answers", before("tec.firmware.busy", True)),
    "another TEC": Fault({("tec", "identity")}, "5240", options={"tec": TecOptions(model="5240")}),
    "thermistor open": Fault(
        {("tec", "limits read back, output on")}, "TEC sensor open", before("tec.sensor", "open")
    ),
    "TEC falls silent for a while": Fault(
        {("tec", "fresh answers")}, "older than 1000 ms", during=dip("tec.wire.mute", True, False)
    ),
    **{
        f"thermistor open under way, told as {said}": Fault(
            {("tec", "running"), ("tec", "temperature"), ("tec", "regulating"), ("tec", "error queue")},
            "it answers, but tells no temperature in",
            before("tec.firmware.missing_sensor", said),
            during={AT_REST.name: (("tec.sensor", "open"),)},
        )
        for said in MISSING_SENSOR
    },
    "thermistor shorted": Fault(
        {("tec", "running"), ("tec", "temperature"), ("tec", "regulating")},
        "it answers, but tells no temperature; check its sensor",
        before("tec.sensor", "short"),
    ),
    "module's leads reversed": Fault(
        {("tec", "regulating")}, "off the set point", before("tec.leads_reversed", True)
    ),
    "TEC reports an error": Fault(
        {("tec", "error queue")}, "999", during={AT_REST.name: (("tec.firmware.error", 999),)}
    ),
    "stage wire cut": Fault({("stage", "connection")}, "no answer", before("stage.wire.mute", True)),
    "another stage": Fault({("stage", "identity")}, "7", options={"stage": StageOptions(serial=7)}),
    "stage's own limits too narrow": Fault(
        {("stage", "limits read back")},
        "soft limits",
        options={"stage": StageOptions(settings={"HLIM": 100})},
    ),
    "stage falls silent for a while": Fault(
        {("stage", "fresh answers")}, "older than 500 ms", during=dip("stage.wire.mute", True, False)
    ),
    "stage trips": Fault(
        {("stage", "trips")}, "thermal", during={AT_REST.name: (("stage.firmware.error", 2),)}
    ),
    "stage slips": Fault(
        {("stage", "standing still")},
        "unasked",
        during={AT_REST.name: (("stage.encoder_offset_um", 500.0),)},
    ),
    "board mute": Fault({("board", "connection")}, "no answer", before("board.wire.mute", True)),
    "another board": Fault(
        {("board", "identity, protocol version")}, "OTHER", options={"board": BoardOptions(serial="OTHER")}
    ),
    "another protocol": Fault(
        {("board", "identity, protocol version")},
        "protocol version 9",
        options={"board": BoardOptions(protocol=9)},
    ),
    "board loses lines": Fault(
        {("board", "status lines")}, "missing or damaged", before("board.wire.drop", 0.05)
    ),
    "foot on the pedal": Fault({("board", "pedal up")}, "pressed", before("pedal.pressed", True)),
    "pedal wire cut": Fault(
        {("board", "pedal contacts")}, "contacts disagree", before("pedal.nc_contact", "open")
    ),
    "pedal wire bridged": Fault(
        {("board", "pedal contacts")}, "contacts disagree", before("pedal.no_contact", "closed")
    ),
    "emergency stop pressed": Fault({("board", "stop loop")}, "open", before("stop_loop.closed", False)),
    "emergency stop for a moment": Fault(
        {("board", "stop loop")}, "open", during=dip("stop_loop.closed", False, True)
    ),
    "gate welded": Fault(
        {("board", "gate open"), ("laser", "interlock loop")},
        "would not stop the laser",
        before("gate.welded", True),
    ),
    "photodiode sees light": Fault(
        {("board", "photodiode dark")}, "0.200 V", before("photodiode.dark_v", 0.2)
    ),
    "accelerometer out": Fault(
        {("board", "accelerometer"), ("board", "vibration with motor")},
        "does not answer",
        before("smoothing.accelerometer_present", False),
    ),
    "motor dead": Fault(
        {("board", "vibration with motor")}, "unhealthy", before("smoothing.strength", 0.0)
    ),
    "motor weak": Fault({("board", "vibration with motor")}, "unhealthy", before("smoothing.strength", 0.3)),
    "motor does not stop": Fault(
        {("board", "motor off again")},
        "not confirmed off",
        during={MOTOR_ON.name: (("board.firmware.ignores", "MO"),)},
    ),
    "board has a fault of its own": Fault(
        {("board", "other faults")},
        "host fell silent",
        during={AT_REST.name: (("board.firmware.error", 3),)},
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=FAULTS.values(), ids=FAULTS)
def faulty(request):
    fault = request.param
    with cart_under_test(**fault.options) as cart:
        cart.change(*fault.before)
        results = cart.self_test(fault.during).results()
        return fault, results, cart.simulated.world.true_energy_j()


def test_a_fault_fails_its_checks_and_no_other(faulty):
    fault, results, _ = faulty
    assert failed(results) == fault.fails


def test_a_failed_check_says_in_one_line_what_is_wrong_and_what_to_do(faulty):
    fault, results, _ = faulty
    broken = [result for result in results if result.outcome is Outcome.FAILED]
    assert any(fault.says in result.reason for result in broken)
    for result in broken:
        assert result.to_do
        assert result.line.startswith(result.device)
        assert result.reason in result.line
        assert "\n" not in result.line


def test_what_a_lost_device_measures_is_not_tested(faulty):
    fault, results, _ = faulty
    lost = {device for device, check in fault.fails if check in LINK_CHECKS}
    untested = {result.device for result in results if result.outcome is Outcome.NOT_TESTED}
    assert untested == lost


def test_no_fault_brings_light(faulty):
    assert faulty[2] == 0.0


NOT_BY_ONE_FAULT = {
    ("stage", "position"),
    ("board", "outputs off"),
    ("board", "vibration at rest"),
    ("board", "fresh status"),
}
"""They need more than a change of the world at a step's beginning; each has a test of its own below."""


def test_every_check_has_a_fault_that_fails_it():
    covered = set().union(*(fault.fails for fault in FAULTS.values())) | NOT_BY_ONE_FAULT
    assert covered == {(check.device, check.name) for check in CHECKS}


def test_a_stage_beyond_the_optics_travel_is_found():
    with cart_under_test(seed=10) as cart:
        cart.self_test()
        cart.devices.stage.home()
        for _ in range(500):
            cart.clock.sleep_until(cart.clock.now_s() + 0.01)
            cart.devices.poll(cart.clock.now_s())
        assert cart.devices.stage.status.value.index_known
        cart.change(("stage.firmware.lying_readback_um", 5000.0))
        results = cart.self_test().results()
    assert failed(results) == {("stage", "position")}
    assert "index known" in next(result.reason for result in results if result.check == "position")


def test_a_threshold_that_the_board_does_not_take_is_found():
    board = replace(CONFIG.devices.board, vibration_threshold_mg=5000)
    config = replace(CONFIG, devices=replace(CONFIG.devices, board=board))
    with cart_under_test(config=config) as cart:
        results = cart.self_test().results()
    assert failed(results) == {("board", "outputs off")}
    assert "VT 5000 is refused" in next(r.line for r in results if r.outcome is Outcome.FAILED)


def test_a_motor_that_runs_by_itself_is_found():
    with cart_under_test() as cart:
        motor = cart.simulated.world.smoothing

        def short_its_transistor(test: SelfTest) -> None:
            if test.step is CALMING:
                motor.set_motor_pwm(127)

        results = cart.self_test(watch=short_its_transistor).results()
        motor.set_motor_pwm(0)
    assert ("board", "vibration at rest") in failed(results)


def test_a_board_silent_for_a_moment_is_found():
    with cart_under_test() as cart:
        silent_from_s = None

        def silence(test: SelfTest) -> None:
            nonlocal silent_from_s
            if test.step is AT_REST:
                silent_from_s = silent_from_s or cart.clock.now_s()
                cart.change(("board.wire.mute", cart.clock.now_s() < silent_from_s + 0.3))

        results = cart.self_test(watch=silence).results()
    assert failed(results) == {("board", "fresh status"), ("board", "status lines")}


# --- a healthy cart -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_cart_passes_and_nothing_is_asked_for_but_the_motor(seed):
    with cart_under_test(seed) as cart:
        results = cart.self_test().results()
        sent = {
            key: [entry.data for entry in trace.entries() if entry.direction is Direction.OUT]
            for key, trace in cart.devices.traces.items()
        }
        world = cart.simulated.world
        assert world.true_energy_j() == 0.0
        assert not world.gate.contact.closed
    assert [result.outcome for result in results] == [Outcome.PASSED] * len(CHECKS)
    assert [result.to_do for result in results] == [""] * len(CHECKS)
    laser = b"".join(sent["laser"])
    assert b"LAS:OUT 0" in laser
    assert not re.search(rb"OUT (?!0)|LDI (?!0\D)", laser.replace(b"LIM:LDI", b"").replace(b"TOL", b""))
    board = b"".join(sent["board"])
    assert re.findall(rb"\$HB,\d+,(\d)", board) == [b"0"]
    assert re.findall(rb"\$MO,\d+,(\d+)", board) == [b"0", b"127", b"0"]
    assert not re.search(rb"DPOS=[^?]|INDX|STEP|SCAN", b"".join(sent["stage"]))


def instruments():
    """Return so many carts that each simulated variant of each device is in one of them."""
    of = {key: [row for at, row in SIMULATED.values() if at == key and not row.combo] for key in VARIANTS}
    box = {key: VARIANTS[key]["ComboSource" if key in ("laser", "tec") else "usual"] for key in VARIANTS}
    return [
        box,
        *(
            {key: rows[number % len(rows)] for key, rows in of.items()}
            for number in range(max(map(len, of.values())))
        ),
    ]


@pytest.mark.parametrize("variants", instruments())
def test_a_healthy_cart_of_other_instruments_passes_too(variants):
    settings = {key: replace(getattr(CONFIG.devices, key), **row.settings) for key, row in variants.items()}
    config = replace(CONFIG, devices=replace(CONFIG.devices, **settings))
    options = {key: row.options for key, row in variants.items()}
    with cart_under_test(config=config, **options) as cart:
        assert failed(cart.self_test().results()) == set()


def test_a_cold_cart_passes_while_it_settles():
    with cart_under_test() as cart:
        cart.simulated.world.tec.ambient_c = 20.0
        assert failed(cart.self_test().results()) == set()


def test_nothing_is_judged_as_passed_before_it_was_seen():
    with cart_under_test() as cart:
        test = SelfTest(cart.devices, CONFIG.devices, RULES)
        results = test.results()
        assert {result.outcome for result in results} == {Outcome.FAILED, Outcome.NOT_TESTED}
        while cart.devices.not_ready():
            assert cart.clock.now_s() < 60.0, cart.devices.not_ready()
            cart.clock.sleep_until(cart.clock.now_s() + 0.01)
            cart.devices.poll(cart.clock.now_s())
        passed = {r.check for r in test.results() if r.outcome is Outcome.PASSED}
        assert passed == LINK_CHECKS


# --- the motor ------------------------------------------------------------------------------------------


def motor_speed(cart) -> float:
    """Let a second pass; return the speed of the smoothing motor after it."""
    world = cart.simulated.world
    world.advance(world.kernel.now_s + 1.0)
    return world.smoothing.speed_pwm()


def test_an_error_with_the_motor_on_switches_it_off():
    with cart_under_test() as cart:

        def stumble(test: SelfTest) -> None:
            if test.step is MOTOR_ON:
                raise RuntimeError("a mistake of ours")

        with pytest.raises(RuntimeError, match="a mistake of ours"):
            cart.self_test(watch=stumble)
        cart.simulated.world.advance(cart.clock.now_s())
        assert cart.simulated.world.smoothing.speed_pwm() > 100.0, "the motor was running"
        assert motor_speed(cart) < 1.0


@pytest.mark.parametrize("number", END_SIGNALS)
def test_an_interrupt_with_the_motor_on_switches_it_off(number):
    asked: list[bool] = []
    with cart_under_test() as cart, on_interrupt(lambda: asked.append(True)):
        test = SelfTest(cart.devices, CONFIG.devices, RULES)

        def interrupt(seen: SelfTest) -> None:
            if seen.step is MOTOR_ON:
                os.kill(os.getpid(), number)

        run_self_test(test, cart.devices, cart.clock, stop=lambda: bool(asked), watch=interrupt)
        assert not test.done
        assert motor_speed(cart) < 1.0


def test_a_board_that_restarts_under_the_motor_is_not_told_to_run_it_again():
    with cart_under_test() as cart:
        results = cart.self_test({MOTOR_ON.name: (("board.firmware.reboot", True),)}).results()
        assert ("board", "vibration with motor") in failed(results)
        assert motor_speed(cart) < 1.0


def test_the_steps_are_told_in_their_order():
    seen: list[str] = []
    progress: list[float] = []
    with cart_under_test() as cart:

        def note(test: SelfTest) -> None:
            progress.append(test.progress)
            if test.step.name not in seen:
                seen.append(test.step.name)

        test = cart.self_test(watch=note)
        assert cart.devices.board.link is LinkState.READY
    assert seen[:3] == [CONNECTING.name, CALMING.name, AT_REST.name]
    assert seen.index(SPIN_UP.name) < seen.index(MOTOR_ON.name) < seen.index(MOTOR_STOPS.name)
    assert progress == sorted(progress)
    assert test.done
