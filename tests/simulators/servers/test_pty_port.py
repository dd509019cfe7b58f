"""A simulated device on a pseudo-terminal behaves to its clients as a USB serial adapter would."""

import os
import select
import termios
import tty
from itertools import pairwise

import pytest
import serial

from simulators.cart import SimulatedCart
from simulators.servers import PtyCart
from simulators.world import World

BAUDS = {"laser": 38400, "tec": 38400, "stage": 115200, "board": 115200}
STEP_S = 0.001


class Bench:
    """A served cart and its time; `run` lets the world and the ports go on."""

    def __init__(self, links_dir=None):
        self.cart = SimulatedCart(World(7))
        self.served = PtyCart(self.cart, links_dir=links_dir)
        self.now_s = 0.0

    def run(self, seconds):
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.served.pump(self.now_s)

    def opened(self, key, **settings):
        port = serial.Serial(self.served.paths[key], **({"baudrate": BAUDS[key], "timeout": 0} | settings))
        self.run(0.002)
        return port

    def asked(self, port, line, seconds=0.06):
        port.write(line)
        arrived(self.master(port))
        self.run(seconds)
        return all_of(port)

    def master(self, port):
        key = next(key for key, path in self.served.paths.items() if path == port.port)
        return self.served._ports[key]._master


def arrived(fd):
    """The system hands bytes over a moment after the write."""
    assert select.select([fd], [], [], 5.0)[0]


def all_of(port):
    """Return what has arrived, and lets the system finish handing it over."""
    data = b""
    while select.select([port.fileno()], [], [], 0.02)[0]:
        data += port.read(4096)
    return data


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.served.close()


def test_every_device_answers_on_its_own_path(bench):
    assert list(bench.served.paths) == ["laser", "tec", "stage", "board"]
    with bench.opened("laser") as laser, bench.opened("tec") as tec:
        assert bench.asked(laser, b"*IDN?\n") == b"Arroyo 4320 SIM-LASER 1.0-sim 0\r\n"
        assert b"SIM-TEC" in bench.asked(tec, b"*IDN?\r\n")
    with bench.opened("stage") as stage:
        assert b"SRNO=-00000001\n" in bench.asked(stage, b"SRNO=?\n")


def test_a_terminal_is_raw_from_the_start_and_after_every_client(bench):
    for _ in range(2):
        with bench.opened("laser", baudrate=9600) as laser:
            tty.setcbreak(laser.fileno())
        bench.run(0.01)
        slave = os.open(bench.served.paths["laser"], os.O_RDWR | os.O_NOCTTY)
        try:
            settings = termios.tcgetattr(slave)
            assert not settings[tty.LFLAG] & (termios.ECHO | termios.ICANON | termios.ISIG)
            assert not settings[tty.OFLAG] & termios.OPOST
            assert settings[tty.OSPEED] == termios.B38400
            assert settings[tty.CC][termios.VMIN] == 1
        finally:
            os.close(slave)


def test_a_client_that_sets_nothing_is_at_the_devices_speed(bench):
    slave = os.open(bench.served.paths["board"], os.O_RDWR | os.O_NOCTTY)
    try:
        bench.run(0.1)
        arrived(slave)
        assert os.read(slave, 1000).startswith(b"$ST,")
    finally:
        os.close(slave)


def test_what_is_said_to_nobody_does_not_wait_for_the_next_client(bench):
    bench.run(1.0)
    slave = os.open(bench.served.paths["board"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        with pytest.raises(BlockingIOError):
            os.read(slave, 1)
    finally:
        os.close(slave)


def test_what_a_client_left_unread_is_not_the_next_ones(bench):
    with bench.opened("board"):
        bench.run(0.5)
    bench.run(0.01)
    slave = os.open(bench.served.paths["board"], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        with pytest.raises(BlockingIOError):
            os.read(slave, 1)
    finally:
        os.close(slave)


def test_a_command_of_a_client_that_left_at_once_is_obeyed(bench):
    slave = os.open(bench.served.paths["laser"], os.O_RDWR | os.O_NOCTTY)
    os.write(slave, b"LAS:LDI 250\n")
    os.close(slave)
    bench.run(0.1)
    with bench.opened("laser") as laser:
        assert bench.asked(laser, b"LAS:SET:LDI?\n") == b"250\r\n"


def test_a_client_that_does_not_read_loses_bytes_and_blocks_nobody(bench):
    with bench.opened("board"), bench.opened("laser") as laser:
        bench.run(8.0)
        assert bench.cart.board.line.dropped_bytes > 0
        assert b"SIM-LASER" in bench.asked(laser, b"*IDN?\n")


def test_what_was_pumped_and_settled_is_there_for_a_client_in_the_same_process(bench):
    seen = 0
    with bench.opened("board") as board:
        for _ in range(300):
            bench.now_s += 0.01
            bench.served.pump(bench.now_s)
            bench.served.settle()
            at_once = board.in_waiting
            select.select([board], [], [], 0.0)  # makes the system hand on what it still holds
            assert board.in_waiting == at_once
            seen += len(board.read(4096))
    assert seen > 5000


@pytest.mark.parametrize("baud", [9600, 19200, 57600, 115200, 250000, 12345])
def test_a_wrong_speed_is_answered_with_garbage(bench, baud):
    with bench.opened("laser", baudrate=baud) as laser:
        for _ in range(4):
            garbage = bench.asked(laser, b"*IDN?\r\n", 0.3)
            assert garbage
            assert b"Arroyo" not in garbage
        laser.baudrate = 38400
        bench.asked(laser, b"\r\n", 0.3)
        assert b"Arroyo" in bench.asked(laser, b"*IDN?\r\n", 0.3)


def test_a_device_that_speaks_unasked_is_garbage_at_a_wrong_speed_too(bench):
    with bench.opened("board") as board:
        board.baudrate = 57600
        bench.run(0.05)
        all_of(board)
        bench.run(0.2)
        garbage = all_of(board)
        assert garbage
        assert b"ST," not in garbage


def test_an_unplugged_device_is_gone_for_its_client_and_comes_back_under_another_name(bench):
    before = bench.served.paths["laser"]
    with bench.opened("laser") as laser:
        bench.served.unplug("laser")
        assert "laser" not in bench.served.paths
        with pytest.raises(serial.SerialException):
            laser.read(1)
        with pytest.raises(OSError, match="Input/output"):
            _ = laser.in_waiting
        bench.served.replug("laser")
    after = bench.served.paths["laser"]
    assert after != before
    with bench.opened("laser") as laser:
        assert b"SIM-LASER" in bench.asked(laser, b"*IDN?\n")


def test_the_name_changes_at_every_replug_although_nobody_holds_the_old_one(bench):
    names = []
    for _ in range(4):
        names.append(bench.served.paths["tec"])
        bench.served.unplug("tec")
        bench.served.replug("tec")
    assert all(one != next_one for one, next_one in pairwise(names))


def test_a_cable_pulled_in_the_world_is_followed(bench):
    before = bench.served.paths["stage"]
    bench.cart.stage.line.unplugged = True
    bench.run(0.002)
    assert "stage" not in bench.served.paths
    bench.cart.stage.line.unplugged = False
    bench.run(0.002)
    assert bench.served.paths["stage"] != before


def test_a_cable_out_and_in_between_two_looks_still_ends_the_connection(bench):
    with bench.opened("board") as board:
        bench.cart.board.line.unplugged = True
        bench.cart.board.line.unplugged = False
        bench.run(0.002)
        with pytest.raises(serial.SerialException):
            board.read(1)


def test_links_keep_their_name_through_a_replug(tmp_path):
    bench = Bench(tmp_path / "by-id")
    try:
        link = bench.served.link("laser")
        assert link.name == "usb-Arroyo_Instruments_4320_LaserSource_SIM-LASER-if00"
        assert {path.name for path in link.parent.iterdir()} >= {"usb-Xeryon_Controller_-1-if00", link.name}
        assert str(link.readlink()) == bench.served.paths["laser"]
        bench.served.unplug("laser")
        assert not link.is_symlink()
        bench.served.replug("laser")
        assert str(link.readlink()) == bench.served.paths["laser"]
    finally:
        bench.served.close()
    assert not list((tmp_path / "by-id").iterdir())


def test_a_file_in_the_links_place_is_not_overwritten(tmp_path):
    kept = tmp_path / "usb-Xeryon_Controller_-1-if00"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="no symbolic link"):
        PtyCart(SimulatedCart(World(7)), links_dir=tmp_path)
    assert kept.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [kept]


def test_closing_the_cart_ends_every_connection(bench):
    with bench.opened("laser") as laser:
        bench.served.close()
        with pytest.raises(serial.SerialException):
            laser.read(1)
    assert bench.served.paths == {}
