"""One cable out of a treating cart and in again: pulled at a random moment of a phase, watched, judged.

Only the world's own light and the devices' own state are the truth; what drivers and control say is judged by
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from random import Random

from benchmarks.rigs.plugged_cart import PluggedCart
from benchmarks.rigs.readings import READINGS
from hardware.interfaces import Device, Reading
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Beam, Phase

FIRST_BYTES = b"LAS:OUT 0"
DARK_WITHIN_S = {"laser": 0.05, "tec": 0.05, "stage": 0.05, "board": 0.1}
"""From the cable's coming out. Without the laser's or with the other cables the gate opens at once; without
the board the laser's own line is all there is until the board has missed the host for 250 ms."""
FOUND_DARK_WITHIN_S = 0.1
"""From the first byte after a laser that was kept on is found again."""
BACK_WITHIN_S = 30.0
KNOWN_AFTER_S = 0.5
"""A device that is ready has answered every question by then."""
LONGEST_AWAY_S = 3.0
OWN_ROW = {"laser": "laser_stale", "tec": "tec", "stage": "stage", "board": "board_lost"}
"""The interlock of a device that must not fall silent while armed or treating."""
NEAR_C, NEAR_UM = 0.5, 50.0

PHASES = ("armed", "ramping", "steady", "ring moving", "paused")
LIT = ("ramping", "steady")
ALONE, SWAPPED, KEPT_ON = "alone", "swapped", "kept on"


@dataclass
class Replug:
    """One cable out and in again. dark_after_s: 0 where it was dark; see DARK_WITHIN_S, FOUND_DARK_WITHIN_S.

    lit: whether there was light when the cable came out. other_name, took_over: whether the device came back
    under another name, and another one under its old one. misses: what was not as it must be.
    """

    seed: int
    key: str
    phase: str
    way: str
    moment_s: float = 0.0
    lit: bool = False
    dark_after_s: float = inf
    back_after_s: float = inf
    named: bool = False
    other_name: bool = False
    took_over: bool = False
    resumed: bool = False
    reset_by: str = ""
    misses: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.key} {self.way}, {self.phase}, at {self.moment_s:.4f} s"


class Trial:
    """One replug on a cart: reach the phase, pull, watch, put back, watch, reset."""

    def __init__(self, cart: PluggedCart, replug: Replug, random: Random) -> None:
        self._cart = cart
        self._replug = replug
        self._random = random
        self._device: Device = getattr(cart.devices, replug.key)
        self._line = cart.served.cart.lines[replug.key]
        self._back_s = inf
        self._other = ""
        self._first = cart.laser_hears

    def run(self) -> None:
        cart, replug = self._cart, self._replug
        self._reach()
        self._pull()
        self._put_back()
        cart.run_until(lambda: not cart.devices.not_ready(), "every device is back", BACK_WITHIN_S)
        replug.back_after_s = cart.clock.now_s() - self._back_s
        cart.wait(KNOWN_AFTER_S)
        self._judge_light()
        self._judge_what_came_back()
        self._judge_what_it_says()
        cart.look = _nothing
        self._go_on()

    # --- the phase --------------------------------------------------------------------------------------

    def _reach(self) -> None:
        """Bring the cart into the phase, and stay in it for a random while."""
        cart = self._cart
        if cart.controller.state.finished:
            close_record_of(cart, self._replug)
            cart.open_session()
        cart.arm()
        if self._replug.phase == "armed":
            cart.wait(self._random.uniform(0.0, 3.0))
            return
        cart.press()
        if self._replug.phase == "paused":
            cart.wait(self._random.uniform(0.0, 1.0))
            cart.order(CommandType.PAUSE)
            cart.wait(self._random.uniform(0.0, 1.0))
            return
        in_phase_s = 0.0
        stay_s = self._random.uniform(0.02, 0.2 if self._replug.phase == "ring moving" else 1.5)

        def stayed() -> bool:
            nonlocal in_phase_s
            in_phase_s = in_phase_s + cart.period_s if self._in_phase() else 0.0
            return in_phase_s >= stay_s

        cart.run_until(stayed, self._replug.phase)

    def _in_phase(self) -> bool:
        state = self._cart.controller.state
        if self._replug.phase == "ring moving":
            return state.beam is Beam.MOVING
        return self._cart.emits and (state.step_index % 2 == 0) is (self._replug.phase == "ramping")

    # --- the cable --------------------------------------------------------------------------------------

    def _pull(self) -> None:
        """Pull the cable somewhere between two ticks, and leave it out for a while."""
        cart, replug, kernel = self._cart, self._replug, self._cart.world.kernel
        cart.safety.clear()
        self._old_path = cart.served.paths[replug.key]
        replug.moment_s = cart.clock.now_s() + self._random.uniform(0.0, cart.period_s)
        kernel.at(replug.moment_s, self._unplug)
        cart.look = self._look
        cart.wait(0.0)
        if replug.way == SWAPPED:
            self._other = self._random.choice([key for key in OWN_ROW if key != replug.key])
            cart.wait(self._random.uniform(0.05, 1.0))
            cart.served.unplug(self._other)
        cart.wait(LONGEST_AWAY_S * self._random.random() ** 2)

    def _unplug(self) -> None:
        cart = self._cart
        self._replug.lit = cart.world.true_power_w() > 0.0
        self._line.unplugged = True
        if self._replug.way == KEPT_ON:
            cart.served.cart.laser.fail_interlock_plug("closed")

    def _put_back(self) -> None:
        cart, replug = self._cart, self._replug
        self._judge_naming()
        if replug.way == SWAPPED:
            cart.served.replug(self._other)
            replug.took_over = cart.served.paths[self._other] == self._old_path
            cart.wait(self._random.uniform(0.0, 1.0))
        self._first.listen()
        cart.served.replug(replug.key)
        self._back_s = cart.clock.now_s()
        replug.other_name = cart.served.paths[replug.key] != self._old_path

    def _look(self) -> None:
        """After a tick: nothing is known of a device that is away, and nothing old of one that is back."""
        for name, reading in _readings(self._device):
            if not reading.asked_s >= self._back_s:
                when = f"of {reading.asked_s:.4f} s"
                self._miss(f"{name} {when} is kept at {self._cart.clock.now_s():.4f} s")

    # --- the judgement ----------------------------------------------------------------------------------

    def _miss(self, text: str) -> None:
        """Note the first of all: what follows from it says little."""
        if not self._replug.misses:
            self._replug.misses.append(text)

    def _judge_naming(self) -> None:
        """The fault says which device; so does the driver's own word, and its row while armed or treating."""
        key = self._replug.key
        latched = {event.details["trigger_source"] for event in self._cart.safety}
        wanted = {f"{key}_gone"} | ({OWN_ROW[key]} if self._replug.phase != "paused" else set())
        others = {f"{other}_gone" for other in OWN_ROW if other not in (key, self._other)}
        problem = self._device.problem or ""
        self._replug.named = wanted <= latched and not others & latched and problem.startswith(f"{key}: ")
        if not self._replug.named:
            self._miss(f"not named: latched {sorted(latched)}, problem {problem!r}")

    def _judge_light(self) -> None:
        replug, lit_until_s = self._replug, self._cart.light.lit_until_s
        kept_on = replug.way == KEPT_ON
        began_s = self._first.from_s if kept_on else replug.moment_s
        limit_s = FOUND_DARK_WITHIN_S if kept_on else DARK_WITHIN_S[replug.key]
        assert began_s is not None
        replug.dark_after_s = max(0.0, lit_until_s - began_s)
        if not replug.dark_after_s <= limit_s:
            self._miss(f"dark after {1000.0 * replug.dark_after_s:.1f} ms, {1000.0 * limit_s:.0f} ms allowed")
        if kept_on and not lit_until_s >= began_s:
            self._miss("the light was not kept on, so nothing was tried")

    def _judge_what_came_back(self) -> None:
        """The right device under its new name, with what is true of it now; the laser off first of all."""
        cart, replug, device = self._cart, self._replug, self._device
        simulated = cart.served.cart
        identity = device.identity
        serial = getattr(simulated, replug.key).serial_number
        if identity is None or identity.serial_number != serial:
            self._miss(f"{identity} is not {serial}")
        if not replug.other_name:
            self._miss(f"came back under its old name {self._old_path}")
        if replug.key == "laser":
            if not self._first.said.startswith(FIRST_BYTES):
                self._miss(f"the first bytes were {self._first.said!r}")
            found_on = any("found on" in text for text in device.found_at_start)
            if replug.way == KEPT_ON and not found_on:
                self._miss(f"found at start: {device.found_at_start}")

    def _judge_what_it_says(self) -> None:
        for what, told, true, near in self._told_and_true():
            if not abs(told - true) <= near:
                self._miss(f"{what}: {told:g} told, {true:g} true")

    def _told_and_true(self) -> Iterator[tuple[str, float, float, float]]:
        """Yield what a device says beside what it is, and how near that must be."""
        devices, simulated, world = self._cart.devices, self._cart.served.cart, self._cart.world
        if self._replug.key == "laser":
            output, current = devices.laser.output_on, devices.laser.set_current_ma
            yield "output", inf if output is None else output.value, simulated.laser.output_on, 0.0
            yield "set current", inf if current is None else current.value, 0.0, 0.0
        elif self._replug.key == "tec":
            mount = devices.tec.temperature_c
            yield "mount", inf if mount is None else mount.value, world.tec.mount_c(), NEAR_C
        elif self._replug.key == "stage":
            status = devices.stage.status
            if status is None or status.value.index_known:
                told_um = inf if status is None else status.value.position_um
                yield "position", told_um, world.stage.position_um(), NEAR_UM
        else:
            board = devices.board.status
            yield "gate", inf if board is None else board.value.gate_closed, world.gate.contact.closed, 0.0
            yield "pedal", inf if board is None else board.value.pedal_pressed, world.pedal.pressed, 0.0

    # --- afterwards -------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Reset and treat again, or end the session and begin another one."""
        cart, replug = self._cart, self._replug
        cart.served.cart.laser.fail_interlock_plug("ok")
        replug.resumed = self._random.random() < 0.5
        if not replug.resumed:
            close_record_of(cart, replug)
        if cart.controller.state.phase is Phase.FAULT:
            replug.reset_by = cart.reset()
            self._judge_what_it_says()  # a stage knows its place again only now
        if not replug.resumed:
            cart.open_session()
            return
        cart.arm()
        cart.press()
        cart.wait(self._random.uniform(0.1, 0.5))
        if cart.controller.state.phase is not Phase.TREATING:
            self._miss(f"treated again, but then {cart.controller.state.faults}")
        cart.world.pedal.release()
        cart.order(CommandType.PAUSE)


def _nothing() -> None:
    """Look at nothing."""


def _readings(device: Device) -> Iterator[tuple[str, Reading[object]]]:
    for name in READINGS[device.key]:
        reading = getattr(device, name)
        if reading is not None:
            yield name, reading


def close_record_of(cart: PluggedCart, replug: Replug) -> None:
    imported = cart.close_session()
    if not imported.whole:
        replug.misses.append(f"the record of session {imported.session_id} is not whole")
