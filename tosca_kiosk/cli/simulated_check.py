"""One check of the simulated cart in this process: self-test, stage, one point of light; judged and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import nan
from pathlib import Path
from typing import Final

from tosca_kiosk.calibration.morning_plan import LIGHT_S, LIT, MorningPlan, morning_plan
from tosca_kiosk.calibration.morning_values import Seen, keep, reasons_of
from tosca_kiosk.calibration.opening import CalibrationOrder, OpenedCalibration, opening_calibration
from tosca_kiosk.cli.checked import Checked
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.simulated_session import pedal_of, quiet_collector, refuse_real_ports
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import idle_rules
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import described
from tosca_kiosk.control.frames import PolledCamera
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import OperatorGaveUpError, Script, drive
from tosca_kiosk.control.self_test import KeptSelfTest, Outcome
from tosca_kiosk.control.station_operator import StationOperator
from tosca_kiosk.domain.calibrating.morning import Found, judged
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.camera import camera_over
from tosca_kiosk.running.cart import connected_devices, planned_scenario, simulated_cart
from tosca_kiosk.session import BackedUp, RefusedError, back_up
from tosca_kiosk.session.calibration_rules import calibration_compared
from tosca_kiosk.storage import Database, close_calibration, events, settings
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.users import Role, User

HOME_WITHIN_S: Final = 40.0
ARMED_BY_S: Final = 52.0
"""Later than this no light is begun: what is left of 60 s is for arming, switching on and the light."""
WATCHED: Final = 0.5
"""This last part of the light is what is read: current and lag are over by then."""


@dataclass(frozen=True)
class Request:
    """What `check-cart` was asked for."""

    technician: str
    light: bool = True
    scenario: Path | None = None
    seed: int | None = None
    fast: bool = False


def run_check(workplace: Workplace, request: Request) -> Checked:
    """Check the simulated cart; what it found is then in the record. Raises one of EXPECTED_ERRORS before."""
    config = workplace.config
    refuse_real_ports(config)
    clock: Clock = VirtualClock() if request.fast else RealClock()
    with workplace.record() as database, simulated_cart(config, clock, request.seed) as cart:
        technician = allowed(database, request.technician, clock.utc(), "check-cart", Role.TECHNICIAN)
        idle = idle_rules(config, settings.values(database))
        with database.reading() as reader:
            plan = morning_plan(reader, config, idle.limits, light=request.light)
        if cart is None:
            raise RefusedError(f"{config.source}: nothing is simulated; check-cart needs the simulated cart")
        planned_scenario(request.scenario, cart)
        backup = back_up(database, workplace.backup_dir, clock.utc())  # the devices are not left alone for it
        tell_drawn_world(config, cart)
        with (
            connected_devices(config, clock) as devices,
            camera_over(config, clock, cart.world) as camera,
            quiet_collector(),
        ):
            kept = KeptSelfTest(devices, config.devices, idle, clock)
            frames = None if camera is None else PolledCamera(camera)
            controller = Controller(devices, idle, kept, frames=frames)
            operator = StationOperator(controller, pedal_of(cart.world), user=technician.username)
            check = _Check(workplace, database, technician, plan, backup, idle, controller, operator, clock)
            cart.world.mark("session")  # whatever a scenario does to the cart, it is so this morning
            return check.run()


@dataclass
class _Check:
    """One check. reasons: why it fails, in the order in which it was found."""

    workplace: Workplace
    database: Database
    technician: User
    plan: MorningPlan
    backup: BackedUp
    idle: Rules
    controller: Controller
    operator: StationOperator
    clock: Clock
    reasons: list[str] = field(default_factory=list)
    _seen: Seen = field(default_factory=Seen)
    _found: tuple[Found, ...] = ()
    _watts: list[float] = field(default_factory=list)
    _before: list[tuple[datetime, SafetyEvent]] = field(default_factory=list)
    _unwritten: list[Decision] = field(default_factory=list)
    _stop: bool = False

    def run(self) -> Checked:
        with on_interrupt(self._press_stop):
            self._try(self.operator.test())
            kept = self.controller.self_test
            self._seen.self_tested = kept.found
            self.reasons += [result.line for result in kept.results if result.outcome is Outcome.FAILED]
            if not self.reasons:
                self._try(self.operator.home(HOME_WITHIN_S))
            number = None if self.reasons else self._session()
        self._record_what_came_before()
        return Checked(
            session_id=number,
            results=kept.results,
            found=self._found or judged(kept.found, self.plan.known),
            reasons=tuple(self.reasons),
            dark=self.plan.dark,
            seconds=self.clock.now_s(),
        )

    # --- the session ------------------------------------------------------------------------------------

    def _session(self) -> int:
        """Go through a session and keep it; what fails is a reason. Return its number."""
        controller, operator, config = self.controller, self.operator, self.workplace.config
        order = CalibrationOrder(technician=self.technician, session=self.plan.session, config=config)
        devices = {device.key: described(device) for device in controller.devices}
        with opening_calibration(
            self.database, self.workplace.data_dir, order, devices, self.clock.utc(), self.backup
        ) as opened:
            journal = Journal(opened.folder, waits=isinstance(self.clock, VirtualClock))
        number, rules = opened.row.calibration_session_id, opened.header.rules
        controller.open_session(rules, opened.header, journal, self.clock.now_s())
        controller.rules_problem = calibration_compared(self.database, config, number, controller.rules)
        if self._try(operator.open()) and self._try(self._stations()) and self.plan.dark is None:
            self._try(self._light())
        reason = self.reasons[0] if self.reasons else None
        self._try(operator.close(reason))
        summary = controller.end_session(reason)
        self._keep(opened, journal, summary)
        return number

    def _stations(self) -> Script:
        for number in range(LIT):
            yield from self.operator.go_to(number)
            inputs = self.operator.inputs
            assert inputs is not None
            assert inputs.stage is not None  # it has arrived
            self._seen.places_um.append(inputs.stage.position_um)
        yield from self._temperature_reached()
        self._seen.off_setpoint_c = self._off_setpoint_c()

    def _light(self) -> Script:
        yield from self.operator.go_to(LIT)
        yield from self.operator.give_light(ARMED_BY_S)
        self._seen.off_setpoint_c = self._off_setpoint_c()
        self._seen.watts = self._watts

    def _temperature_reached(self) -> Script:
        """Wait for the set point while there is time: a cart that was just switched on is not there yet."""
        while self.clock.now_s() < ARMED_BY_S and not abs(self._off_setpoint_c()) <= self.plan.known.tec_c:
            yield

    def _off_setpoint_c(self) -> float:
        inputs = self.operator.inputs
        tec = None if inputs is None else inputs.tec
        return nan if tec is None else tec.temperature_c - self.idle.tec_setpoint_c

    # --- what it comes to -------------------------------------------------------------------------------

    def _keep(self, opened: OpenedCalibration, journal: Journal, summary: Summary) -> None:
        serials = {device.key: described(device)["serial_number"] for device in self.controller.devices}
        self._found = self._seen.judged(self.database, self.plan, serials)
        self.reasons += reasons_of(self._found)
        tech_id = self.technician.tech_id
        with self.database.transaction(tech_id) as transaction:
            keep(transaction, opened.row.calibration_session_id, self.plan, self._found, self.reasons)
        with self.workplace.sealing.signing(self.database) as key:
            close_calibration(
                self.database,
                opened.row,
                self.workplace.data_dir,
                self.clock.utc(),
                operator_id=tech_id,
                known=summary,
                missing=None if journal.recorded else journal.problem,
                unwritten=self._unwritten,
                key=key,
            )

    # --- ticks ------------------------------------------------------------------------------------------

    def _try(self, script: Script) -> bool:
        """Run a script to its end; where it gives up, that is a reason."""
        try:
            drive(
                FixedRateLoop(self.clock, self.workplace.config.rate_hz),
                self.controller,
                self.operator,
                script,
                stop=lambda: self._stop,
                watch=self._watch,
            )
        except OperatorGaveUpError as error:
            self.reasons.append(str(error))
            return False
        return True

    def _watch(self, decision: Decision) -> None:
        state = decision.state
        if not self.controller.recording:
            self._before += [(self.clock.utc(), event) for event in decision.safety]
        elif not self.controller.recorded:
            self._unwritten.append(decision)
        if state.station != LIT or state.beam is not Beam.EMITTING or state.measured_w is None:
            return
        if state.lit_s >= (1.0 - WATCHED) * LIGHT_S:
            self._watts.append(state.measured_w)

    def _record_what_came_before(self) -> None:
        """Write safety events from outside the session; those inside it stand in its journal."""
        if self._before:
            with self.database.transaction(self.technician.tech_id) as transaction:
                for utc, event in self._before:
                    events.append_safety(transaction, utc, [(0.0, event)], tech_id=self.technician.tech_id)

    def _press_stop(self) -> None:
        self._stop = True
