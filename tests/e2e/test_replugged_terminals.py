"""The cart's drivers over pseudo-terminals in one process, on a virtual clock, while cables come out."""

from contextlib import contextmanager
from random import Random

import pytest

from benchmarks.rigs.cart_configs import real_config_file
from benchmarks.rigs.plugged_cart import PumpedClock
from benchmarks.rigs.readings import READINGS
from hardware.interfaces import LinkState
from simulators.cart import SimulatedCart
from simulators.servers import PtyCart
from simulators.world import World
from tosca_kiosk.config import load_config
from tosca_kiosk.running.cart import connected_devices

PERIOD_S = 0.01
LIMIT_S = 60.0
REPLUGS = 12


class Bench:
    def __init__(self, served, clock, devices):
        self.served = served
        self.clock = clock
        self.devices = devices

    def run_ticks(self, ticks):
        for _ in range(ticks):
            self.clock.sleep_until(self.clock.now_s() + PERIOD_S)
            self.devices.poll(self.clock.now_s())

    def run_until(self, condition):
        limit_s = self.clock.now_s() + LIMIT_S
        while not condition():
            assert self.clock.now_s() < limit_s, [device.problem for device in self.devices]
            self.run_ticks(1)

    @property
    def all_ready(self):
        return all(device.link is LinkState.READY for device in self.devices)


@contextmanager
def connected(served, ports, folder):
    """Yield a bench whose drivers have met the devices on the given ports."""
    config = load_config(real_config_file(ports, folder))
    clock = PumpedClock(served)
    with connected_devices(config, clock) as devices:
        bench = Bench(served, clock, devices)
        bench.run_until(lambda: bench.all_ready)
        yield bench


@pytest.fixture
def served(tmp_path):
    with PtyCart(SimulatedCart(World(1, warm=True)), links_dir=tmp_path / "by-id") as served:
        yield served


@pytest.fixture
def bench(served, tmp_path):
    with connected(served, {key: str(served.link(key)) for key in served.paths}, tmp_path) as bench:
        yield bench


def test_each_device_is_lost_alone_and_found_again_under_another_name(bench):
    random = Random(5)
    for count in range(REPLUGS):
        key = ("laser", "tec", "stage", "board")[count % 4]
        device = getattr(bench.devices, key)
        others = [other for other in bench.devices if other is not device]
        path = bench.served.paths[key]
        bench.run_ticks(random.randrange(50))
        assert bench.all_ready
        bench.served.unplug(key)
        bench.run_until(lambda: device.link is LinkState.LOST)  # noqa: B023  # used at once
        assert "is gone" in device.problem
        bench.run_ticks(random.randrange(100))
        assert all(other.link is LinkState.READY for other in others)
        bench.served.replug(key)
        bench.run_until(lambda: bench.all_ready)
        assert bench.served.paths[key] != path


def test_a_setting_made_before_the_cable_came_out_still_stands(bench):
    """The controller has its own mains: only its line was cut."""
    laser = bench.served.cart.laser
    limit_ma = laser.settings()["_limit_ma"]
    assert limit_ma == 12000.0
    bench.served.unplug("laser")
    bench.run_ticks(100)
    assert laser.settings()["_limit_ma"] == limit_ma


def test_a_port_name_that_another_device_took_gives_no_reading(served, tmp_path):
    """Where a port is named by its place, laser and cooling may come back under each other's name."""
    names = {key: tmp_path / key for key in served.paths}
    for key, name in names.items():
        name.symlink_to(served.paths[key])
    with connected(served, {key: str(name) for key, name in names.items()}, tmp_path) as bench:
        for key in ("laser", "tec"):
            served.unplug(key)
            names[key].unlink()
        bench.run_ticks(10)
        for key, taken in (("laser", "tec"), ("tec", "laser")):
            served.replug(key)
            names[taken].symlink_to(served.paths[key])
        swapped = (bench.devices.laser, bench.devices.tec)
        for _ in range(500):
            bench.run_ticks(1)
            for device in swapped:
                assert device.link is not LinkState.READY
                assert [name for name in READINGS[device.key] if getattr(device, name) is not None] == []
        assert [device.link for device in swapped] == [LinkState.REFUSED] * 2
        assert "4320" in bench.devices.tec.problem
        assert "5305" in bench.devices.laser.problem
        assert served.cart.tec.output_on, "what the laser's driver said switched nothing"
