"""The self-test as a condition of a session: control runs it while idle, and says for how long it counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import Bench, bench
from hardware.interfaces import LinkState
from simulators.camera.truth import optical_state
from tosca_kiosk.control.operator import OperatorGaveUpError
from tosca_kiosk.control.self_test import CHECKS, KeptSelfTest
from tosca_kiosk.control.self_test.kept import BROKEN_OFF, NEVER, UNDER_WAY
from tosca_kiosk.domain.calibrating.morning import BY_NAME, Known, judged
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.machine.clock import SinceBoot

HOUR_S = 3600.0
ARM_S = 1.6
PROTOCOL = constant(5.0, 10.0)


@pytest.fixture
def untested() -> Iterator[Bench]:
    """A connected and homed cart."""
    with bench(seed=10) as cart:
        operator = cart.operator
        cart.run(operator._connect())
        cart.run(operator._home())
        yield cart


@pytest.fixture
def tested(untested: Bench) -> Bench:
    untested.run(untested.operator._test())
    assert kept(untested).problem() is None
    return untested


def kept(cart: Bench) -> KeptSelfTest:
    return cart.controller.self_test


def ask(cart: Bench, command: CommandType) -> str | None:
    """Give a command; return why it was refused, None when it was taken."""
    cart.controller.submit(Command(99, command))
    cart.operator.newest_refusal = None
    cart.wait(0.01)
    return cart.operator.newest_refusal


def refused_session(cart: Bench, folder: Path) -> str:
    """Ask for a session; return why it was refused, empty when it was opened."""
    cart.open(folder, PROTOCOL)
    cart.operator.newest_refusal = None
    cart.run_until(lambda: not cart.controller.opening, within_s=2.5)
    return "" if cart.controller.state.session_open else cart.operator.newest_refusal or "silence"


def motor_runs(cart: Bench) -> bool:
    board = cart.controller.devices.board.status
    assert board is not None
    return board.value.motor_on


def aim(cart: Bench) -> None:
    """Light the aiming beam."""
    assert not cart.world.aiming
    assert ask(cart, CommandType.AIMING_ON) is None
    cart.wait(0.1)
    assert cart.world.aiming


def begin(cart: Bench, until_motor: bool = False) -> None:
    assert ask(cart, CommandType.RUN_SELF_TEST) is None
    if until_motor:
        cart.run_until(lambda: motor_runs(cart), within_s=5.0)


def test_a_session_on_a_cart_that_was_never_tested_is_refused(untested: Bench, tmp_path: Path) -> None:
    assert (
        refused_session(untested, tmp_path) == f"No self-test of this cart counts. ({NEVER}) Test the cart."
    )


def test_a_passed_test_opens_a_session_and_stands_in_its_header(tested: Bench, tmp_path: Path) -> None:
    assert refused_session(tested, tmp_path) == ""
    tested.wait(0.5)
    assert ask(tested, CommandType.CLOSE_SESSION) is None
    tested.controller.end_session()
    passed = ChainReader((tmp_path / JOURNAL_NAME).read_bytes()).header.self_test
    assert passed is not None
    assert (passed.boot_id, passed.checks) == ("virtual", len(CHECKS))
    assert passed.serial_numbers["laser"] == "SIM-LASER"
    assert set(passed.serial_numbers) == {"laser", "tec", "stage", "board"}
    assert 0.0 < passed.boot_s < tested.clock.now_s()


def test_the_motor_runs_by_controls_own_outputs_and_stops_with_the_test(untested: Bench) -> None:
    wanted = []
    begin(untested)

    def look() -> bool:
        inputs = untested.operator.inputs
        assert inputs is not None
        wanted.append(inputs.self_test_motor)
        return kept(untested).progress is None

    untested.run_until(look, within_s=20.0)
    assert 1.5 < wanted.count(True) * 0.01 < 2.5
    assert not motor_runs(untested)
    assert untested.world.true_energy_j() == 0.0


def test_the_test_tells_how_far_it_has_come(untested: Bench) -> None:
    begin(untested)
    assert kept(untested).problem() == UNDER_WAY
    seen = []

    def look() -> bool:
        progress = kept(untested).progress
        if progress is not None:
            seen.append(progress)
        return progress is None

    untested.run_until(look, within_s=20.0)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert (done[0] < 10, done[-1]) == (True, len(CHECKS))
    assert "watching with the motor on" in {progress.step for progress in seen}


@pytest.mark.parametrize(
    "command", [CommandType.HOME_STAGE, CommandType.STOP, CommandType.OPEN_SESSION, CommandType.ACKNOWLEDGE]
)
def test_anything_else_that_is_asked_ends_the_test_and_its_motor_at_once(
    untested: Bench, command: CommandType
) -> None:
    begin(untested, until_motor=True)
    ask(untested, command)
    assert kept(untested).progress is None
    assert not kept(untested).motor_on
    untested.wait(0.1)
    assert not motor_runs(untested)
    assert kept(untested).problem() == BROKEN_OFF


def test_a_fault_ends_the_test_and_its_motor_at_once(untested: Bench) -> None:
    begin(untested, until_motor=True)
    untested.change("stop_loop.closed", False)
    untested.wait(0.1)
    assert untested.controller.state.phase is Phase.FAULT
    assert (kept(untested).progress, motor_runs(untested)) == (None, False)


def test_the_aiming_beam_disturbs_no_test(untested: Bench) -> None:
    begin(untested)
    aim(untested)
    untested.run_until(lambda: kept(untested).progress is None, within_s=20.0)
    assert kept(untested).problem() is None


def test_a_test_is_not_begun_in_a_session_nor_in_a_fault(tested: Bench, tmp_path: Path) -> None:
    assert refused_session(tested, tmp_path) == ""
    assert "while no session is open" in (ask(tested, CommandType.RUN_SELF_TEST) or "")
    assert ask(tested, CommandType.STOP) is None
    assert "nothing is latched" in (ask(tested, CommandType.RUN_SELF_TEST) or "")
    assert kept(tested).runs == 1


def test_what_fails_is_named_and_refuses_the_session(untested: Bench, tmp_path: Path) -> None:
    untested.change("smoothing.strength", 0)
    untested.change("pedal.pressed", True)
    with pytest.raises(OperatorGaveUpError, match="self-test failed"):
        untested.run(untested.operator._test())
    problem = kept(untested).problem() or ""
    assert "board: vibration with motor: " in problem
    assert "board: pedal up: " in problem
    assert kept(untested).failed[-1] == ("board: vibration with motor. Check the motor's mounting and cable.")
    assert problem in refused_session(untested, tmp_path)


def test_a_repaired_cart_is_tested_again_and_opened(untested: Bench, tmp_path: Path) -> None:
    untested.change("smoothing.strength", 0)
    with pytest.raises(OperatorGaveUpError):
        untested.run(untested.operator._test())
    untested.change("smoothing.strength", 1)
    untested.run(untested.operator._test())
    assert refused_session(untested, tmp_path) == ""


def test_what_it_measured_is_kept_with_it(tested: Bench) -> None:
    values = kept(tested).found
    assert {BY_NAME[name].device for name in values} == {"board"}
    known = Known(photodiode_dark_v=0.05, vibration_rest_mg=430.0, vibration_threshold_mg=500.0, tec_c=0.1)
    assert all(found.passed for found in judged(values, known))
    assert values["vibration_motor_mg"] > values["vibration_rest_mg"]
    tested.change("photodiode.dark_v", 0.02)
    dark_v = values["dark_level_v"]
    tested.run(tested.operator._test())
    assert kept(tested).found["dark_level_v"] == pytest.approx(dark_v + 0.02, abs=0.01)


def test_a_doubt_refuses_the_session_until_it_is_tested_again(tested: Bench, tmp_path: Path) -> None:
    kept(tested).doubt("The check of the cart failed: stage, two arrivals at one place 40 um.")
    assert "two arrivals at one place 40 um" in refused_session(tested, tmp_path)
    tested.controller.end_session()
    tested.run(tested.operator._test())
    (tmp_path / "next").mkdir()
    assert refused_session(tested, tmp_path / "next") == ""


@pytest.mark.parametrize("device", ["laser", "tec", "stage", "board"])
def test_a_device_that_went_and_came_back_must_be_tested_anew(
    tested: Bench, device: str, tmp_path: Path
) -> None:
    tested.change(f"{device}.unplugged", True)
    tested.wait(3.0)
    assert f"replaced since the test: {device}" in (kept(tested).problem() or "")
    tested.change(f"{device}.unplugged", False)
    tested.run_until(lambda: not tested.controller.devices.not_ready(), within_s=30.0)
    tested.wait(1.0)
    assert f"replaced since the test: {device}" in refused_session(tested, tmp_path)


def test_a_board_that_restarted_must_be_tested_anew(tested: Bench) -> None:
    tested.change("board.firmware.hang", True)
    tested.wait(1.0)
    assert tested.controller.devices.board.link is LinkState.READY
    assert "replaced since the test: board" in (kept(tested).problem() or "")


def test_a_device_that_comes_back_during_the_test_spoils_it(untested: Bench) -> None:
    begin(untested, until_motor=True)
    device = untested.controller.devices.laser
    device._connections += 1  # type: ignore[attr-defined] # gone and back between two looks
    untested.run_until(lambda: kept(untested).progress is None, within_s=20.0)
    assert kept(untested).problem() == "Connected anew during the test: laser."


@pytest.mark.parametrize(
    ("later_s", "boot_id", "problem"),
    [
        (24 * HOUR_S - 1.0, "virtual", None),
        (24 * HOUR_S + 1.0, "virtual", "The test is more than 24 h old."),
        (-10.0, "virtual", "The test is more than 24 h old."),
        (float("nan"), "virtual", "The test is more than 24 h old."),
        (0.0, "another", "The machine was started again since the test."),
    ],
)
def test_a_test_counts_for_a_day_of_this_run_of_the_machine(
    tested: Bench, monkeypatch: pytest.MonkeyPatch, later_s: float, boot_id: str, problem: str | None
) -> None:
    now_s = tested.clock.now_s() + later_s
    monkeypatch.setattr(tested.clock, "since_boot", lambda: SinceBoot(boot_id, now_s))
    assert kept(tested).problem() == problem
    assert (kept(tested).passed is None) == (problem is not None)


def test_a_control_that_may_be_delayed_arms_nothing_and_names_why(tested: Bench, tmp_path: Path) -> None:
    tested.controller._real_time_problem = "Its memory is not locked."
    assert refused_session(tested, tmp_path) == ""
    tested.wait(6.0)
    assert ask(tested, CommandType.BEGIN_ARM) is None
    tested.wait(ARM_S)
    refused = ask(tested, CommandType.ARM) or ""
    assert refused.startswith(
        "Control may be delayed by other programs. (Its memory is not locked.) Give control"
    )
    tested.controller._real_time_problem = None
    assert ask(tested, CommandType.ARM) is None


def test_a_whole_treatment_runs_on_one_test_and_the_next_session_too(tested: Bench, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        tested.open(tmp_path / name, constant(5.0, 2.0))
        tested.run(tested.operator.treat())
        assert tested.controller.state.finished
        tested.controller.end_session()
    assert kept(tested).runs == 1


def test_the_aiming_beam_shines_through_a_fault_until_the_session_is_closed(
    tested: Bench, tmp_path: Path
) -> None:
    aim(tested)  # to place the ring before there is a session
    tested.open(tmp_path, PROTOCOL)
    tested.wait(0.1)
    assert tested.world.aiming, "a session that opens leaves it on"
    script = tested.operator.treat()
    tested.run_until_script(script, lambda: tested.controller.state.beam is Beam.EMITTING)
    tested.wait(1.0)
    tested.change("stop_loop.closed", False)
    tested.wait(1.5)
    assert tested.controller.state.phase is Phase.FAULT
    assert tested.world.true_power_w() == 0.0
    assert optical_state(tested.world).aiming_on, "as the camera sees it"
    assert tested.operator.inputs is not None
    assert tested.operator.inputs.board is not None
    assert tested.operator.inputs.board.aiming_on, "as it is read back"
    assert ask(tested, CommandType.CLOSE_SESSION) is None
    tested.wait(0.1)
    assert not tested.world.aiming
    tested.controller.end_session()


def test_an_aiming_beam_that_was_switched_off_as_the_session_opened_stays_off(
    tested: Bench, tmp_path: Path
) -> None:
    aim(tested)
    tested.controller.submit(Command(99, CommandType.AIMING_OFF))
    tested.open(tmp_path, PROTOCOL)
    tested.wait(0.3)
    assert tested.controller.state.session_open
    assert not tested.world.aiming


def test_a_board_that_restarts_has_its_aiming_beam_lit_again(tested: Bench) -> None:
    aim(tested)
    met = tested.controller.devices.board.connections
    tested.change("board.firmware.hang", True)
    tested.run_until(lambda: not tested.world.aiming, within_s=1.0)
    tested.run_until(lambda: tested.world.aiming, within_s=1.0)
    assert tested.controller.devices.board.connections == met + 1
    tested.wait(1.0)
    assert tested.world.aiming, "and it stays"
