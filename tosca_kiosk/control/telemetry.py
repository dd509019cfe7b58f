"""From a tick's inputs and decision to what the screen is shown of it."""

from __future__ import annotations

from typing import Final

from hardware.interfaces import LinkState
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.self_test import CHECKS, KeptSelfTest
from tosca_kiosk.domain import checks, laser_checks, light
from tosca_kiosk.domain.calibration import OutOfRangeError
from tosca_kiosk.domain.commands import standing_causes
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import Scope
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.situations import lamps, refusals
from tosca_kiosk.domain.state import Beam, Phase, State
from tosca_kiosk.link.numbered import Numbered
from tosca_kiosk.link.telemetry import DeviceLink, SelfTestShown, Telemetry

JUDGED_EVERY_S: Final = 0.05
"""Lamps and refusals walk the whole interlock table; they are judged anew this often, and at every change."""

SHOWN_HZ: Final = 100
"""A screen reads 30 times a second: of faster ticks' records most would be replaced unread."""

MOST_FAILED: Final = 5
"""Of a self-test's failed checks so many are shown: more are one cause's, or a matter for service."""

MAX_TEXT: Final = 400
"""A problem's text is cut to this many characters, so that a record always fits its place in the ring."""

_MOTOR_LAMP: Final = "smoothing"  # the motor starts with the hold, so it cannot run before


class TelemetryMaker:
    """Makes the records. mono_offset_s: the system's monotonic time at the controller's time 0."""

    def __init__(
        self, devices: Devices, self_test: KeptSelfTest, *, simulated: bool, mono_offset_s: float
    ) -> None:
        self._devices = devices
        self._self_test = self_test
        self._simulated = simulated
        self._mono_offset_s = mono_offset_s
        self._tick = 0
        self._shown = -1
        self._judged_s = -1.0
        self._judged_for: tuple[Phase, Beam, tuple[str, ...], bool] | None = None
        self._links: tuple[DeviceLink, ...] = ()
        self._lamps: dict[str, bool] = {}
        self._refusals: tuple[str, ...] = ()
        self._standing: tuple[str, ...] = ()

    def due(self, now_s: float) -> bool:
        """Count a tick; return whether a record is to be made of it: one in each hundredth of a second."""
        self._tick += 1
        shown, self._shown = self._shown, int(now_s * SHOWN_HZ)
        return shown != self._shown

    def make(
        self,
        now_s: float,
        session: Numbered,
        rules: Rules,
        inputs: Inputs,
        state: State,
        journal_problem: str | None = None,
    ) -> Telemetry:
        """Return the tick at now_s, on the controller's clock, with the state that it left."""
        self._judge(now_s, rules, inputs, state)
        plan, stage, tec, board = rules.plan_in_force(state), inputs.stage, inputs.tec, inputs.board
        board = board if checks.board_fresh(rules, state, inputs) else None
        open_ = plan is not None and session.session is not None
        return Telemetry(
            tick=self._tick,
            mono_s=now_s + self._mono_offset_s,
            session_time_s=state.now_s,
            session_id=session.session,
            phase=state.phase,
            beam=state.beam,
            finished=state.finished,
            simulated=self._simulated,
            devices=self._links,
            lamps=self._lamps,
            refusals=self._refusals,
            faults=state.faults,
            standing=self._standing,
            warnings=tuple(sorted(state.warned)) if state.warned else (),
            hold_s=None if state.hold_since_s is None else state.now_s - state.hold_since_s,
            measured_w=None if board is None else state.measured_w,
            set_w=state.command_w,
            power_limit_w=rules.power_limit_w if open_ else None,
            elapsed_s=state.elapsed_s,
            remaining_s=None if plan is None else plan.remaining_s(state.elapsed_s),
            step_index=state.step_index,
            steps=0 if plan is None else len(plan.rings_mm),
            dose_j=light.dose_j(state),
            planned_j=None if plan is None else plan.planned_energy_j,
            ring_size_mm=_ring_size_mm(rules, state, inputs),
            ring_target_mm=None if plan is None else plan.rings_mm[state.step_index],
            stage_homed=None if stage is None else stage.index_known,
            stage_searching=self._searching(),
            tec_c=tec.temperature_c if tec is not None and _tec_fresh(rules, inputs) else None,
            tec_setpoint_c=rules.tec_setpoint_c,
            pedal_pressed=None if board is None else board.pedal_pressed,
            stop_loop_closed=None if board is None else board.stop_loop_closed,
            gate_closed=None if board is None else board.gate_closed,
            aiming=None if board is None else board.aiming_on,
            self_test=self._tested() if state.phase is Phase.IDLE else None,
            rules_problem=_short(inputs.rules_problem),
            session_open=state.session_open,
            key_off_in_s=laser_checks.key_off_in_s(rules, state),
            journal_problem=_short(journal_problem),
            overrides=() if plan is None else plan.overrides,
            arm_hold_s=rules.limits.arm_hold_s,
            calibration=session.calibration,
            station=state.station,
            station_lit=state.station_lit,
            stage_um=None if stage is None else stage.position_um,
            stage_there=None if stage is None else checks.stage_in_position(rules, state, inputs),
        )

    def _judge(self, now_s: float, rules: Rules, inputs: Inputs, state: State) -> None:
        judged_for = (state.phase, state.beam, state.faults, state.finished)
        if judged_for == self._judged_for and now_s - self._judged_s < JUDGED_EVERY_S:
            return
        self._judged_s, self._judged_for = now_s, judged_for
        self._lamps = lamps(rules, state, inputs)
        refused = refusals(Scope.ARM, rules, state, inputs)
        self._refusals = tuple(row.source for row in refused if row.lamp != _MOTOR_LAMP)
        self._standing = tuple(row.source for row in standing_causes(rules, state, inputs))
        self._links = tuple(
            DeviceLink(
                device=device.key,
                state=str(device.link),
                origin=str(device.origin),
                problem=_short(device.problem),
            )
            for device in self._devices
        )

    def _tested(self) -> SelfTestShown:
        test = self._self_test
        progress, problem = test.progress, _short(test.problem())
        if progress is None:
            failed = test.failed[:MOST_FAILED]
            return SelfTestShown(
                runs=test.runs, problem=problem, of=len(CHECKS), failed=failed, found=test.found
            )
        return SelfTestShown(
            runs=test.runs, problem=problem, of=len(CHECKS), done=progress.done, step=progress.step
        )

    def _searching(self) -> bool | None:
        stage = self._devices.stage
        status = stage.status
        if status is None or stage.link is not LinkState.READY:
            return None
        return status.value.searching_index


def _ring_size_mm(rules: Rules, state: State, inputs: Inputs) -> float | None:
    stage = inputs.stage
    if stage is None or rules.calibrations is None or not checks.stage_healthy(rules, state, inputs):
        return None
    try:
        return rules.calibrations.ring_size_mm(stage.position_um)
    except OutOfRangeError:
        return None


def _tec_fresh(rules: Rules, inputs: Inputs) -> bool:
    tec = inputs.tec
    return tec is not None and checks.fresh(inputs.now_s, tec.temperature_asked_s, rules.limits.tec_fresh_s)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
