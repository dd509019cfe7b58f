"""The course of the self-test: connect, watch at rest, watch with the motor on, and the motor off again.

It reads and says whether the motor should run; it moves nothing else, and asks for no light and no gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from hardware.interfaces import LinkState
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.self_test.evidence import CartSettings, Evidence, Link, Sample, Watcher
from tosca_kiosk.control.self_test.table import Result, judged
from tosca_kiosk.control.self_test.temperature import regulates
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.machine.clock import Clock

POLL_S: Final = 0.01
CONNECT_WITHIN_S: Final = 10.0
_DECIDED: Final = (LinkState.READY, LinkState.REFUSED, LinkState.LOST)


class Step(NamedTuple):
    """One part of the test: its name, whether the motor runs, and for how long at most.

    until: ends it earlier; None lets it take its whole time.
    """

    name: str
    motor_on: bool
    at_most_s: float
    until: Callable[[SelfTest], bool] | None = None


class SelfTest:
    """Watches the devices; call `observe` after every poll, and let the board's motor follow `motor_on`.

    rules: the limits and set points in force without a session.
    """

    def __init__(self, devices: Devices, settings: CartSettings, rules: Rules) -> None:
        self._devices = devices
        self._settings = settings
        self._rules = rules
        self._watcher = Watcher(devices)
        self._index = 0
        self._since_s: float | None = None
        self._links: dict[str, Link] = {}
        self._samples: dict[str, list[Sample]] = {step.name: [] for step in STEPS}
        self._part = 0.0

    @property
    def done(self) -> bool:
        """Whether everything was seen that is to be judged."""
        return self._index == len(STEPS)

    @property
    def step(self) -> Step:
        """The present step; the last one when done."""
        return STEPS[min(self._index, len(STEPS) - 1)]

    @property
    def progress(self) -> float:
        """How many steps are over, out of as many as STEPS has; a part of the present one counts."""
        return self._index + self._part

    @property
    def motor_on(self) -> bool:
        """Whether the smoothing motor should run now."""
        return not self.done and self.step.motor_on

    def observe(self, now_s: float) -> None:
        """Take note of what the devices say, and go on to the next step when its time has come."""
        if self.done:
            return
        if self._since_s is None:
            self._since_s = now_s
        step = self.step
        if step is not CONNECTING:
            self._samples[step.name].append(self._watcher.sample(now_s))
        self._part = min(1.0, (now_s - self._since_s) / step.at_most_s)
        if self._part == 1.0 or (step.until is not None and step.until(self)):
            if step is CONNECTING:
                self._links = {d.key: Link.of(d) for d in self._devices if d.link is not LinkState.READY}
            self._index, self._since_s, self._part = self._index + 1, now_s, 0.0

    def evidence(self) -> Evidence:
        """Return what was seen so far.

        A device that was not ready when the test began stays so; one that was is described as it is now.
        """
        samples = self._samples
        return Evidence(
            settings=self._settings,
            rules=self._rules,
            links={device.key: Link.of(device) for device in self._devices} | self._links,
            all=[sample for step in _WATCHED for sample in samples[step.name]],
            rest=samples[AT_REST.name],
            running=samples[MOTOR_ON.name],
            end=samples[MOTOR_STOPS.name],
        )

    def results(self) -> tuple[Result, ...]:
        """Return every check's result."""
        return judged(self.evidence())

    def links_decided(self) -> bool:
        return all(device.link in _DECIDED for device in self._devices)

    def motor_stopped(self) -> bool:
        board = self._samples[MOTOR_STOPS.name][-1].board
        return board is None or not board.motor_on

    def temperature_decided(self) -> bool:
        return self._devices.tec.link is not LinkState.READY or regulates(self.evidence()).passed


CONNECTING: Final = Step("connecting", False, CONNECT_WITHIN_S, SelfTest.links_decided)
CALMING: Final = Step("motor off", False, 0.5)
AT_REST: Final = Step("watching at rest", False, 1.0)
SPIN_UP: Final = Step("motor on", True, 1.0)
MOTOR_ON: Final = Step("watching with the motor on", True, 1.0)
MOTOR_STOPS: Final = Step("motor off again", False, 1.0, SelfTest.motor_stopped)
REGULATING: Final = Step("watching the temperature", False, 10.0, SelfTest.temperature_decided)
STEPS: Final = (CONNECTING, CALMING, AT_REST, SPIN_UP, MOTOR_ON, MOTOR_STOPS, REGULATING)
"""The board calls vibration healthy after 0.5 s of motor and three windows of 100 ms."""
_WATCHED: Final = STEPS[2:]
"""What is judged; until the calming is over not every driver has asked everything once."""


def run_self_test(
    test: SelfTest,
    devices: Devices,
    clock: Clock,
    *,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[SelfTest], None] = lambda test: None,
) -> None:
    """Poll the devices until the test is done, or until stop says so; the motor is off afterwards.

    watch: sees the test after every look.
    """
    board, motor_on = devices.board, False
    try:
        while not (test.done or stop()):
            clock.sleep_until(clock.now_s() + POLL_S)
            now_s = clock.now_s()
            devices.poll(now_s)
            test.observe(now_s)
            # Only at the change: a board that restarted meanwhile is not switched on again.
            if test.motor_on != motor_on:
                motor_on = test.motor_on
                board.set_motor(motor_on)
                board.flush(now_s)
            watch(test)
    finally:
        board.set_motor(False)
        board.flush(clock.now_s())
