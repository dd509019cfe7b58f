"""What a step writes into the record: rows with the schema's names and keys."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.commands import Reply
from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs, TurnedAway
from tosca_kiosk.domain.interlocks import Interlock, Severity
from tosca_kiosk.domain.light import dose_j
from tosca_kiosk.domain.overriding import OVERRIDES, deviation
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.situations import lamps
from tosca_kiosk.domain.state import Beam, State
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED

SHUTDOWN = "laser_shutdown"


class StepRows:
    """Collects one step's rows; outside a session treatment rows are left out, safety rows are not.

    It only reads: what a step remembers is changed by the step itself.
    """

    def __init__(self, rules: Rules, state: State, inputs: Inputs) -> None:
        self._rules = rules
        self._state = state
        self._inputs = inputs
        self.events: list[TreatmentEvent] = []
        self.safety: list[SafetyEvent] = []

    # --- light and protocol -----------------------------------------------------------------------------

    def resume(self) -> None:
        state = self._state
        self._event("resume", protocol_step=state.step_index + 1, elapsed_s=round(state.elapsed_s, 3))

    def laser_on(self) -> None:
        self._event("laser_on", source="footpedal_depression", protocol_step=self._step_number())

    def laser_off(self) -> None:
        self._event(
            "laser_off",
            protocol_step=self._step_number(),
            elapsed_s=round(self._state.elapsed_s, 3),
            measured_energy_joules=round(self._state.measured_j, 4),
        )

    def step_planned(self) -> None:
        self._ring_wanted("ring_size_set")

    def step_finished(self) -> None:
        self._event("protocol_step_end", protocol_step=self._step_number())

    def step_begun(self, ring_changes: bool) -> None:
        self.step_start()
        if ring_changes:
            self._ring_wanted("ring_size_change")

    def _ring_wanted(self, event_type: str) -> None:
        plan, index = self._rules.plan_in_force(self._state), self._state.step_index
        if plan is not None:
            self._event(event_type, protocol_step=index + 1, new_value=plan.rings_mm[index])

    def step_start(self) -> None:
        plan, index = self._rules.plan_in_force(self._state), self._state.step_index
        if plan is None:
            return
        self._event("protocol_step_start", protocol_step=index + 1)
        self._event("power_set", protocol_step=index + 1, new_value=plan.start_power_w(index))

    def sample(self) -> None:
        """The state of the hardware, as often as set points are given."""
        self._event("power_change", sample=True)

    def overridden(self, command: Command) -> None:
        """What an override has changed, from here on in force."""
        if command.type is CommandType.RING_OVERRIDE:
            self._ring_wanted("ring_size_change")
        else:
            self._event("power_set", protocol_step=self._state.step_index + 1, new_value=command.value)

    # --- stations of a calibration ------------------------------------------------------------------------

    def station_start(self) -> None:
        """The light of a station begins, at the beginning of its time."""
        self._event("protocol_step_start", protocol_step=self._step_number())
        station = self._rules.station(self._state)
        if station is not None:
            self._event("power_set", protocol_step=self._step_number(), current_ma=station.current_ma)

    def _step_number(self) -> int:
        """Return the number, from 1, of the protocol's step or of the calibration's station."""
        station = self._state.station
        return (self._state.step_index if station is None else station) + 1

    # --- operator ---------------------------------------------------------------------------------------

    def command(self, reply: Reply) -> None:
        details: dict[str, Any] = {"action": str(reply.command.type)}
        if reply.command.type in OVERRIDES:
            details |= deviation(self._rules, self._state, reply.command)
        if reply.command.type is CommandType.SELECT_STATION:
            details["station"] = reply.command.value
        if reply.command.user is not None:
            details["user"] = reply.command.user
        if reply.command.reason is not None:
            details["reason"] = reply.command.reason
        if reply.refused is not None:
            details["refused"] = reply.refused
        self._event("user_action", **details)

    def turned_away(self, what: TurnedAway) -> None:
        self._event("user_action", action=what.asked, refused=what.refused)

    def note(self, text: str) -> None:
        self._event("user_action", action="disarm", reason=text)

    def pause(self, source: str) -> None:
        self._event("pause", source=source, elapsed_s=round(self._state.elapsed_s, 3))

    def released(self) -> None:
        """The pedal was released under way, which is no fault."""
        self._safety(
            "footpedal_released", Severity.INFO, "The pedal was released during treatment.", "laser_off", {}
        )

    # --- safety -----------------------------------------------------------------------------------------

    def trigger(self, rows: tuple[Interlock, ...]) -> None:
        shown = lamps(self._rules, self._state, self._inputs)
        for row in rows:
            details = {"trigger_source": row.source, "action_taken": SHUTDOWN, **self._evidence(row)}
            self._event("safety_trigger", shown, **details)
            self._safety(row.event_type, row.severity, row.said(self._inputs), SHUTDOWN, details)

    def warning(self, row: Interlock) -> None:
        details = {"trigger_source": row.source, "action_taken": "none", **self._evidence(row)}
        self._event("safety_warning", **details)
        self._safety(row.event_type, row.severity, row.said(self._inputs), "none", details)

    def dose_warning(self, text: str) -> None:
        details = {
            "trigger_source": "dose_limit",
            "reason": text,
            "dose_joules": round(dose_j(self._state), 4),
        }
        self._event("safety_warning", **details)

    def recovery(self, row: Interlock) -> None:
        self._safety(row.recovery, Severity.INFO, f"Gone: {row.what}", "none", {"trigger_source": row.source})

    def key_off(self, command: Command) -> None:
        """A person vouches for the darkness that is not known."""
        by = {"role": command.role, "user": command.user, "reason": command.reason}
        self._not_confirmed(f"A {command.role} confirmed that the laser's key is off: {command.reason}", by)

    def left_in_light(self) -> None:
        """The record ends here, and nobody has vouched for the darkness that is not known."""
        self._not_confirmed("Nobody has confirmed it: turn the laser's key off before the next session.", {})

    def _not_confirmed(self, text: str, by: dict[str, Any]) -> None:
        unknown_s = round(self._inputs.now_s - self._state.unconfirmed_since_s, 3)
        self._safety(
            "interlock_failure",
            Severity.CRITICAL,
            f"{LIGHT_NOT_CONFIRMED.capitalize()}. {text}",
            "session_closed",
            {"trigger_source": "light_not_confirmed", "unknown_for_s": unknown_s, **by},
        )

    def _evidence(self, row: Interlock) -> dict[str, Any]:
        state, inputs = self._state, self._inputs
        evidence: dict[str, Any] = {}
        if row.lamp in ("photodiode", "power_limit"):
            evidence["expected_power"] = round(state.expected_w, 4)
            evidence["measured_power"] = None if state.measured_w is None else round(state.measured_w, 4)
        elif row.lamp == "laser" and inputs.laser is not None:
            evidence["condition_bits"] = inputs.laser.condition
            evidence["error_codes"] = list(inputs.laser.errors)
        elif row.lamp == "devices":
            named = {"board": inputs.board, "laser": inputs.laser, "tec": inputs.tec, "stage": inputs.stage}
            evidence["lost"] = [name for name, reading in named.items() if reading is None]
        if row.told_by is not None:
            evidence["problem"] = getattr(inputs, row.told_by)
        return evidence

    # --- rows -------------------------------------------------------------------------------------------

    def _event(self, event_type: str, shown: dict[str, bool] | None = None, /, **details: Any) -> None:
        """Write a row; shown: the lamps of now, where they are known already."""
        state, inputs = self._state, self._inputs
        if not state.session_open:
            return
        board, stage = inputs.board, inputs.stage
        self.events.append(
            TreatmentEvent(
                event_type=event_type,
                power_commanded_w=None if self._rules.calibration_session else state.command_w,
                power_actual_w=state.measured_w,
                ring_size_mm=self._ring_size_mm(),
                actuator_position_um=None if stage is None else stage.position_um,
                photodiode_v=None if board is None else board.photodiode_v,
                footpedal=None if board is None else board.pedal_pressed,
                smoothing=None if board is None else checks.smoothing_healthy(self._rules, state, inputs),
                interlocks=lamps(self._rules, state, inputs) if shown is None else shown,
                details=details,
            )
        )

    def _safety(
        self, event_type: str, severity: Severity, description: str, action: str, details: dict[str, Any]
    ) -> None:
        state, board = self._state, self._inputs.board
        self.safety.append(
            SafetyEvent(
                event_type=event_type,
                severity=str(severity),
                description=description,
                system_state=str(state.phase),
                laser_state="on" if state.beam is Beam.EMITTING else "off",
                footpedal=None if board is None else board.pedal_pressed,
                smoothing=None
                if board is None
                else checks.smoothing_healthy(self._rules, state, self._inputs),
                photodiode_v=None if board is None else board.photodiode_v,
                action_taken=action,
                details=details,
            )
        )

    def _ring_size_mm(self) -> float | None:
        """Return the ring's size where the stage is, continued beyond the calibrated points."""
        stage, calibrations, protocol = self._inputs.stage, self._rules.calibrations, self._rules.protocol
        if stage is None or calibrations is None or protocol is None or not stage.index_known:
            return None
        return calibrations.ring.curve.continued(stage.position_um)
