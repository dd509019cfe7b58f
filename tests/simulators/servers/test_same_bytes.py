"""A device says the same bytes at the same instants whichever port it stands behind."""

import os
import socket

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.cart import SimulatedCart, install, uninstall
from simulators.servers import PtyCart, TcpAddress
from simulators.world import World

SPEEDS = {"laser": 38400, "tec": 38400, "stage": 115200, "board": 115200}
LINES = {
    "laser": [
        b"*IDN?\r\n",
        b"LAS:LDI 300;LDI?\n",
        b"LAS:COND?\r",
        b"ERRSTR?\n",
        b"NONSENSE\n",
        b"LAS:",
        b"OUT?\n",
    ],
    "tec": [b"TEC:T?\r\n", b"TEC:OUT 1\n", b"TEC:COND?\n", b"TEC:T 30\n", b"\xff\x00\n"],
    "stage": [b"SRNO=?\n", b"INFO=4\n", b"INDX=0\n", b"DPOS=100\n", b"QQQQ=7\n"],
    "board": [b"$ID,1*0000\n", b"$HB,2,0*6A2C\n", b"$", b"\n"],
}


def told_behind_sim(key, dialogue):
    cart, now_s = SimulatedCart(World(3)), 0.0
    install(cart, lambda: now_s)
    told = []
    try:
        with serial.serial_for_url(f"sim://{key}", baudrate=SPEEDS[key], timeout=0) as port:
            for line, pause_s in dialogue:
                port.write(line)
                now_s += pause_s
                told.append(port.read(100_000))
    finally:
        uninstall()
    return told


def told_behind_terminal(key, dialogue):
    with PtyCart(SimulatedCart(World(3))) as served:
        client = os.open(served.paths[key], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return told_to(
                served, dialogue, lambda line: os.write(client, line), lambda: os.read(client, 100_000)
            )
        finally:
            os.close(client)


def told_behind_tcp(key, dialogue):
    with PtyCart(SimulatedCart(World(3)), tcp={key: TcpAddress("127.0.0.1", 0)}) as served:
        address = served.paths[key].removeprefix("socket://").split(":")
        with socket.create_connection(address) as client:
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return told_to(served, dialogue, client.sendall, lambda: client.recv(100_000))


def told_to(served, dialogue, write, read):
    told, now_s = [], 0.0
    served.pump(now_s)
    for line, pause_s in dialogue:
        write(line)
        served.pump(now_s)
        now_s += pause_s
        served.pump(now_s)
        served.settle()
        try:
            told.append(read())
        except BlockingIOError:
            told.append(b"")
    return told


@pytest.mark.parametrize("key", SPEEDS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_the_same_dialogue_is_answered_alike_behind_every_port(key, data):
    turn = st.tuples(st.sampled_from(LINES[key]), st.floats(0.001, 0.2))
    dialogue = data.draw(st.lists(turn, min_size=1, max_size=8))
    expected = told_behind_sim(key, dialogue)
    assert told_behind_terminal(key, dialogue) == expected
    assert told_behind_tcp(key, dialogue) == expected


@pytest.mark.parametrize("key", SPEEDS)
def test_every_device_says_something_in_these_dialogues(key):
    assert any(told_behind_sim(key, [(line, 0.2) for line in LINES[key]]))
