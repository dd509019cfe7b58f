"""A port never waits, says what is wrong in one line, and leaves nothing open behind it."""

import os
import select
import socket
import tty

import pytest

from hardware.interfaces import Origin
from hardware.trace import Direction, WireTrace
from hardware.transport import PortError, SerialPort


class HandClock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def trace(clock):
    return WireTrace(clock)


def read_all(port, count):
    """Read until count bytes came: the kernel hands bytes over in its own time."""
    data = b""
    while len(data) < count and select.select([port._fd], [], [], 5)[0]:
        data += port.read()
    return data


class Device:
    """The far end of a pseudo-terminal."""

    def __init__(self):
        self.end, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.end, False)
        self.path = os.ttyname(self._slave)

    def read_some(self):
        select.select([self.end], [], [], 5)
        return os.read(self.end, 100_000)

    def unplug(self):
        for fd in (self.end, self._slave):
            if fd is not None:
                os.close(fd)
        self.end = self._slave = None


@pytest.fixture
def device():
    device = Device()
    yield device
    if device.end is not None:
        device.unplug()


@pytest.fixture
def port(device, trace):
    port = SerialPort(device.path, 9600, trace)
    port.open()
    yield port
    port.close()


def test_bytes_pass_both_ways_unchanged_over_a_pseudo_terminal(device, port):
    everything = bytes(range(256))
    os.write(device.end, everything)
    assert read_all(port, 256) == everything
    port.write(everything)
    assert device.read_some() == everything


def test_a_port_with_nothing_to_say_reads_empty_without_waiting(port):
    assert port.read() == b""


def test_more_bytes_than_one_read_takes_all_arrive_in_order(device, port):
    sent = b"".join(b"%07d," % n for n in range(1500))
    received = b""
    rest = sent
    while len(received) < len(sent):
        select.select([], [device.end], [], 5)
        rest = rest[os.write(device.end, rest[:2000]) :] if rest else rest
        came = read_all(port, 1)
        assert came, f"{len(received)} bytes of {len(sent)} came"
        received += came
    assert received == sent


def test_opening_twice_changes_nothing(device, port):
    os.write(device.end, b"kept")
    port.open()
    assert read_all(port, 4) == b"kept"


def test_an_unplugged_device_is_a_port_error_and_closes_the_port(device, port):
    device.unplug()
    with pytest.raises(PortError, match="is gone; check the cable"):
        port.read()
    assert not port.is_open


def test_writing_to_an_unplugged_device_is_a_port_error(device, port):
    device.unplug()
    with pytest.raises(PortError, match="is gone; check the cable"):
        port.write(b"STOP=0\n")


def test_a_device_that_takes_nothing_is_an_error_and_never_blocks_the_writer(port):
    def write_far_too_much():
        for _ in range(10_000):
            port.write(b"x" * 200)

    with pytest.raises(PortError, match="takes no more data"):
        write_far_too_much()


def test_what_did_not_fit_goes_first_when_there_is_room_again(device, port):
    sent = b""
    while not port._unsent:
        piece = b"%06d" % len(sent)
        port.write(piece)
        sent += piece
        assert len(sent) < 1_000_000
    received = device.read_some()
    while len(received) < len(sent):
        assert port.read() == b""
        received += device.read_some()
    assert received == sent


@pytest.mark.parametrize("use", [lambda p: p.read(), lambda p: p.write(b"x")], ids=["read", "write"])
def test_a_closed_port_refuses_bytes(use, trace):
    with pytest.raises(PortError, match="port nowhere is not open"):
        use(SerialPort("nowhere", 9600, trace))


def test_a_missing_port_is_named_with_what_to_do(tmp_path, trace):
    with pytest.raises(PortError, match=r"port .*/none is not there; check that the device is plugged in"):
        SerialPort(str(tmp_path / "none"), 9600, trace).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may open everything")
def test_a_forbidden_port_names_the_group(tmp_path, trace):
    path = tmp_path / "forbidden"
    path.touch(mode=0)
    with pytest.raises(PortError, match="dialout"):
        SerialPort(str(path), 9600, trace).open()


def test_a_port_in_use_is_not_shared(device, port, trace):
    with pytest.raises(PortError, match="in use by another program"):
        SerialPort(device.path, 9600, trace).open()


@pytest.mark.parametrize("url", ["nonsense://x", "usb://", "socket://nowhere"])
def test_a_url_that_leads_nowhere_is_a_port_error(url, trace):
    with pytest.raises(PortError, match="cannot be opened; check the port in the configuration"):
        SerialPort(url, 9600, trace).open()


def test_a_file_that_is_no_terminal_is_a_port_error(tmp_path, trace):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(PortError, match="cannot be opened"):
        SerialPort(str(path), 9600, trace).open()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("sim://world/laser", Origin.SIM),
        ("SIM://world/laser", Origin.SIM),
        ("/dev/ttyUSB0", Origin.REAL),
        ("socket://127.0.0.1:1", Origin.REAL),
        ("/tmp/sim://", Origin.REAL),
    ],
)
def test_only_sim_urls_are_simulated(url, origin, trace):
    assert SerialPort(url, 9600, trace).origin is origin


@pytest.fixture
def tcp_pair(trace):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600, trace)
        port.open()
        far_end, _ = server.accept()
        with far_end:
            yield port, far_end
        port.close()


def test_a_socket_carries_bytes_both_ways(tcp_pair):
    port, far_end = tcp_pair
    far_end.sendall(b"STAT=+00000001\n")
    assert read_all(port, 15) == b"STAT=+00000001\n"
    port.write(b"STAT=?\n")
    assert far_end.recv(100) == b"STAT=?\n"


def test_a_hung_up_socket_is_a_port_error(tcp_pair):
    port, far_end = tcp_pair
    far_end.close()
    select.select([port._fd], [], [], 5)
    with pytest.raises(PortError, match="is gone"):
        port.read()


def test_a_port_opens_again_after_it_was_lost(device, port):
    port.close()
    port.open()
    os.write(device.end, b"again")
    assert read_all(port, 5) == b"again"


def test_the_trace_tells_what_passed_when_and_which_way(clock, device, port):
    clock.now_s = 1.25
    os.write(device.end, b"EPOS=+00000002\n\xff")
    read_all(port, 16)
    clock.now_s = 1.5
    port.write(b"STAT=?\n")
    assert port._trace.lines()[1:] == [
        "    1.250000 < EPOS=+00000002\\n\\xff",
        "    1.500000 > STAT=?\\n",
    ]


def test_the_trace_forgets_what_is_older_than_it_keeps(clock):
    trace = WireTrace(clock, keep_s=10.0)
    for second in range(30):
        clock.now_s = float(second)
        trace.received(b"%d" % second)
    assert [e.data for e in trace.entries()] == [b"%d" % s for s in range(19, 30)]


def test_the_trace_of_a_babbling_device_stays_small(clock):
    trace = WireTrace(clock, max_bytes=1000)
    for _ in range(100):
        trace.received(b"x" * 300)
    assert sum(len(e.data) for e in trace.entries()) <= 1000


def test_a_note_keeps_its_words(trace):
    trace.note("gone: no 12 °C")
    assert trace.entries()[0].direction is Direction.NOTE
    assert trace.lines()[0].endswith("! gone: no 12 °C")
