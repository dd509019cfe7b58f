"""Round trips a second with the simulated laser driver: a query's bytes in, its answer's bytes out.

    pytest benchmarks/bench/test_bench_wire.py --benchmark-enable

Time is virtual, so the 5 to 30 ms of each answer cost nothing, but every byte takes its time on the wire and
answers come in pieces. The peer is the same device on a pseudo-terminal; between them stand the wire with the
whole world's physics behind it, and pyserial's `sim://`. Without --benchmark-enable each runs a few times.
"""

from __future__ import annotations

import os
import select

import pytest
import serial

from benchmarks.rigs.limits import Row, judged
from simulators.cart import SimulatedCart, install, uninstall
from simulators.kernel import Kernel
from simulators.physics.contacts import GateRelay
from simulators.servers.pty_port import PtyPort
from simulators.wire.arroyo_laser import ArroyoLaser
from simulators.world import World

QUERY = b"LAS:LDI?\r\n"
TERMINATOR = b"\r\n"
TURNAROUND_S = 0.050  # no answer takes longer: 10 ms on the wire, up to 30 ms in the device, 1 ms adapter
ROUND_TRIPS = 1000
FLOOR_PER_S = 100_000
PEER = "pseudo-terminal (peer)"

rates: dict[str, float] = {}


class StillDiode:
    """A diode without current; the wire is measured, not the physics."""

    circuit = "ok"

    def drive(self, current_a):
        assert current_a == 0.0

    def current_a(self):
        return 0.0

    def voltage_v(self):
        return 0.0


class Plant:
    """As much of a world as the laser driver is wired to."""

    def __init__(self):
        self.kernel = Kernel()
        self.diode = StillDiode()
        self.gate = GateRelay(self.kernel)

    def random_seed(self, name):
        return len(name)


def wire_of(plant, laser):
    """Return a function that makes ROUND_TRIPS on the bare line and returns the last answer."""
    line, kernel = laser.line, plant.kernel
    line.attach()

    def converse():
        for _ in range(ROUND_TRIPS):
            line.host_write(QUERY, kernel.now_s)
            kernel.advance(kernel.now_s + TURNAROUND_S)
            answer = line.host_read(4096)
        return answer

    return converse


def noted(benchmark, name, converse):
    """Measure and keep the rate of the best round, which is the one that others disturbed least."""
    answer = benchmark.pedantic(converse, rounds=10, warmup_rounds=2)
    assert answer.endswith(TERMINATOR)
    float(answer)
    if benchmark.enabled:
        rates[name] = ROUND_TRIPS / benchmark.stats.stats.min
        benchmark.extra_info["round_trips_per_s"] = round(rates[name])


def test_wire(benchmark):
    plant = Plant()
    noted(benchmark, "in-process wire", wire_of(plant, ArroyoLaser(plant)))


def test_wire_over_the_whole_world(benchmark):
    cart = SimulatedCart(World(1))
    noted(benchmark, "in-process wire, whole cart and world", wire_of(cart.world, cart.laser))


def test_pyserial_over_the_whole_world(benchmark):
    cart = SimulatedCart(World(1))
    kernel = cart.world.kernel
    now_s = 0.0

    def converse():
        nonlocal now_s
        for _ in range(ROUND_TRIPS):
            port.write(QUERY)
            now_s += TURNAROUND_S
            answer = port.read(4096)
        return answer

    install(cart, lambda: now_s)
    try:
        with serial.serial_for_url("sim://laser", baudrate=38400, timeout=0) as port:
            noted(benchmark, "pyserial on sim://, whole cart and world", converse)
    finally:
        uninstall()
    assert kernel.now_s == now_s


def test_pseudo_terminal(benchmark):
    plant = Plant()
    port = PtyPort(ArroyoLaser(plant).line)
    client = os.open(port.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    kernel = plant.kernel
    port.pump(0.0)

    def converse():
        for _ in range(ROUND_TRIPS):
            os.write(client, QUERY)
            select.select(port.readable, (), ())
            port.pump(kernel.now_s)
            kernel.advance(kernel.now_s + TURNAROUND_S)
            port.pump(kernel.now_s)
            answer = b""
            while not answer.endswith(TERMINATOR):
                select.select((client,), (), ())
                answer += os.read(client, 4096)
        return answer

    try:
        noted(benchmark, PEER, converse)
    finally:
        os.close(client)
        port.close()


def test_the_wire_keeps_its_aim(capsys):
    if len(rates) < 4:
        pytest.skip("needs the measurements above, with --benchmark-enable")
    rows = [
        Row(name, rate, FLOOR_PER_S if name == "in-process wire" else None, "round trips/s", floor=True)
        for name, rate in rates.items()
    ]
    with capsys.disabled():
        print()
        assert judged("round trips with the simulated laser driver", rows) == 0
