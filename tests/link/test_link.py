"""The command socket: every request is answered or taken once, and neither side ever waits."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.waiting import until
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.lines import MAX_UNSENT_BYTES
from tosca_kiosk.link.messages import (
    MAX_LINE_BYTES,
    Alive,
    EndSession,
    Hello,
    OpenSession,
    Order,
    Reply,
    SafetyNotice,
    SignedOrder,
)
from tosca_kiosk.link.ring import RingWriter
from tosca_kiosk.link.server import MOST_KEPT, LinkServer
from tosca_kiosk.link.telemetry import Telemetry

HEADER = Header(1, 7, 2, 3, "2026-03-14 09:26:53.589793", "sim", "0", {}, Rules())


def telemetry(tick):
    values = dict.fromkeys(Telemetry.__struct_fields__)
    values |= {"tick": tick, "mono_s": tick / 100, "session_time_s": 0.0, "phase": "idle", "beam": "dark"}
    values |= {"finished": False, "simulated": True, "lamps": {}, "set_w": 0.0, "elapsed_s": 0.0}
    values |= {"step_index": 0, "steps": 0, "dose_j": 0.0, "tec_setpoint_c": 25.0}
    values |= dict.fromkeys(("devices", "refusals", "faults", "standing", "warnings", "overrides"), ())
    values |= {"session_open": False, "arm_hold_s": 1.5}
    return Telemetry(**values)


@pytest.fixture
def ring(tmp_path):
    made = RingWriter(tmp_path)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


@pytest.fixture
def server(path, ring):
    made = LinkServer(path, lambda: Hello(str(ring.path), 100, True, None))
    yield made
    made.close()


@pytest.fixture
def link(path):
    made = ControlLink(path)
    yield made
    made.close()


@pytest.fixture
def connected(server, link):
    assert link.connect()
    assert server.poll() == []
    assert [type(notice) for notice in link.poll()] == [Hello]
    return link


@pytest.fixture
def raw(path, server):
    """A kiosk that says whatever it likes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as kiosk:
        kiosk.connect(str(path))
        server.poll()
        kiosk.settimeout(1.0)
        assert json.loads(kiosk.recv(4096))["type"] == "hello"
        yield kiosk


def answers(kiosk):
    return [msgspec.json.decode(line, type=Reply) for line in kiosk.recv(65536).splitlines()]


def order(number, command="pause"):
    return b'{"type":"order","id":%d,"session":null,"command":"%b"}\n' % (number, command.encode())


def test_without_control_there_is_no_link_and_a_reason(link):
    assert not link.connect()
    assert not link.connected
    assert "control does not answer" in link.problem
    assert link.latest() is None
    assert link.order(CommandType.STOP, None) is None
    link.alive()
    assert link.poll() == []


def test_the_link_stands_once_control_has_said_hello(server, link):
    link.connect()
    assert not link.connected
    server.poll()
    link.poll()
    assert link.connected
    assert link.problem is None
    assert link.hello.rate_hz == 100


def test_requests_arrive_in_order_with_rising_numbers(server, connected, tmp_path):
    numbers = [
        connected.order(CommandType.HOME_STAGE, None),
        connected.open_session(tmp_path, HEADER),
        connected.signed_order(CommandType.ACKNOWLEDGE, 7, "sue", "271828"),
        connected.order(CommandType.CLOSE_SESSION, 7, reason="patient unwell"),
        connected.end_session(7),
    ]
    connected.alive()
    assert numbers == [1, 2, 3, 4, 5]
    assert server.poll() == [
        Order(1, None, CommandType.HOME_STAGE),
        OpenSession(2, str(tmp_path), HEADER),
        SignedOrder(3, 7, CommandType.ACKNOWLEDGE, "sue", "271828"),
        Order(4, 7, CommandType.CLOSE_SESSION, "patient unwell"),
        EndSession(5, 7),
        Alive(),
    ]


def test_notices_arrive_in_order(server, connected):
    server.send(Reply(1, None))
    server.send(SafetyNotice("2026-03-14 09:26:53.589793", ()))
    assert connected.poll() == [Reply(1, None), SafetyNotice("2026-03-14 09:26:53.589793", ())]
    assert connected.poll() == []


def test_the_newest_tick_is_read_without_asking(ring, connected):
    assert connected.latest() is None
    for tick in range(5):
        ring.publish(msgspec.msgpack.encode(telemetry(tick)))
    assert connected.latest() == telemetry(4)
    assert connected.latest() is connected.latest()


@pytest.mark.parametrize(
    ("line", "number", "reason"),
    [
        (b"nonsense\n", 0, "malformed"),
        (b'{"type":"order","id":5,"session":null,"command":"fly"}\n', 5, "fly"),
        (b'{"type":"dance","id":6}\n', 6, "dance"),
        (b'{"type":"order","id":"7","session":null,"command":"pause"}\n', 0, "id"),
        (b'{"type":"order","id":8,"session":null,"command":"pause","reason":NaN}\n', 0, "not understood"),
        (b'{"id":9}\n', 9, "type"),
        (b"\xff\xfe\n", 0, "not understood"),
        (b"\n", 0, "truncated"),
        (b'{"type":"alive","id":3,"x":' + b"[" * 20_000 + b"\n", 0, "recursion"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_with_its_number(server, raw, line, number, reason):
    raw.sendall(line)
    assert server.poll() == []
    (reply,) = answers(raw)
    assert reply.id == number
    assert reason in reply.refused
    assert server.connected


PIN = "271828"


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"signed","id":5,"session":null,"command":"271828","username":"sue","pin":"271828"}\n',
        b'{"type":"signed","id":5,"session":null,"command":"acknowledge","username":"sue","pin":271828}\n',
        b'{"type":"271828","id":5,"pin":"271828"}\n',
        b'{"id":5,"command":"271828","pin":"271828"\n',
    ],
    ids=["as a command", "as a number", "as a type", "cut short"],
)
def test_a_pin_that_is_not_understood_is_not_quoted(server, raw, line):
    raw.sendall(line)
    assert server.poll() == []
    (reply,), (kept,) = answers(raw), server.take_turned_away()
    assert "no signed order" in reply.refused
    assert PIN not in f"{reply} {kept}"


def test_a_signed_order_shows_its_pin_to_nobody():
    order = SignedOrder(3, 7, CommandType.ACKNOWLEDGE, "sue", PIN)
    assert PIN not in f"{order} {order!r}"


def test_a_role_that_a_kiosk_claims_is_not_read(server, raw):
    raw.sendall(b'{"type":"order","id":5,"session":7,"command":"acknowledge","role":"admin"}\n')
    assert server.poll() == [Order(5, 7, CommandType.ACKNOWLEDGE)]


def test_a_number_that_does_not_rise_is_refused(server, raw):
    raw.sendall(order(3) + order(3) + order(2) + order(4))
    assert [request.id for request in server.poll()] == [3, 4]
    assert [(reply.id, reply.refused) for reply in answers(raw)] == [
        (3, "number 3 came after 3; numbers must rise"),
        (2, "number 2 came after 3; numbers must rise"),
    ]


def test_what_is_turned_away_is_kept_once_for_the_record(server, raw):
    raw.sendall(order(3) + order(3) + b"nonsense\n")
    server.poll()
    twice, nonsense = server.take_turned_away()
    assert (twice.asked, twice.refused) == ("pause", "number 3 came after 3; numbers must rise")
    assert nonsense.asked == "line"
    assert "not understood" in nonsense.refused
    assert server.take_turned_away() == []


def test_a_flood_does_not_fill_the_record(server, raw):
    raw.sendall(b"nonsense\n" * 500)
    server.poll()
    kept = server.take_turned_away()
    assert len(kept) == MOST_KEPT + 1
    assert kept[-1].refused == "490 more were refused"


_CONNECT = """
import os, socket, sys
os.setuid(65534)
connected = socket.socket(socket.AF_UNIX)
connected.connect(sys.argv[1])
print(connected.makefile().read())
"""


@pytest.mark.process
@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_user_is_turned_away_whatever_the_rights_of_the_path(ring):
    folder = Path(tempfile.mkdtemp(prefix="tosca-test-"))
    path = folder / "control.sock"
    server = LinkServer(path, lambda: Hello(str(ring.path), 100, True, None))
    folder.chmod(0o755)
    path.chmod(0o666)
    command = [sys.executable, "-I", "-c", _CONNECT, str(path)]

    def turned_away():
        assert server.poll() == []
        assert not stranger.poll()
        return server.take_turned_away()

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stranger, closing(server):
        kept = until(turned_away, "another user is turned away")
        said, _ = stranger.communicate()
    shutil.rmtree(folder)
    assert "belongs to user 65534" in kept[0].refused
    assert "belongs to user 65534" in said
    assert server.connections == 0


def test_stop_is_taken_whatever_its_number(server, raw):
    raw.sendall(order(3) + order(3, "stop") + order(1, "stop"))
    assert [request.command for request in server.poll()] == ["pause", "stop", "stop"]


def test_a_line_in_pieces_is_one_request(server, raw):
    for byte in order(1):
        assert server.poll() == []
        raw.sendall(bytes([byte]))
    assert [request.id for request in server.poll()] == [1]


def test_the_end_of_file_is_seen_in_the_next_poll(server, connected):
    connected.close()
    assert server.poll() == []
    assert not server.connected


def test_what_was_said_before_the_end_of_file_still_counts(server, connected):
    connected.order(CommandType.STOP, None)
    connected.close()
    assert [request.command for request in server.poll()] == [CommandType.STOP]
    assert server.poll() == []
    assert not server.connected


def test_a_second_kiosk_is_refused_and_the_first_goes_on(server, connected, path):
    second = ControlLink(path)
    second.connect()
    server.poll()
    second.poll()
    second.poll()
    assert not second.connected
    assert second.problem == "another kiosk is connected"
    connected.alive()
    assert server.poll() == [Alive()]
    second.close()


def test_a_new_kiosk_is_taken_in_the_poll_that_sees_the_old_one_end(server, connected, path):
    connected.close()
    second = ControlLink(path)
    second.connect()
    server.poll()
    second.poll()
    assert second.connected
    assert server.connections == 2
    second.order(CommandType.PAUSE, None)
    assert [request.id for request in server.poll()] == [1]
    second.close()


def test_a_line_without_end_is_cut_off(server, raw):
    raw.settimeout(0.0)
    sent = 0
    for _ in range(10_000):
        if not server.connected or sent >= 2 * MAX_LINE_BYTES:
            break
        try:
            sent += raw.send(b"x" * 65536)
        except BlockingIOError:
            pass
        except OSError:
            break
        server.poll()
    assert not server.connected
    assert sent <= MAX_LINE_BYTES + 2 * 65536 + 300_000


def test_a_kiosk_that_does_not_read_is_dropped_and_control_never_waits(server, connected):
    notice = Reply(1, "x" * 1000)
    for _ in range(3 * MAX_UNSENT_BYTES // 1000):
        server.send(notice)
    server.poll()
    assert not server.connected


def test_a_frozen_control_makes_nobody_wait_and_the_kiosk_drops_it(server, connected):
    for _ in range(200_000):
        if not connected.connected:
            break
        connected.order(CommandType.PAUSE, None, reason="x" * 1000)
        connected.poll()
    assert not connected.connected
    assert connected.problem == "the other side does not read"


def test_when_control_ends_the_link_and_its_values_are_gone(server, ring, connected):
    ring.publish(msgspec.msgpack.encode(telemetry(1)))
    assert connected.latest() is not None
    server.close()
    connected.poll()
    assert not connected.connected
    assert connected.latest() is None
    assert connected.problem == "the other side closed the connection"


def test_a_left_over_socket_of_a_dead_control_is_replaced(path, ring, link):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    server = LinkServer(path, lambda: Hello(str(ring.path), 100, True, None))
    assert link.connect()
    server.close()


def test_two_controls_do_not_share_a_path(server, path):
    with pytest.raises(OSError, match="another control answers"):
        LinkServer(path, lambda: Hello("", 100, True, None))


def test_a_hello_whose_ring_is_gone_is_no_link(path, link, tmp_path):
    server = LinkServer(path, lambda: Hello(str(tmp_path / "gone"), 100, True, None))
    link.connect()
    server.poll()
    link.poll()
    assert not link.connected
    assert "no telemetry ring" in link.problem
    server.close()
