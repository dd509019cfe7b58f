"""One calibration of the simulated cart in this process: a person without hands arms, presses and reads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from simulators.world import World
from tosca_kiosk.calibration.engine import MeasuringError, Wants, Wish
from tosca_kiosk.calibration.opening import OpenedCalibration
from tosca_kiosk.calibration.planning import MeterSaid, plan_calibration
from tosca_kiosk.cli.calibration_record import Calibrated, CalibrationRecord, wait_for_backup
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.simulated_session import pedal_of, quiet_collector, refuse_real_ports
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import described
from tosca_kiosk.control.frames import PolledCamera
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import OperatorGaveUpError, Script, drive
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.control.station_operator import StationOperator
from tosca_kiosk.domain.calibrating.procedures import ProcedureKind
from tosca_kiosk.domain.calibrating.seen import seen
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.camera import camera_over
from tosca_kiosk.running.cart import connected_devices, planned_scenario, simulated_cart
from tosca_kiosk.session import RefusedError, SessionBackup
from tosca_kiosk.session.calibration_rules import calibration_compared

METER: Final = MeterSaid(
    serial_number="SIM-METER",
    wavelength_nm=1550.0,
    range_watts=15.0,
    uncertainty_percent=1.0,
    calibrated_until=date(9999, 12, 31),
)
"""The simulated world's, where nobody says another."""
_ARM_WITHIN_S: Final = 120.0
_LOOKS: Final = 100
"""So many ticks before the light's end a person sees whether the display has come to rest."""
STILL_PART: Final = 0.015
"""A display that moves by more than this part meanwhile has not."""


@dataclass(frozen=True)
class Request:
    """What `calibrate KIND` was asked for."""

    kind: ProcedureKind
    technician: str
    meter: MeterSaid = METER
    scenario: Path | None = None
    seed: int | None = None
    fast: bool = False


@dataclass(frozen=True)
class Simulated:
    """What a calibration has come to, and what the world knows of it."""

    done: Calibrated
    true_energy_j: float
    seconds: float

    def as_result(self) -> dict[str, Any]:
        """Return what `calibrate KIND --json` prints."""
        return self.done.as_result() | {
            "true_energy_joules": self.true_energy_j,
            "simulated_seconds": round(self.seconds, 3),
        }


def run_calibration(workplace: Workplace, request: Request) -> Simulated:
    """Calibrate the simulated cart; what was measured stands in the record then.

    Raises one of EXPECTED_ERRORS before anything is opened.
    """
    config = workplace.config
    refuse_real_ports(config)
    clock: Clock = VirtualClock() if request.fast else RealClock()
    with (
        workplace.record() as database,
        SessionBackup(lambda: database, workplace.backup_dir, clock.utc, workplace.sealing) as backup,
        simulated_cart(config, clock, request.seed) as cart,
    ):
        plan = plan_calibration(
            database, config, kind=request.kind, technician=request.technician, meter=request.meter
        )
        if cart is None:
            raise RefusedError(f"{config.source}: nothing is simulated; calibrate at the cart by --at-cart")
        backup.begin()  # beside the connecting and the homing
        planned_scenario(request.scenario, cart)
        tell_drawn_world(config, cart)
        with (
            connected_devices(config, clock) as devices,
            camera_over(config, clock, cart.world) as camera,
            quiet_collector(),
        ):
            kept = KeptSelfTest(devices, config.devices, plan.idle, clock)
            frames = None if camera is None else PolledCamera(camera)
            controller = Controller(devices, plan.idle, kept, frames=frames)
            operator = StationOperator(controller, pedal_of(cart.world), user=plan.technician.username)
            record = CalibrationRecord(workplace, database, plan)
            return _Run(record, backup, controller, operator, clock, cart.world).run()


@dataclass
class _Run:
    """One calibration: prepare, open, measure, close, judge."""

    record: CalibrationRecord
    backup: SessionBackup
    controller: Controller
    operator: StationOperator
    clock: Clock
    world: World
    _stop: bool = False
    _shown_w: deque[float] = field(default_factory=lambda: deque(maxlen=_LOOKS))
    _unwritten: list[Decision] = field(default_factory=list)
    _journal: Journal | None = None

    def run(self) -> Simulated:
        record, controller = self.record, self.controller
        with on_interrupt(self._press_stop):
            self._drive(self.operator.prepare())
            wait_for_backup(self.backup, lambda: self._stop)
            self._drive(self.operator.settle())
            devices = {device.key: described(device) for device in controller.devices}
            record.open(devices, self.clock.utc(), self.backup, self._begin)
            energy_before_j = self.world.true_energy_j()
            controller.rules_problem = calibration_compared(
                record.database, record.plan.config, record.number, controller.rules
            )
            try:
                self._drive(self._measure())
            except (OperatorGaveUpError, MeasuringError) as error:
                record.reasons.append(str(error))
            reason = record.reasons[0] if record.reasons else None
            self._drive(self.operator.close(reason))
        summary, journal = controller.end_session(reason), self._journal
        assert journal is not None
        missing = None if journal.recorded else journal.problem
        imported = record.close(self.clock.utc(), summary, missing, self._unwritten)
        return Simulated(
            done=record.judge(imported, self.clock.utc()),
            true_energy_j=self.world.true_energy_j() - energy_before_j,
            seconds=self.clock.now_s(),
        )

    def _begin(self, opened: OpenedCalibration) -> None:
        self._journal = Journal(opened.folder, waits=isinstance(self.clock, VirtualClock))
        self.world.mark("session")
        self.controller.open_session(opened.header.rules, opened.header, self._journal, self.clock.now_s())

    def _measure(self) -> Script:
        yield from self.operator.open()
        engine, operator = self.record.engine, self.operator
        while not engine.done:
            wish = self._follow()
            if wish.wants is Wants.SELECT and wish.station is not None:
                yield from self._followed(operator.go_to(wish.station))
            elif wish.wants is Wants.LIGHT:
                yield from self._followed(operator.give_light(operator.now_s + _ARM_WITHIN_S))
            elif wish.wants is Wants.READING:
                first_w, last_w = self._shown_w[0], self._shown_w[-1]
                still = abs(last_w - first_w) <= STILL_PART * abs(last_w)
                if (refused := engine.answer(last_w, still=still)) is not None:
                    raise MeasuringError(refused)
            yield

    def _followed(self, script: Script) -> Script:
        for _ in script:
            self._follow()
            yield

    def _follow(self) -> Wish:
        """Let the engine see the newest tick, and the meter its light."""
        meter, controller = self.world.meter, self.controller
        meter.light(self.world.true_power_w(), self.clock.now_s())
        if controller.state.beam is Beam.EMITTING:
            self._shown_w.append(meter.read_w())
        inputs, board = self.operator.inputs, controller.devices.board.status
        if inputs is None:
            return Wish(Wants.NOTHING)
        vibration_mg = None if board is None else board.value.vibration_mg
        return self.record.follow(seen(controller.rules, inputs, controller.state, vibration_mg))

    def _drive(self, script: Script) -> None:
        drive(
            FixedRateLoop(self.clock, self.record.plan.config.rate_hz),
            self.controller,
            self.operator,
            script,
            stop=lambda: self._stop,
            watch=self._watch,
        )

    def _watch(self, decision: Decision) -> None:
        if self._journal is not None and not self._journal.recorded:
            self._unwritten.append(decision)

    def _press_stop(self) -> None:
        self._stop = True
