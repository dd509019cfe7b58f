"""One tick of control at 100 Hz under steady emission, part by part.

    pytest benchmarks/bench/test_bench_tick.py --benchmark-enable

The world runs first and apart, so the tick is what a cart's computer has to do: poll the four drivers, sample
and decide, send, append to the journal. The simulated ports stand where the operating system's stand on a
cart. Without --benchmark-enable each test runs its subject once.

Back to back a tick finds everything in the processor's caches. On a cart it never does: in the 10 ms between
two ticks others have the processor. The case "cold caches" is that tick; it needs no quiet machine, for its
neighbour is always the same.
"""

from __future__ import annotations

import gc
import json
import os
from hashlib import sha256
from time import perf_counter_ns

import msgspec
import pytest

from benchmarks.rigs.percentiles import percentile
from benchmarks.rigs.programs import running_program
from benchmarks.rigs.treating_cart import treating_cart
from tosca_kiosk.control.traces import fault_trace
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import TickLine
from tosca_kiosk.domain.rows import SHUTDOWN
from tosca_kiosk.domain.safety import step
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import RealClock

TICKS = 5000
TICKS_WITH_A_NEIGHBOUR = 2000
NEIGHBOURS_TURN_S = 0.004
NEIGHBOUR = """
import bisect, inspect, numpy
source = inspect.getsource(bisect)
memory = numpy.zeros(6 << 20, numpy.uint8)
print("ready", flush=True)
while True:
    memory += 1
    compile(source, "neighbour", "exec")
"""
WARM_UP_TICKS = 300
WORLD = "the world"
PARTS = ("poll", "sample and step", "act", "journal")


class Stopwatch:
    """Runs ticks of a cart and keeps the time of every part, in nanoseconds."""

    def __init__(self, cart):
        self.cart = cart
        self.pause = lambda: None
        self.taken = {part: [] for part in (WORLD, *PARTS)}
        self.seen = []

    def next_deadline(self):
        """Let the world reach the next deadline; return it as pytest-benchmark takes arguments."""
        cart = self.cart
        cart.clock.sleep_until(cart.clock.now_s() + cart.period_s)
        now_s = cart.clock.now_s()
        began = perf_counter_ns()
        cart.world.advance(now_s)
        self.taken[WORLD].append(perf_counter_ns() - began)
        cart.controller.operator_alive(now_s)
        self.pause()
        return (now_s,), {}

    def tick(self, now_s):
        """Do what `Controller.tick` does, with a glance at the clock between the parts."""
        controller = self.cart.controller
        began = perf_counter_ns()
        controller.devices.poll(now_s)
        polled = perf_counter_ns()
        before = controller.state
        inputs = controller.inputs(now_s, 0.0, 0.0)
        decision = controller.decide(inputs)
        decided = perf_counter_ns()
        controller.devices.act(decision.outputs, now_s)
        acted = perf_counter_ns()
        controller.record(inputs, decision)
        recorded = perf_counter_ns()
        for part, taken in zip(
            PARTS, (polled - began, decided - polled, acted - decided, recorded - acted), strict=True
        ):
            self.taken[part].append(taken)
        self.seen.append((before, inputs, decision))

    def report(self):
        """Return p50 and p99 in microseconds and the share of the tick, by part."""
        ticks = [sum(parts) for parts in zip(*(self.taken[part] for part in PARTS), strict=True)]
        rows = {**self.taken, "tick without the world": ticks}
        return {
            part: {
                "p50_us": percentile_us(taken, 0.5),
                "p99_us": percentile_us(taken, 0.99),
                "share": None if part == WORLD else round(sum(taken) / sum(ticks), 3),
            }
            for part, taken in rows.items()
        }


def percentile_us(taken_ns, part):
    return round(percentile(taken_ns, part) / 1000.0, 1)


def table(report, scheduling):
    rows = [f"{scheduling:<24}{'p50 us':>9}{'p99 us':>9}{'share':>8}"]
    for part, row in report.items():
        share = "" if row["share"] is None else f"{row['share']:.0%}"
        rows.append(f"{part:<24}{row['p50_us']:>9.1f}{row['p99_us']:>9.1f}{share:>8}")
    return "\n".join(rows)


@pytest.fixture(scope="module")
def cart(tmp_path_factory):
    """A cart in steady emission, and no garbage collection, as in the control process."""
    with treating_cart(tmp_path_factory.mktemp("journal")) as cart:
        cart.emit_for(WARM_UP_TICKS)
        gc.collect()
        gc.freeze()
        gc.disable()
        yield cart
        gc.enable()
        gc.unfreeze()


@pytest.fixture(params=["warm", "cold caches"])
def neighbour(request, stopwatch):
    """What has the processor between two ticks: nothing, or a process that fills its caches.

    Ask for it before `real_time`, whose class it would inherit.
    """
    if request.param == "warm":
        yield None
        return
    processors, clock = os.sched_getaffinity(0), RealClock()
    os.sched_setaffinity(0, {max(processors)})
    with running_program(NEIGHBOUR) as running:
        stopwatch.pause = lambda: clock.sleep_until(clock.now_s() + NEIGHBOURS_TURN_S)
        yield running
    os.sched_setaffinity(0, processors)


@pytest.fixture
def real_time():
    """The scheduling class of the control process, where the system allows it; yields its name."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        yield "no real-time class"
        return
    yield "SCHED_FIFO"
    os.sched_setscheduler(0, *before)


@pytest.fixture
def stopwatch(cart):
    return Stopwatch(cart)


@pytest.fixture
def seen(stopwatch):
    """The state, inputs and decision of each tick of half a second: five with a sample, the rest without."""
    for _ in range(50):
        stopwatch.tick(*stopwatch.next_deadline()[0])
    return stopwatch.seen


def test_tick(benchmark, stopwatch, neighbour, real_time, capsys):
    """The whole tick; its parts are in extra_info and in a table."""
    rounds = TICKS if neighbour is None else TICKS_WITH_A_NEIGHBOUR
    benchmark.pedantic(stopwatch.tick, setup=stopwatch.next_deadline, rounds=rounds)

    assert stopwatch.cart.emits
    assert len(stopwatch.seen) >= 1
    benchmark.extra_info.update(stopwatch.report(), scheduling=real_time)
    if benchmark.enabled:
        with capsys.disabled():
            print(f"\n{table(stopwatch.report(), real_time)}")


@pytest.mark.parametrize("sampled", [False, True], ids=["plain", "with a sample"])
def test_step(benchmark, stopwatch, seen, sampled):
    """The decision alone; ten times a second it also writes a sample into the record."""
    state, inputs, decision = next(tick for tick in seen if bool(tick[2].events) == sampled)

    again = benchmark(step, stopwatch.cart.controller.rules, state, inputs)

    assert again == decision


@pytest.mark.parametrize("key", ["board", "laser", "stage", "tec"])
def test_idle_poll(benchmark, stopwatch, key):
    """A driver's poll when nothing has come in and nothing is due."""
    (now_s,), _ = stopwatch.next_deadline()
    device = getattr(stopwatch.cart.devices, key)
    device.poll(now_s)

    benchmark(device.poll, now_s)

    assert device.problem is None


def test_fault_trace(benchmark, cart):
    """What the tick that latches a fault adds: the snapshot of ten seconds of every port."""
    latched = SafetyEvent(
        "e_stop_pressed", "emergency", "A benchmark.", "fault", "off", True, True, 0.0, SHUTDOWN,
        {"trigger_source": "stop_loop"},
    )  # fmt: skip

    trace = benchmark(fault_trace, cart.devices, (latched,), 0.0, 0.0)

    assert len(list(trace.lines())) > WARM_UP_TICKS


@pytest.fixture
def tick_line(seen):
    _, inputs, decision = next(tick for tick in seen if not tick[2].events)
    return TickLine(inputs.now_s, inputs, decision.outputs, decision.events, decision.safety)


@pytest.mark.benchmark(group="journal")
def test_journal_append(benchmark, tick_line, tmp_path):
    """One chained line in one write, with the helper that syncs it running."""
    folder = tmp_path / "append"
    folder.mkdir()
    journal = Journal(folder)
    try:
        benchmark(journal.tick, tick_line, False)
        assert journal.ok
    finally:
        journal.close()


@pytest.mark.benchmark(group="journal")
def test_journal_append_of_a_peer(benchmark, tick_line, tmp_path):
    """The same content, as dictionaries already, by json.dumps, hashlib and one write."""
    content = msgspec.to_builtins(tick_line)
    file = os.open(tmp_path / "peer.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        benchmark(Peer(file).append, content)
    finally:
        os.close(file)
    assert (tmp_path / "peer.jsonl").read_bytes().endswith(b'"}\n')


class Peer:
    """A journal of the standard library's parts."""

    def __init__(self, file):
        self._file = file
        self._head = "0" * 64

    def append(self, content):
        body = json.dumps(content)
        self._head = sha256((self._head + body).encode()).hexdigest()
        os.write(self._file, f'{body[:-1]},"h":"{self._head}"}}\n'.encode())
