"""One tick of control: poll the devices, decide, act, record. The same on a real and on a virtual clock."""

from __future__ import annotations

import msgspec

from tosca_kiosk.control.devices import Devices, Sampler
from tosca_kiosk.control.frames import Frames
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.control.traces import fault_trace
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs, TurnedAway
from tosca_kiosk.domain.journal_lines import Header, Summary, TickLine
from tosca_kiosk.domain.laser_checks import dark_confirmed, key_off_in_s
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision, step
from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.domain.summary import left_in_light, summarise
from tosca_kiosk.journal.fault_traces import IdleTraces
from tosca_kiosk.journal.writer import Journal

OPENS_WITHIN_S = 2.0
"""A session is asked for once darkness is known by answers of its own time; after this long in any case."""

CLOSES_WITHIN_S = 2.0
"""Whoever is told to end waits this long for the darkness in which a session may be closed."""

_OWN = -1  # no request has it: nobody waits for the answer
NOT_COMPARED = "the session's rules are not compared with the record yet"
URGENT_EVENTS = frozenset({"laser_on", "laser_off", "safety_trigger", "user_action", "pause"})


class Controller:
    """Owns the devices, the state and the session's journal. idle_rules: in force without a session.

    idle_traces: keeps the wire traces of faults without a session; the journal keeps a session's.
    frames: tells when the camera's newest picture was taken; None where there is no camera. self_test: runs
    while idle, and says whether a session may be opened on it. real_time_problem: why there is no light
    because control may be delayed, None where there may be.
    runtime_ok: whether the folder in which the processes meet is the one they began in; the process says.
    rules_problem: what came of comparing the session's rules with the record, None where they are equal;
    whoever opens a session has that done and says so here. Arming is refused meanwhile.
    """

    def __init__(
        self,
        devices: Devices,
        idle_rules: Rules,
        self_test: KeptSelfTest,
        idle_traces: IdleTraces | None = None,
        frames: Frames | None = None,
        *,
        real_time_problem: str | None = None,
    ) -> None:
        self.devices = devices
        self.self_test = self_test
        self._real_time_problem = real_time_problem
        self._sampler = Sampler(devices, frames)
        self._idle_rules = idle_rules
        self._rules = idle_rules
        self._journal: Journal | None = None
        self._idle_traces = idle_traces
        self._commands: list[Command] = []
        self._turned_away: list[TurnedAway] = []
        self._operator_s: float | None = None
        self._opening = False
        self.runtime_ok = True
        self.rules_problem: str | None = NOT_COMPARED
        self.state = State()

    @property
    def session_time_s(self) -> float:
        """Session time of the newest tick."""
        return self.state.now_s

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self._rules

    @property
    def recording(self) -> bool:
        """Whether ticks go into a session's journal."""
        return self._journal is not None

    @property
    def recorded(self) -> bool:
        """Whether the newest tick stands in a session's journal, and will be read back from there."""
        return self._journal is not None and self._journal.recorded

    @property
    def opening(self) -> bool:
        """Whether a session waits for darkness to be known before it is asked for."""
        return self._opening

    @property
    def dark(self) -> bool:
        """Whether it is known that no light leaves, so that a session may be closed."""
        return self.state.dark

    @property
    def key_off_in_s(self) -> float | None:
        """For how long control still waits for darkness before a person's word could close the session.

        None where there is nothing to wait for.
        """
        return key_off_in_s(self._rules, self.state)

    def submit(self, command: Command) -> None:
        """Hand a command to the next tick."""
        self._commands.append(command)

    def turn_away(self, what: TurnedAway) -> None:
        """Have the next tick record what was refused before it could become a command."""
        self._turned_away.append(what)

    def operator_alive(self, now_s: float) -> None:
        """Note a sign of life of the operator's screen, on the controller's clock."""
        self._operator_s = now_s

    def operator_lost(self) -> None:
        """Note that the operator's screen is gone: there is no sign of life from now on."""
        self._operator_s = None

    def hold_idle_rules(self, idle_rules: Rules) -> None:
        """Take other rules for a cart without a session; one that is open goes on under its own."""
        self._idle_rules = self.self_test.rules = idle_rules
        if self._journal is None:
            self._rules = idle_rules

    def open_session(self, rules: Rules, header: Header, journal: Journal, now_s: float) -> None:
        """Begin session time at now_s, start the journal and ask for the session when darkness is known.

        What was known before its time does not count. Raises RuntimeError when control is not idle.
        """
        if self.state.phase is not Phase.IDLE:
            raise RuntimeError(f"a session can only be opened when idle, not in {self.state.phase}")
        self._rules, self._journal = rules, journal
        self.not_compared()
        self._sampler.begin(now_s)
        aiming, self.state = self.state.aiming, State()
        journal.begin(msgspec.structs.replace(header, self_test=self.self_test.passed))
        self._opening = True
        if aiming:
            # The ring was placed by it: a session, whose state begins anew, goes on with it. What was asked
            # since comes after.
            self._commands.insert(0, Command(_OWN, CommandType.AIMING_ON))

    def not_compared(self) -> None:
        """Refuse arming until somebody has compared the session's rules with the record."""
        self.rules_problem = NOT_COMPARED

    def end_session(self, reason: str | None = None, *, wait: bool = True) -> Summary:
        """Close the journal behind a closed session and return the session's summary.

        reason: why it ended, where the state does not know. A session whose darkness is not known may be left
        open: the summary says so, and nothing is opened behind it. Without `wait` the journal's own helper
        syncs and closes it: see Journal.closed.
        """
        state = self.state
        if self._journal is None or (state.session_open and not self._may_be_left()):
            raise RuntimeError("close the session by its command first")
        summary = summarise(state, reason)
        self._journal.finish(summary, wait=wait)
        self._journal, self._opening = None, False
        self._rules = self._idle_rules
        return summary

    def _may_be_left(self) -> bool:
        return self.state.phase not in (Phase.ARMED, Phase.TREATING) and left_in_light(self.state)

    def tick(self, now_s: float, late_s: float = 0.0, overrun_s: float = 0.0) -> tuple[Inputs, Decision]:
        """Run one tick; return what was known and what was decided.

        Whatever goes wrong inside, the laser is asked off before the error goes on.
        """
        try:
            self.devices.poll(now_s)
            inputs = self.inputs(now_s, late_s, overrun_s)
            decision = self.decide(inputs)
            self.devices.act(decision.outputs, now_s)
            self.record(inputs, decision)
            self.self_test.follow(now_s, decision)
        except BaseException:
            self.devices.darken(now_s)
            raise
        return inputs, decision

    def inputs(self, now_s: float, late_s: float, overrun_s: float) -> Inputs:
        """Return what this tick's decision may depend on, in session time."""
        sampler, epoch_s = self._sampler, self._sampler.epoch_s
        commands, self._commands = tuple(self._commands), []
        turned_away, self._turned_away = tuple(self._turned_away), []
        inputs = Inputs(
            now_s=now_s - epoch_s,
            late_s=late_s,
            overrun_s=overrun_s,
            board=sampler.board(),
            laser=sampler.laser(),
            tec=sampler.tec(),
            stage=sampler.stage(),
            operator_s=None if self._operator_s is None else self._operator_s - epoch_s,
            frame_s=sampler.frame_s(now_s),
            journal_ok=self._journal is None or self._journal.ok,
            disk_ok=self._journal is None or self._journal.disk_ok,
            commands=commands,
            turned_away=turned_away,
            frame_covered=sampler.frame_covered(),
            runtime_ok=self.runtime_ok,
            # Only an idle cart is opened: in a session nobody asks.
            self_test_problem=self.self_test.problem() if self.state.phase is Phase.IDLE else None,
            real_time_problem=self._real_time_problem,
            self_test_motor=self.self_test.motor_on,
            rules_problem=self.rules_problem,
        )
        return self._with_opening(inputs) if self._opening else inputs

    def _with_opening(self, inputs: Inputs) -> Inputs:
        """Ask for the session that waits for darkness, first of all commands, if it is time."""
        waits = self.state.phase is Phase.IDLE and inputs.now_s < OPENS_WITHIN_S
        if waits and not dark_confirmed(self._rules, self.state, inputs):
            return inputs
        self._opening = False
        opening = Command(0, CommandType.OPEN_SESSION)
        return msgspec.structs.replace(inputs, commands=(opening, *inputs.commands))

    def decide(self, inputs: Inputs) -> Decision:
        """Take the step."""
        decision = step(self._rules, self.state, inputs)
        self.state = decision.state
        return decision

    def record(self, inputs: Inputs, decision: Decision) -> None:
        """Append the tick to the journal of the session, if one is open; keep the traces of a fault."""
        if self._journal is not None:
            events = decision.events
            urgent = bool(events) and any(event.event_type in URGENT_EVENTS for event in events)
            line = TickLine(inputs.now_s, inputs, decision.outputs, events, decision.safety)
            self._journal.tick(line, urgent)
        if decision.safety:
            self._keep_traces(inputs.now_s, decision.safety)

    def _keep_traces(self, now_s: float, safety: tuple[SafetyEvent, ...]) -> None:
        keeper, epoch_s = self._journal or self._idle_traces, self._sampler.epoch_s
        if keeper is None:
            return
        if self._journal is None:
            now_s, epoch_s = now_s + epoch_s, 0.0
        trace = fault_trace(self.devices, safety, now_s, epoch_s)
        if trace is not None:
            keeper.keep_trace(trace)
