"""A simulated device on a TCP port: one client at a time, through pyserial's socket:// or a plain socket."""

import select
import socket

import pytest
import serial

from simulators.cart import SimulatedCart
from simulators.servers import PtyCart, TcpAddress
from simulators.world import World

STEP_S = 0.001
LOCAL = TcpAddress("127.0.0.1", 0)


class Bench:
    def __init__(self, tcp):
        self.cart = SimulatedCart(World(7))
        self.served = PtyCart(self.cart, tcp=tcp)
        self.now_s = 0.0

    def run(self, seconds):
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self.served.pump(self.now_s)

    def connected(self, key):
        host, _, port = self.served.paths[key].removeprefix("socket://").rpartition(":")
        client = socket.create_connection((host.strip("[]"), int(port)), timeout=5.0)
        self.run(0.01)
        return client


@pytest.fixture
def bench():
    bench = Bench({"laser": LOCAL, "board": LOCAL})
    yield bench
    bench.served.close()


def test_devices_with_an_address_are_on_tcp_and_the_others_on_terminals(bench):
    paths = bench.served.paths
    assert paths["laser"].startswith("socket://127.0.0.1:")
    assert paths["board"].startswith("socket://127.0.0.1:")
    assert paths["tec"].startswith("/dev/")
    assert paths["stage"].startswith("/dev/")


def test_pyserial_reaches_a_device_by_its_socket_url(bench):
    with serial.serial_for_url(bench.served.paths["laser"], timeout=0) as laser:
        bench.run(0.01)
        laser.write(b"*IDN?\r\n")
        bench.run(0.1)
        assert laser.read(200) == b"Arroyo 4320 SIM-LASER 1.0-sim 0\r\n"


def test_a_client_hears_nothing_from_before_it_came(bench):
    bench.run(1.0)
    with bench.connected("board") as client:
        bench.run(0.02)
        first = client.recv(4096)
        sequence = int(first.split(b",")[1])
        assert sequence > 80


def test_a_second_client_is_turned_away_and_the_first_goes_on(bench):
    with bench.connected("laser") as first:
        with bench.connected("laser") as second:
            assert second.recv(1) == b""
        first.sendall(b"*IDN?\n")
        bench.run(0.1)
        assert b"SIM-LASER" in first.recv(4096)
    bench.run(0.01)
    with bench.connected("laser") as third:
        third.sendall(b"SN?\n")
        bench.run(0.1)
        assert third.recv(4096) == b"SIM-LASER\r\n"


def test_an_unplugged_device_drops_its_client_and_takes_none_until_it_is_back(bench):
    url = bench.served.paths["laser"]
    with bench.connected("laser") as client:
        bench.served.unplug("laser")
        assert "laser" not in bench.served.paths
        assert client.recv(1) == b""
    host, port = url.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(port)), timeout=5.0) as early:
        bench.run(0.01)
        assert early.recv(1) == b""
    bench.served.replug("laser")
    assert bench.served.paths["laser"] == url
    with bench.connected("laser") as client:
        client.sendall(b"SN?\n")
        bench.run(0.1)
        assert client.recv(4096) == b"SIM-LASER\r\n"


def test_a_client_that_does_not_read_blocks_nobody(bench):
    with bench.connected("board") as deaf, bench.connected("laser") as laser:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        bench.run(3.0)
        laser.sendall(b"SN?\n")
        bench.run(0.1)
        assert laser.recv(4096) == b"SIM-LASER\r\n"


def test_a_client_that_breaks_off_frees_the_port(bench):
    client = bench.connected("laser")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    bench.run(0.01)
    with bench.connected("laser") as client:
        client.sendall(b"SN?\n")
        bench.run(0.1)
        assert select.select([client], [], [], 5.0)[0]


def test_a_device_on_tcp_has_no_link(tmp_path):
    with PtyCart(SimulatedCart(World(7)), links_dir=tmp_path, tcp={"laser": LOCAL}) as served:
        assert sorted(link.name for link in tmp_path.iterdir()) == sorted(
            served.link(key).name for key in ("tec", "stage", "board")
        )
        with pytest.raises(KeyError):
            served.link("laser")


def test_a_taken_port_is_named_and_nothing_stays_open():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=rf"in use: 127\.0\.0\.1 port {port}"):
            Bench({"laser": LOCAL, "board": TcpAddress("127.0.0.1", port)})
