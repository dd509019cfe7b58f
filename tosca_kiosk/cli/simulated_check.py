"""One check of the simulated cart in this process: self-test, stage, one point of light; judged and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from math import nan
from pathlib import Path
from statistics import fmean
from typing import Final, NamedTuple

import msgspec

from tosca_kiosk.calibration.courses import CALIBRATIONS, found_before
from tosca_kiosk.calibration.morning_plan import LIGHT_S, LIT, MOST_W, MorningPlan, morning_plan
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.simulated_session import pedal_of, quiet_collector, refuse_real_ports
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import idle_rules
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import described
from tosca_kiosk.control.frames import PolledCamera
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import OperatorGaveUpError, Script, drive
from tosca_kiosk.control.self_test import KeptSelfTest, Outcome, Result
from tosca_kiosk.control.station_operator import StationOperator
from tosca_kiosk.domain.calibrating.morning import LEAST_BEFORE, MEAN_OF_LAST, Found, judged
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header, Summary
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal.tail import not_made
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.running.camera import camera_over
from tosca_kiosk.running.cart import connected_devices, planned_scenario, simulated_cart
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Database, calibration_sessions, close_calibration, events, settings
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow, CalibrationValue
from tosca_kiosk.storage.timestamps import utc_text
from tosca_kiosk.storage.users import Role

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


@dataclass(frozen=True)
class Checked:
    """What a check has come to. session_id: None where it came to none. dark: why there was no light."""

    session_id: int | None
    results: tuple[Result, ...]
    found: tuple[Found, ...]
    reasons: tuple[str, ...]
    dark: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.reasons


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
            check = _Check(workplace, database, technician.tech_id, plan, idle, controller, operator, clock)
            cart.world.mark("session")  # whatever a scenario does to the cart, it is so this morning
            return check.run()


class _Opened(NamedTuple):
    """The session whose row, folder and journal exist."""

    row: CalibrationSessionRow
    header: Header
    journal: Journal


@dataclass
class _Check:
    """One check. reasons: why it fails, in the order in which it was found."""

    workplace: Workplace
    database: Database
    tech_id: int
    plan: MorningPlan
    idle: Rules
    controller: Controller
    operator: StationOperator
    clock: Clock
    reasons: list[str] = field(default_factory=list)
    _values: dict[str, float] = field(default_factory=dict)
    _places_um: list[float] = field(default_factory=list)
    _watts: list[float] = field(default_factory=list)
    _before: list[tuple[datetime, SafetyEvent]] = field(default_factory=list)
    _unwritten: list[Decision] = field(default_factory=list)
    _stop: bool = False

    def run(self) -> Checked:
        with on_interrupt(self._press_stop):
            self._try(self.operator.test())
            kept = self.controller.self_test
            self._values |= kept.found
            self.reasons += [result.line for result in kept.results if result.outcome is Outcome.FAILED]
            if not self.reasons:
                self._try(self.operator.home(HOME_WITHIN_S))
            opened = None if self.reasons else self._opened()
            summary = None if opened is None else self._session(opened)
        self._record_what_came_before()
        found = judged(self._values, self.plan.known)
        seconds = self.clock.now_s()
        if opened is not None and summary is not None:
            outside = (one for one in found if not one.passed)
            self.reasons += [f"{one.row.device}: {one.reason}. {one.row.to_do}" for one in outside]
            self._keep(opened, found)
            self._close(opened, summary)
        return Checked(
            session_id=None if opened is None else opened.row.calibration_session_id,
            results=kept.results,
            found=found,
            reasons=tuple(self.reasons),
            dark=self.plan.dark,
            seconds=seconds,
        )

    # --- the session ------------------------------------------------------------------------------------

    def _session(self, opened: _Opened) -> Summary:
        """Go through the session's stations and end it; what fails is a reason."""
        controller, operator, rules = self.controller, self.operator, opened.header.rules
        controller.open_session(rules, opened.header, opened.journal, self.clock.now_s())
        saved = calibration_sessions.get(self.database, opened.row.calibration_session_id)
        as_recorded = calibration_sessions.rules_of(saved) == rules.calibration_session
        controller.rules_problem = None if as_recorded else "the record has other stations or bounds"
        if self._try(operator.open()):
            self._try(self._stations())
            if self.plan.dark is None and not self.reasons:
                self._try(operator.go_to(LIT))
                self._try(operator.give_light(ARMED_BY_S))
        reason = self.reasons[0] if self.reasons else None
        self._try(operator.close(reason))
        summary = controller.end_session(reason)
        self._read()
        return summary

    def _stations(self) -> Script:
        for number in range(LIT):
            yield from self.operator.go_to(number)
            inputs = self.operator.inputs
            assert inputs is not None
            assert inputs.stage is not None  # it has arrived
            self._places_um.append(inputs.stage.position_um)
        yield from self._temperature_reached()

    def _temperature_reached(self) -> Script:
        """Wait for the set point while there is time: a cart that was just switched on is not there yet."""
        while self.clock.now_s() < ARMED_BY_S and not abs(self._off_setpoint_c()) <= self.plan.known.tec_c:
            yield

    def _off_setpoint_c(self) -> float:
        inputs = self.operator.inputs
        tec = None if inputs is None else inputs.tec
        return nan if tec is None else tec.temperature_c - self.idle.tec_setpoint_c

    def _serials(self) -> dict[str, str]:
        return {device.key: described(device)["serial_number"] for device in self.controller.devices}

    def _opened(self) -> _Opened:
        """Make row, folder and journal together or not at all."""
        now, config = self.clock.utc(), self.workplace.config
        devices = {device.key: described(device) for device in self.controller.devices}
        rules = msgspec.structs.replace(
            self.idle, calibration_session=self.plan.session, power_limit_w=MOST_W
        )
        with self.database.transaction(self.tech_id) as transaction:
            row = calibration_sessions.start(
                transaction,
                tech_id=self.tech_id,
                start_utc=now,
                rules=self.plan.session,
                device_serials=self._serials(),
                origin=config.origin,
            )
            header = Header(
                version=FORMAT_VERSION,
                session_id=row.calibration_session_id,
                patient_id=None,
                tech_id=self.tech_id,
                started_utc=utc_text(now),
                origin=config.origin,
                software=version("tosca-kiosk"),
                devices=devices,
                rules=rules,
                work="calibration",
            )
            folder = calibration_sessions.folder_of(row, self.workplace.data_dir)
            try:
                make_folder(folder, new=True)
                return _Opened(row, header, Journal(folder, waits=isinstance(self.clock, VirtualClock)))
            except OSError as error:
                raise RefusedError(not_made(error, folder)) from error

    # --- what it comes to -------------------------------------------------------------------------------

    def _read(self) -> None:
        """Take what the stations have shown into the values, as far as they were come to."""
        if len(self._places_um) == LIT:
            self._values["tec_off_setpoint_c"] = self._off_setpoint_c()
            self._values["stage_repeat_um"] = self._places_um[-1] - self._places_um[0]
        if self._watts and self.controller.state.station_lit:
            off = 100.0 * (fmean(self._watts) / self.plan.expected_w - 1.0)
            self._values["power_off_percent"] = off
            before = found_before(self.database, "power_off_percent", self._serials(), self.plan.calibrations)
            if len(before) >= LEAST_BEFORE:
                self._values["power_moved_percent"] = off - fmean(before[-MEAN_OF_LAST:])

    def _close(self, opened: _Opened, summary: Summary) -> None:
        with self.workplace.sealing.signing(self.database) as key:
            close_calibration(
                self.database,
                opened.row,
                self.workplace.data_dir,
                self.clock.utc(),
                operator_id=self.tech_id,
                known=summary,
                missing=None if opened.journal.recorded else opened.journal.problem,
                unwritten=self._unwritten,
                key=key,
            )

    def _keep(self, opened: _Opened, found: tuple[Found, ...]) -> None:
        told = {CALIBRATIONS: self.plan.calibrations, "reasons": self.reasons, "dark": self.plan.dark}
        values = [
            CalibrationValue(
                name=one.row.name,
                value=one.value,
                unit=one.row.unit,
                low=one.low,
                high=one.high,
                passed=one.passed,
            )
            for one in found
        ]
        with self.database.transaction(self.tech_id) as transaction:
            calibration_sessions.finish(
                transaction,
                opened.row.calibration_session_id,
                verdict="failed" if self.reasons else "passed",
                validation_data=msgspec.json.encode(told).decode(),
                values=values,
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
            with self.database.transaction(self.tech_id) as transaction:
                for utc, event in self._before:
                    events.append_safety(transaction, utc, [(0.0, event)], tech_id=self.tech_id)

    def _press_stop(self) -> None:
        self._stop = True
