"""What each trick for speed in the drivers saves of a tick: blocks of ticks with it and without, in turn.

    python -m benchmarks.bench.driver_tricks [--blocks 400]

A trick stays in the drivers while its row here is over twice its own uncertainty. Each row names functions
and how they read without the trick, or what is cut from the drivers' files; the rows of nothing change
nothing and show what the machine adds by itself.
"""

from __future__ import annotations

import gc
import inspect
import os
import re
import statistics
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from time import perf_counter_ns
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

from benchmarks.rigs.treating_cart import TreatingCart, treating_cart
from hardware import port_driver, trace
from hardware.arroyo import base
from hardware.interfaces import BoardStatus
from hardware.interlock_board import driver as board
from hardware.interlock_board import wire
from hardware.registry import DRIVERS
from hardware.transport import SerialPort
from simulators.serial_port import protocol_sim

BLOCK_TICKS = 64
WARM_UP_TICKS = 300
STATUS_LINE = b"$ST,1,10,1FF,100,800,0*ABCD\n"
SETTLING_TICKS = 8
"""After a change of code Python finds its way anew."""


class Change(NamedTuple):
    """A function of `owner`, and the one that stands in for it."""

    owner: Any
    name: str
    plain: Callable[..., Any]


def rewritten(owner: Any, name: str, trick: str, plain: str) -> Change:
    """Return a change of one piece of a method's source."""
    method = getattr(owner, name)
    source = dedent(inspect.getsource(method))
    if trick not in source:
        raise ValueError(f"{owner.__name__}.{name} has no {trick!r}; take its row out of driver_tricks")
    made: dict[str, Any] = {}
    source = source.replace(trick, plain).replace("super()", f"super({owner.__name__}, self)")
    exec(compile(source, inspect.getfile(method), "exec"), method.__globals__, made)
    return Change(owner, name, made[name])


def decoded_by_name(line: wire.StatusLine, flags_meanwhile: int) -> BoardStatus:
    """Do what `wire.decode` does, each field by its name."""
    flags = line.flags & (flags_meanwhile | ~wire._NEVER_MISSED)
    counts = line.photodiode_counts
    return BoardStatus(
        pedal_pressed=flags & wire._PEDAL != 0,
        stop_loop_closed=flags & wire._STOP_LOOP != 0,
        gate_closed=flags & wire._GATE != 0,
        gate_wanted=flags & wire._WANTED != 0,
        motor_on=flags & wire._MOTOR != 0,
        vibration_healthy=flags & wire._VIBRATION != 0,
        aiming_on=flags & wire._AIMING != 0,
        accelerometer_present=flags & wire._ACCELEROMETER != 0,
        host_alive=flags & wire._HOST != 0,
        photodiode_v=counts * wire.CONVERTER_V_PER_COUNT,
        photodiode_saturated=counts >= wire.CONVERTER_SATURATED_COUNTS,
        vibration_mg=line.vibration_mg,
        faults=line.faults,
    )


TRICKS: dict[str, tuple[Change, ...]] = {
    "members of enumerations bound to names": (
        rewritten(port_driver.PortDriver, "_step", "is CONNECTING", "is LinkState.CONNECTING"),
        rewritten(base.ArroyoDevice, "_send_due", "is READY", "is LinkState.READY"),
        rewritten(board.InterlockBoardDriver, "heartbeat", "is not READY", "is not LinkState.READY"),
        rewritten(trace.WireTrace, "received", "_IN", "Direction.IN"),
        rewritten(trace.WireTrace, "sent", "_OUT", "Direction.OUT"),
    ),
    "a board's status made in the order of its fields": (Change(board, "decode", decoded_by_name),),
    "plain tuples in the trace": (
        rewritten(
            trace.WireTrace,
            "_add",
            "append((now_s, direction, data))",
            "append(TraceEntry(now_s, direction, data))",
        ),
    ),
    "nothing": (),
}


CUTS = {
    "slots of the drivers": r"    __slots__ = \((?:.|\n)*?\n    \)\n",
    "nothing, of two carts": r"(?!)",
}
DRIVER_FILES = (
    "hardware.port_driver",
    "hardware.arroyo.base",
    "hardware.arroyo.laser",
    "hardware.arroyo.tec",
    "hardware.xeryon.link",
    "hardware.xeryon.driver",
    "hardware.interlock_board.driver",
)
"""In the order in which they need each other."""


def ticked_us(cart: TreatingCart) -> float:
    """Run a tick in steady emission; return what its drivers took."""
    cart.clock.sleep_until(cart.clock.now_s() + cart.period_s)
    now_s = cart.clock.now_s()
    cart.world.advance(now_s)
    controller = cart.controller
    controller.operator_alive(now_s)
    began = perf_counter_ns()
    controller.devices.poll(now_s)
    polled = perf_counter_ns()
    inputs = controller.inputs(now_s, 0.0, 0.0)
    decision = controller.decide(inputs)
    decided = perf_counter_ns()
    controller.devices.act(decision.outputs, now_s)
    acted = perf_counter_ns()
    controller.record(inputs, decision)
    return (acted - decided + polled - began) / 1000.0


def block_us(cart: TreatingCart) -> float:
    """Return the median of a block of ticks."""
    for _ in range(SETTLING_TICKS):
        ticked_us(cart)
    return statistics.median(ticked_us(cart) for _ in range(BLOCK_TICKS))


class Gain(NamedTuple):
    """What a trick saves of a tick, one sigma of that, and what is taken in all with it."""

    saved_us: float
    sigma_us: float
    of_us: float


def paired(with_us: Callable[[], float], without_us: Callable[[], float], blocks: int) -> Gain:
    """Measure in turn, each of the two first in every second pair."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for block in range(blocks):
        for with_trick in (True, False) if block % 2 else (False, True):
            took[with_trick].append((with_us if with_trick else without_us)())
    gains = [plain - trick for trick, plain in zip(took[True], took[False], strict=True)]
    sigma_us = statistics.stdev(gains) / blocks**0.5
    return Gain(statistics.median(gains), sigma_us, statistics.median(took[True]))


def gain_of(cart: TreatingCart, changes: tuple[Change, ...], blocks: int) -> Gain:
    """Measure one cart whose functions change."""
    tricks = tuple(Change(owner, name, getattr(owner, name)) for owner, name, _ in changes)

    def block_with(functions: tuple[Change, ...]) -> float:
        for owner, name, function in functions:
            setattr(owner, name, function)
        return block_us(cart)

    gain = paired(lambda: block_with(tricks), lambda: block_with(changes), blocks)
    for owner, name, function in tricks:
        setattr(owner, name, function)
    return gain


def drivers_without(pattern: str) -> dict[str, Any]:
    """Return the drivers by their names, compiled from files in which a pattern is cut out."""
    kept = {name: sys.modules[name] for name in DRIVER_FILES}
    for name, module in kept.items():
        path = Path(str(module.__file__))
        made = sys.modules[name] = ModuleType(name)
        made.__file__ = str(path)
        exec(compile(re.sub(pattern, "", path.read_text("utf-8")), path, "exec"), made.__dict__)
    drivers = {name: getattr(sys.modules[made.__module__], made.__name__) for name, made in DRIVERS.items()}
    sys.modules.update(kept)
    return drivers


class OwnPorts:
    """A treating cart with drivers and simulated ports of its own, so that two may stand side by side."""

    def __init__(self, drivers: dict[str, Any], stack: ExitStack) -> None:
        self._ports: dict[str, Any] = {}
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        with patch.dict(DRIVERS, drivers):
            protocol_sim._sockets = self._ports
            self._cart = stack.enter_context(treating_cart(Path(folder)))
        self._cart.emit_for(WARM_UP_TICKS)

    def block_us(self) -> float:
        protocol_sim._sockets = self._ports
        return block_us(self._cart)


class TerminalReads:
    """Reads of one line each from a pseudo-terminal, by the system's calls or by pyserial."""

    def __init__(self, stack: ExitStack) -> None:
        self._far_end, near_end = os.openpty()
        for end in (self._far_end, near_end):
            stack.callback(os.close, end)
        self._port = SerialPort(os.ttyname(near_end), 115_200, trace.WireTrace(lambda: 0.0))
        self._port.open()
        stack.callback(self._port.close)

    def block_us(self, *, by_pyserial: bool) -> float:
        terminal, self._port._terminal = self._port._terminal, None if by_pyserial else self._port._fd
        median_us = statistics.median(self._read_us() for _ in range(BLOCK_TICKS))
        self._port._terminal = terminal
        return median_us

    def _read_us(self) -> float:
        os.write(self._far_end, STATUS_LINE)
        while self._port._serial.in_waiting < len(STATUS_LINE):
            pass
        began = perf_counter_ns()
        self._port.read()
        return (perf_counter_ns() - began) / 1000.0


def told(name: str, gain: Gain) -> None:
    print(f"{name:<52}{gain.saved_us:>10.2f}{gain.sigma_us:>7.2f}{gain.of_us:>8.1f}", flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=400)
    blocks = parser.parse_args().blocks
    print(f"{'trick':<52}{'saves us':>10}{'+-':>7}{'of us':>8}")
    with ExitStack() as stack:
        cart = stack.enter_context(treating_cart(Path(stack.enter_context(tempfile.TemporaryDirectory()))))
        cart.emit_for(WARM_UP_TICKS)
        gc.disable()
        for name, changes in TRICKS.items():
            told(name, gain_of(cart, changes, blocks))
    with ExitStack() as stack:
        reads = TerminalReads(stack)
        gain = paired(
            lambda: reads.block_us(by_pyserial=False), lambda: reads.block_us(by_pyserial=True), blocks
        )
        told("a read of a terminal without pyserial", gain)
    for name, pattern in CUTS.items():
        with ExitStack() as stack:
            usual, plain = OwnPorts(dict(DRIVERS), stack), OwnPorts(drivers_without(pattern), stack)
            told(name, paired(usual.block_us, plain.block_us, blocks))


if __name__ == "__main__":
    main()
