"""The self-test that control makes while idle, and for how long its result counts.

The result is in memory alone: a control that was started again tests again. Nothing here waits: control
calls `follow` at the end of every tick, and one check is judged a tick.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Final, NamedTuple

from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.self_test.evidence import CartSettings, Evidence
from tosca_kiosk.control.self_test.found import found
from tosca_kiosk.control.self_test.run import POLL_S, STEPS, SelfTest
from tosca_kiosk.control.self_test.table import CHECKS, Outcome, Result, judged_one
from tosca_kiosk.domain.commands import Reply
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import SelfTestPassed
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.machine.clock import Clock, SinceBoot, utc_label

COUNTS_FOR_S: Final = 24 * 3600.0
NEVER: Final = "It was not tested since control was started."
UNDER_WAY: Final = "The test is under way."
BROKEN_OFF: Final = "The test was broken off: something else was asked, or a fault was latched."

_SLACK_S: Final = POLL_S / 4.0
"""Ticks of 10 ms come some microseconds early or late: each of them is a look."""


class Progress(NamedTuple):
    """How far a test has come. done: its course as so many of its checks; step: what goes on."""

    done: int
    step: str


class _Connected(NamedTuple):
    """Which device answers at a key, and for the how-manieth time."""

    serial_number: str | None
    connections: int


class KeptSelfTest:
    """Runs self-tests of one cart and says whether the newest counts.

    rules: those without a session, by which the next test judges. runs: how many were begun. results: of the
    newest one that came to its end, in the order of CHECKS; found: what that measured, by name. motor_on:
    whether the test that is under way wants the smoothing motor; control's step decides.
    """

    def __init__(self, devices: Devices, settings: CartSettings, rules: Rules, clock: Clock) -> None:
        self._devices = devices
        self._settings = settings
        self.rules = rules
        self._clock = clock
        self._software = version("tosca-kiosk")  # reads a file, which no tick may wait for
        self._test: SelfTest | None = None
        self._evidence: Evidence | None = None
        self._judged: list[Result] = []
        self._looked_s = 0.0
        self._began: dict[str, _Connected] = {}
        self._tested: dict[str, _Connected] = {}
        self._passed: SelfTestPassed | None = None
        self._why_not = NEVER
        self.runs = 0
        self.results: tuple[Result, ...] = ()
        self.found: dict[str, float] = {}

    @property
    def motor_on(self) -> bool:
        return self._test is not None and self._test.motor_on

    @property
    def progress(self) -> Progress | None:
        """How far the test that is under way has come; None while there is none."""
        test = self._test
        if test is None:
            return None
        share = test.progress / len(STEPS)
        return Progress(int(share * len(CHECKS)), test.step.name)

    @property
    def passed(self) -> SelfTestPassed | None:
        """The newest test's passing, None where it counts no more or there was none."""
        return self._passed if self.problem() is None else None

    @property
    def failed(self) -> tuple[str, ...]:
        """Which checks of the newest test failed and what to do, a short line each; empty while one runs."""
        if self._test is not None or self._passed is not None:
            return ()
        bad = [result for result in self.results if result.outcome is Outcome.FAILED]
        return tuple(f"{result.device}: {result.check}. {result.to_do}" for result in bad)

    def problem(self) -> str | None:
        """Return why no self-test counts now, None where one does: what a decision's inputs say of it."""
        if self._passed is None:
            return UNDER_WAY if self._test is not None else self._why_not
        if changed := self._changed_since(self._tested):
            return f"Connected anew or replaced since the test: {changed}."
        return _too_old(self._passed, self._clock.since_boot())

    def doubt(self, why: str) -> None:
        """Let the newest test count no more: the check that went on behind it has failed."""
        self._passed, self._why_not = None, why

    def follow(self, now_s: float, decision: Decision) -> None:
        """Go on with the test behind a decision: begin it, look once more, or break it off. Never waits."""
        if self._test is None and not decision.replies:
            return
        asked = [reply.command.type for reply in decision.replies if reply.command.type in _ENDS]
        if self._test is not None and (asked or decision.state.phase is not Phase.IDLE):
            self._end(BROKEN_OFF)
        if any(_begins(reply) for reply in decision.replies) and not asked and self._test is None:
            self._begin()
        if self._test is not None:
            self._go_on(self._test, now_s)

    def _begin(self) -> None:
        self._test = SelfTest(self._devices, self._settings, self.rules)
        self._evidence, self._judged, self._passed = None, [], None
        self.results, self.found = (), {}
        self._looked_s, self._began = float("-inf"), {}
        self.runs += 1

    def _end(self, why_not: str) -> None:
        self._test, self._evidence = None, None
        self._why_not = why_not

    def _go_on(self, test: SelfTest, now_s: float) -> None:
        if not test.done:
            if now_s - self._looked_s >= POLL_S - _SLACK_S:
                self._looked_s = now_s
                connecting = test.step is STEPS[0]
                test.observe(now_s)
                if connecting and test.step is not STEPS[0]:
                    self._began = self._connected()
            return
        if self._evidence is None:
            self._evidence = test.evidence()
        if len(self._judged) < len(CHECKS):
            self._judged.append(judged_one(CHECKS[len(self._judged)], self._evidence))
            return
        self._conclude()

    def _conclude(self) -> None:
        assert self._evidence is not None
        self.results, self.found = tuple(self._judged), found(self._evidence)
        bad = [result for result in self.results if result.outcome is not Outcome.PASSED]
        if bad:
            # What could not be tested follows from what failed; it is told where nothing else is.
            lines = [result.line for result in bad if result.line] or [result.reason for result in bad]
            self._end(" ".join(f"{line.rstrip('.')}." for line in lines))
            return
        if changed := self._changed_since(self._began):
            self._end(f"Connected anew during the test: {changed}.")
            return
        now, connected = self._clock.since_boot(), self._connected()
        self._tested = connected
        self._passed = SelfTestPassed(
            passed_utc=utc_label(self._clock),
            boot_id=now.boot_id,
            boot_s=now.s,
            software=self._software,
            checks=len(CHECKS),
            serial_numbers={key: found.serial_number or "" for key, found in connected.items()},
        )
        self._end(NEVER)

    def _changed_since(self, then: dict[str, _Connected]) -> str:
        """Name the devices that are other ones now, or were connected anew."""
        now = self._connected()
        return "" if now == then else ", ".join(key for key, found in now.items() if then.get(key) != found)

    def _connected(self) -> dict[str, _Connected]:
        return {
            device.key: _Connected(
                None if device.identity is None else device.identity.serial_number, device.connections
            )
            for device in self._devices
        }


_ENDS: Final = frozenset(CommandType) - {
    CommandType.RUN_SELF_TEST,
    CommandType.AIMING_ON,
    CommandType.AIMING_OFF,
}
"""Whoever asks for anything else, taken or not, does not wait for the test; the aiming beam disturbs none."""


def _begins(reply: Reply) -> bool:
    return reply.command.type is CommandType.RUN_SELF_TEST and reply.refused is None


def _too_old(passed: SelfTestPassed, now: SinceBoot) -> str | None:
    if now.boot_id != passed.boot_id:
        return "The machine was started again since the test."
    if not 0.0 <= now.s - passed.boot_s <= COUNTS_FOR_S:
        return f"The test is more than {COUNTS_FOR_S / 3600.0:g} h old."
    return None
