"""Telemetry to another process: what a tick pays to publish a record, beside multiprocessing's pipe.

    pytest benchmarks/bench/test_bench_ring.py --benchmark-enable

Both send the same record, of the size that a tick under treatment has, with a reader in another process that
takes it at a screen's 30 frames a second (the ring) or as fast as it can (the pipe, which would fill up).
"""

from __future__ import annotations

import multiprocessing

import msgspec
import pytest

from benchmarks.rigs.treating_cart import treating_cart
from tosca_kiosk.control.telemetry import TelemetryMaker
from tosca_kiosk.link.numbered import Numbered
from tosca_kiosk.link.ring import RingReader, RingWriter
from tosca_kiosk.machine.clock import RealClock

FRAME_S = 1 / 30
ANSWER_WITHIN_S = 30.0
spawn = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record of a tick under emission, encoded as control publishes it."""
    with treating_cart(tmp_path_factory.mktemp("journal")) as cart:
        cart.emit_for(20)
        controller, now_s = cart.controller, cart.clock.now_s()
        inputs = controller.inputs(now_s, 0.0, 0.0)
        maker = TelemetryMaker(cart.devices, controller.self_test, simulated=True, mono_offset_s=0.0)
        session = Numbered(session=1, calibration=None)
        return msgspec.msgpack.encode(maker.make(now_s, session, controller.rules, inputs, controller.state))


def read_ring(path, ready):
    ring, clock = RingReader(path), RealClock()
    ready.send(True)
    while not ready.poll():
        ring.newest()
        clock.sleep_until(clock.now_s() + FRAME_S)
    ring.close()


def read_pipe(pipe, ready):
    ready.send(True)
    while pipe.recv_bytes() != b"end":
        pass


class Reader:
    """A process that reads until `end`. parent_end: of the pipe by which it says that it has begun."""

    def __init__(self, target, source):
        self.told, theirs = spawn.Pipe()
        self._process = spawn.Process(target=target, args=(source, theirs))
        self._process.start()
        theirs.close()
        assert self.told.poll(ANSWER_WITHIN_S)
        self.told.recv()

    def end(self):
        self._process.join(ANSWER_WITHIN_S)
        self._process.close()
        self.told.close()


@pytest.mark.benchmark(group="telemetry")
def test_ring_publish(benchmark, record, tmp_path):
    """Into shared memory: no system call, no waiting."""
    ring = RingWriter(tmp_path)
    reader = Reader(read_ring, ring.path)
    try:
        assert benchmark(ring.publish, record)
    finally:
        reader.told.send(True)
        reader.end()
        ring.close()
    benchmark.extra_info["bytes"] = len(record)


@pytest.mark.benchmark(group="telemetry")
def test_pipe_send_of_a_peer(benchmark, record):
    """multiprocessing.Pipe.send_bytes."""
    theirs, ours = spawn.Pipe(duplex=False)
    reader = Reader(read_pipe, theirs)
    theirs.close()
    try:
        benchmark(ours.send_bytes, record)
    finally:
        ours.send_bytes(b"end")
        reader.end()
        ours.close()
