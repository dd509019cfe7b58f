"""One virtual hour of a treating cart: all four devices polled by the real drivers, as fast as it goes.

    python -m benchmarks.bench.virtual_hour --seconds 3600 --seed 1

Each tick lets the world reach the deadline, polls the four drivers, decides and sends, as control does,
with light leaving all the time; only the journal is left out. Bytes take their time on the simulated wires.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.treating_cart import TreatingCart, treating_cart
from hardware.interfaces import LinkState
from tosca_kiosk.cli.simulated_session import quiet_collector

VIRTUAL_S = 3600
LIMIT_S = 90.0
SETTLE_TICKS = 300


class Hour(NamedTuple):
    """What a run took and whether the cart was whole all the time; *_wall_s are parts of wall_s."""

    ticks: int
    virtual_s: float
    wall_s: float
    cpu_s: float
    world_wall_s: float
    poll_wall_s: float
    not_ready_ticks: int
    dark_ticks: int
    dropped_bytes: int


def run(virtual_s: int, seed: int = 1, *, watched: bool = False) -> Hour:
    """Treat for so many virtual seconds."""
    with tempfile.TemporaryDirectory() as folder, treating_cart(Path(folder), seed) as cart:
        cart.emit_for(SETTLE_TICKS)
        with quiet_collector():
            return _measured(cart, virtual_s, watched)


def _measured(cart: TreatingCart, virtual_s: int, watched: bool) -> Hour:
    ticks_a_second = round(1.0 / cart.period_s)
    seconds = tracked(range(virtual_s), "virtual seconds", virtual_s, shown=watched)
    began_s, began_wall_s, began_cpu_s = cart.clock.now_s(), perf_counter(), process_time()
    world_wall_s = poll_wall_s = 0.0
    not_ready_ticks = dark_ticks = 0
    for _ in seconds:
        for _ in range(ticks_a_second):
            started = perf_counter()
            cart.clock.sleep_until(cart.clock.now_s() + cart.period_s)
            now_s = cart.clock.now_s()
            cart.world.advance(now_s)
            advanced = perf_counter()
            cart.devices.poll(now_s)
            poll_wall_s += perf_counter() - advanced
            world_wall_s += advanced - started
            _decide_and_send(cart, now_s)
            not_ready_ticks += any(device.link is not LinkState.READY for device in cart.devices)
            dark_ticks += not cart.emits
    return Hour(
        ticks=virtual_s * ticks_a_second,
        virtual_s=cart.clock.now_s() - began_s,
        wall_s=perf_counter() - began_wall_s,
        cpu_s=process_time() - began_cpu_s,
        world_wall_s=world_wall_s,
        poll_wall_s=poll_wall_s,
        not_ready_ticks=not_ready_ticks,
        dark_ticks=dark_ticks,
        dropped_bytes=sum(line.dropped_bytes for line in cart.simulated.lines.values()),
    )


def _decide_and_send(cart: TreatingCart, now_s: float) -> None:
    controller = cart.controller
    controller.operator_alive(now_s)
    decision = controller.decide(controller.inputs(now_s, 0.0, 0.0))
    cart.devices.act(decision.outputs, now_s)


def report(hour: Hour) -> int:
    """Print the table; return the exit code."""
    a_tick_us = 1e6 / hour.ticks
    limit_s = LIMIT_S * hour.virtual_s / VIRTUAL_S
    return judged(
        f"{hour.virtual_s:g} virtual seconds at 100 Hz, four devices, light on",
        [
            Row("wall time", hour.wall_s, limit_s, "s"),
            Row("processor time", hour.cpu_s, None, "s"),
            Row("the world, a tick", hour.world_wall_s * a_tick_us, None, "us"),
            Row("polling the drivers, a tick", hour.poll_wall_s * a_tick_us, None, "us"),
            Row("ticks with a device not ready", hour.not_ready_ticks, 0, ""),
            Row("ticks without light", hour.dark_ticks, 0, ""),
            Row("bytes dropped on the wires", hour.dropped_bytes, 0, ""),
        ],
    )


def main() -> None:
    parser = command_line("bench.virtual_hour", __doc__)
    parser.add_argument("--seconds", type=int, default=VIRTUAL_S, help=f"virtual (default {VIRTUAL_S})")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.seconds < 1:
        parser.error(f"--seconds {options.seconds}: 1 or more are needed")
    raise SystemExit(report(run(options.seconds, options.seed, watched=True)))


if __name__ == "__main__":
    main()
