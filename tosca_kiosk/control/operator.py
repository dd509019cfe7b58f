"""An operator without a screen: connects, homes, arms and holds the pedal as a technician would.

A script is a generator that control resumes before every tick; it looks at the newest state and submits
commands. It has no way around an interlock: every refusal stays a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple, Protocol

from tosca_kiosk.control.controller import CLOSES_WITHIN_S, Controller
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.domain.checks import stage_healthy
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.interlocks import BY_SOURCE, Scope
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.situations import refusals
from tosca_kiosk.domain.state import Beam, Phase

CONNECT_WITHIN_S = 30.0
HOME_WITHIN_S = 60.0
TEST_WITHIN_S = 60.0
ARM_WITHIN_S = 120.0
PEDAL_WITHIN_S = 120.0

HOLD_ON_S = 0.1
"""So much longer than it must be ARM is held."""
ARM_TRIES = 3
SETTLE_TICKS = 20
OPEN_WITHIN_S = 2.0

Script = Iterator[None]
ScriptWithReason = Generator[None, None, str | None]


class Wish(NamedTuple):
    """An override that is asked for, once. value: in W of the power, in mm of the ring."""

    command: CommandType
    value: float
    reason: str


class Wishes(Protocol):
    """What a scenario has the operator do beside treating."""

    def paused(self) -> bool:
        """Return whether the treatment is kept paused."""

    def take(self) -> Sequence[Wish]:
        """Return the overrides asked for since the last call, oldest first."""


class OperatorGaveUpError(Exception):
    """The treatment cannot go on; the text says why and what to do."""


class UnattendedOperator:
    """Scripts for one session. press_pedal: None where somebody else holds the pedal. user: his account.

    wishes: what he is to do beside treating, None for nothing. An override is asked for at once, in a pause
    or not: whether it is taken is control's matter.

    reason: why the session ended before its protocol, None where control itself knows. newest_refusal: of
    any command.
    """

    def __init__(
        self,
        controller: Controller,
        press_pedal: Callable[[bool], None] | None,
        *,
        user: str | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self._controller = controller
        self._press_pedal = press_pedal
        self._user = user
        self._wishes = wishes
        self._number = 0
        self.inputs: Inputs | None = None
        self.reason: str | None = None
        self.newest_refusal: str | None = None
        self._pedal_by_s = 0.0
        self._stopped_s: float | None = None
        self.now_s = 0.0

    def stop(self) -> None:
        """Press STOP: whoever runs this wants an end, and waits for darkness no longer than for that."""
        self._stopped_s = self.now_s
        self._submit(CommandType.STOP)

    def learn(self, inputs: Inputs, decision: Decision) -> None:
        """Take note of what a tick knew and answered."""
        self.inputs = inputs
        for reply in decision.replies:
            self.newest_refusal = reply.refused or self.newest_refusal

    # --- before the session -----------------------------------------------------------------------------

    def prepare(self) -> Script:
        """Wait for every device, home the stage and have the cart tested.

        Raises OperatorGaveUpError naming the device or the interlock; a fault meanwhile ends it at once.
        """
        yield from self._while_faultless(self._connect())
        yield from self._while_faultless(self._home())
        yield from self._while_faultless(self._test())

    def settle(self) -> Script:
        """Let every device answer again after a pause, and see that nothing refuses a session.

        Raises OperatorGaveUpError naming the interlock.
        """
        for _ in range(SETTLE_TICKS):
            yield
        refused = self._faults() or self._refused(Scope.OPEN)
        if refused:
            raise OperatorGaveUpError(refused)

    def _while_faultless(self, part: Script) -> Script:
        for _ in part:
            if faults := self._faults():
                raise OperatorGaveUpError(faults)
            yield

    def _faults(self) -> str:
        """Say what is latched; nobody is here who may reset it, even where its cause is gone."""
        rows = (BY_SOURCE[source] for source in self._controller.state.faults)
        return " ".join(f"{row.what} {row.to_do}" for row in rows)

    def _connect(self) -> Script:
        deadline_s = self.now_s + CONNECT_WITHIN_S
        devices = self._controller.devices
        while waiting := devices.not_ready():
            problems = [device.problem for device in waiting if device.problem]
            if problems:
                raise OperatorGaveUpError("; ".join(problems))
            if self.now_s > deadline_s:
                names = ", ".join(device.key for device in waiting)
                raise OperatorGaveUpError(
                    f"{names}: not ready within {CONNECT_WITHIN_S:g} s; check power and cable"
                )
            yield

    def _home(self, within_s: float = HOME_WITHIN_S) -> Script:
        self._submit(CommandType.HOME_STAGE)
        deadline_s = self.now_s + within_s
        yield
        while not self._homed():
            if self.now_s > deadline_s:
                raise OperatorGaveUpError(
                    f"stage: no index found within {within_s:g} s; check that it moves freely"
                )
            yield

    def _homed(self) -> bool:
        controller, inputs = self._controller, self.inputs
        return inputs is not None and stage_healthy(controller.rules, controller.state, inputs)

    def _test(self) -> Script:
        """Have control test the cart; what it found stands in the refusal of a session."""
        self_test = self._controller.self_test
        runs, deadline_s = self_test.runs, self.now_s + TEST_WITHIN_S
        self._submit(CommandType.RUN_SELF_TEST)
        yield
        while self_test.progress is not None or self_test.runs == runs:
            if self.now_s > deadline_s:
                raise OperatorGaveUpError(f"the self-test did not end within {TEST_WITHIN_S:g} s")
            yield
        if (problem := self_test.problem()) is not None:
            raise OperatorGaveUpError(f"The self-test failed. {problem}")

    def _refused(self, scope: Scope, except_lamp: str = "") -> str:
        controller, inputs = self._controller, self.inputs
        if inputs is None:
            return "nothing is known yet"
        rows = refusals(scope, controller.rules, controller.state, inputs)
        return " ".join(row.said(inputs) for row in rows if row.lamp != except_lamp)

    # --- the session ------------------------------------------------------------------------------------

    def treat(self) -> Script:
        """Arm, hold the pedal until the protocol is finished or a fault ends it, and close the session.

        A session whose darkness stays unknown is left open, for nobody is here who can turn a key.
        """
        self.reason = yield from self._minding_wishes(self._treat_until_over())
        yield from self.close(self.reason)

    def close(self, reason: str | None) -> Script:
        """Let the pedal go and close the session once it is known to be dark. reason: why it ended early."""
        self._pedal(False)
        while self._controller.state.phase in (Phase.ARMED, Phase.TREATING):
            self._submit(CommandType.PAUSE)
            yield
        while self._controller.state.session_open and not self._gives_up():
            if self._controller.dark:
                self._submit(CommandType.CLOSE_SESSION, reason)
            yield

    def _minding_wishes(self, part: ScriptWithReason) -> ScriptWithReason:
        """Run a script, and between its ticks do what is wished beside it."""
        while True:
            try:
                next(part)
            except StopIteration as end:
                reason: str | None = end.value
                return reason
            self._do_wishes()
            yield

    def _do_wishes(self) -> None:
        wishes, phase = self._wishes, self._controller.state.phase
        if wishes is None:
            return
        for wish in wishes.take():
            self._submit(wish.command, wish.reason, wish.value)
        if wishes.paused() and phase in (Phase.ARMED, Phase.TREATING):
            self._pedal(False)
            self._submit(CommandType.PAUSE)

    def _stays_paused(self) -> bool:
        return self._wishes is not None and self._wishes.paused()

    def _gives_up(self) -> bool:
        wait_s = self._controller.key_off_in_s
        if wait_s is None:
            return False
        stopped = self._stopped_s is not None and self.now_s - self._stopped_s > CLOSES_WITHIN_S
        return stopped or wait_s <= 0.0

    def _treat_until_over(self) -> ScriptWithReason:
        controller = self._controller
        yield
        refused = yield from self.ask_until_open()
        if refused is not None:
            return refused
        # Not per arming: control disarms by itself long before, and arming again must not start it anew.
        self._pedal_by_s = self.now_s + ARM_WITHIN_S + PEDAL_WITHIN_S
        while not self._over():
            while controller.state.phase is Phase.READY and self._stays_paused():
                self._pedal_by_s = self.now_s + ARM_WITHIN_S + PEDAL_WITHIN_S
                yield
            part = self._arm() if controller.state.phase is Phase.READY else self._wait_for_light()
            reason = yield from part
            if reason is not None:
                return reason
        return None

    def ask_until_open(self) -> ScriptWithReason:
        """Ask for the session again where the first answer was no: making its row may have taken long."""
        controller, deadline_s = self._controller, self.now_s + OPEN_WITHIN_S
        while not (state := controller.state).session_open:
            if state.faults or (self.now_s > deadline_s and not controller.opening):
                refused = self._faults() or self._refused(Scope.OPEN) or self.newest_refusal
                return f"the session was refused: {refused}"
            if not controller.opening:
                self._submit(CommandType.OPEN_SESSION)
            yield
        return None

    def _over(self) -> bool:
        state = self._controller.state
        return state.phase is Phase.FAULT or (state.phase is Phase.READY and state.finished)

    def _arm(self) -> ScriptWithReason:
        """Hold ARM whenever everything but the motor and the pedal allows it, until control has armed."""
        controller, tries = self._controller, 0
        deadline_s = self.now_s + ARM_WITHIN_S
        while controller.state.phase is Phase.READY and not self._stays_paused():
            refused = self._refused(Scope.ARM, except_lamp="smoothing")
            if tries == ARM_TRIES:
                return f"arming was refused {tries} times: {self.newest_refusal}"
            if refused and self.now_s > deadline_s:
                return f"not ready to arm within {ARM_WITHIN_S:g} s: {refused}"
            if refused:
                yield
            else:
                tries += 1
                yield from self._hold_arm()
        return None

    def _hold_arm(self) -> Script:
        self._submit(CommandType.BEGIN_ARM)
        held_until_s = self.now_s + self._controller.rules.limits.arm_hold_s + HOLD_ON_S
        while self.now_s < held_until_s:
            yield
        self._submit(CommandType.ARM)
        yield

    def _wait_for_light(self) -> ScriptWithReason:
        """Press the pedal when the gate is wanted, and hold it until armed and treating are over."""
        controller = self._controller
        while controller.state.phase in (Phase.ARMED, Phase.TREATING):
            if controller.state.phase is Phase.TREATING:
                self._pedal_by_s = self.now_s + PEDAL_WITHIN_S
            elif controller.state.beam is Beam.WAITING:
                self._pedal(True)
            if self.now_s > self._pedal_by_s:
                return f"the pedal was not pressed within {PEDAL_WITHIN_S:g} s"
            yield
        return None

    def _pedal(self, pressed: bool) -> None:
        if self._press_pedal is not None:
            self._press_pedal(pressed)

    def _submit(self, command: CommandType, reason: str | None = None, value: float | None = None) -> None:
        self._number += 1
        user = None if value is None else self._user
        self._controller.submit(Command(id=self._number, type=command, reason=reason, user=user, value=value))


def drive(
    loop: FixedRateLoop,
    controller: Controller,
    operator: UnattendedOperator,
    script: Script,
    *,
    stop: Callable[[], bool],
    watch: Callable[[Decision], None],
) -> None:
    """Run ticks until the script ends. stop: True asks for STOP, once. watch: sees every decision."""
    stopped = False

    def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
        nonlocal stopped
        operator.now_s = now_s
        controller.operator_alive(now_s)
        if stop() and not stopped:
            stopped = True
            operator.stop()
        try:
            next(script)
        except StopIteration:
            return False
        inputs, decision = controller.tick(now_s, late_s, overrun_s)
        operator.learn(inputs, decision)
        watch(decision)
        return True

    loop.run_while(tick)
