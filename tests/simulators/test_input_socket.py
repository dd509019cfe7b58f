"""The simulated world's input socket: what the table allows changes the world, anything else only counts."""

import json
import socket

import pytest

from simulators.cart import SimulatedCart
from simulators.input_socket import input_socket
from simulators.world import World

LOOKED_S = 0.02


@pytest.fixture
def cart():
    return SimulatedCart(World(seed=1, warm=True))


@pytest.fixture
def world(cart):
    return cart.world


@pytest.fixture
def path(tmp_path):
    return tmp_path / "world.sock"


@pytest.fixture
def send(cart, path, tmp_path):
    """Send a datagram, let the world run on, and return its answer; None where there is none."""
    world = cart.world
    with input_socket(cart, path), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker:
        asker.bind(str(tmp_path / "asker.sock"))
        asker.setblocking(False)

        def send_to_world(*datagrams):
            for datagram in datagrams:
                asker.sendto(datagram, str(path))
            world.advance(world.kernel.now_s + LOOKED_S)
            try:
                return json.loads(asker.recv(4096))
            except BlockingIOError:
                return None

        yield send_to_world


def refused(send):
    return send(b'{"ask": []}')["refused"]


def test_inputs_change_the_world(send, world):
    assert send(b'{"pedal.pressed": true}', b'{"stop_loop.closed": false, "tec.ambient_c": 30}') is None
    assert world.pedal_no.closed
    assert not world.stop_loop.closed
    assert world.tec.ambient_c == 30
    assert refused(send) == 0


def test_the_judge_learns_what_no_device_says(send, world):
    answer = send(b'{"ask": ["true_power_w", "true_energy_j"]}')
    assert answer["true_power_w"] == world.true_power_w() == 0.0
    assert answer["true_energy_j"] == 0.0
    assert answer["now_s"] == pytest.approx(world.kernel.now_s, abs=LOOKED_S)


def test_the_judge_learns_what_the_devices_truly_are(send, world):
    assert send(b'{"diode.ageing": 0.1}') is None
    told = send(b'{"ask": ["true_constants"]}')["true_constants"]
    assert told["diode.slope_25_w_per_a"] == pytest.approx(0.9 * 1.05)
    assert told == world.true_constants()


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xff",
        b"[1]",
        b"3",
        b'{"pedal.unknown": true}',
        b'{"pedal.pressed": 1}',
        b'{"tec.ambient_c": NaN}',
        b'{"ask": ["seed"]}',
        b'{"ask": 3}',
        b'{"ask": [[]]}',
        b'{"ask": {"true_power_w": 1}, "pedal.pressed": true}',
        b"[" * 4000,
    ],
)
def test_anything_else_changes_nothing_and_is_counted(send, world, datagram):
    answer = send(datagram)
    assert not world.pedal_no.closed
    assert refused(send) == (0 if answer else 1)


def test_a_devices_faults_are_reached_as_well(send, cart):
    send(b'{"laser.wire.drop": 0.5, "board.firmware.lying_flags": 4}')
    assert cart.laser.line.faults.drop == 0.5
    assert cart.board.lying_flags == 4


def test_a_datagram_is_taken_whole_or_not_at_all(send, world):
    send(b'{"pedal.pressed": true, "tec.ambient_c": 1000}')
    assert not world.pedal_no.closed
    assert refused(send) == 1


def test_who_has_no_socket_of_its_own_gets_no_answer(send, path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
        nameless.sendto(b'{"ask": []}', str(path))
        assert refused(send) == 0


def test_afterwards_the_world_looks_no_more(cart, path):
    world = cart.world
    with input_socket(cart, path):
        world.advance(1.0)
    assert not path.exists()
    world.advance(2.0)
