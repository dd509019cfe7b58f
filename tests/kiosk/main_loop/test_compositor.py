"""A compositor that no longer answers is found by asking it, in the bytes of Wayland's own paper."""

from __future__ import annotations

import socket
import struct

import pytest

from tosca_kiosk.kiosk.main_loop.compositor import ASK_EVERY_S, SILENT_AFTER_S, Compositor

SYNC = struct.pack("=IHHI", 1, 0, 12, 2)
DONE = struct.pack("=IHHI", 2, 0, 12, 77) + struct.pack("=IHHI", 1, 1, 12, 2)


@pytest.fixture
def listening(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(tmp_path / "wayland-7"))
        made.listen(1)
        yield made


@pytest.fixture
def compositor(listening, tmp_path):
    made = Compositor({"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)})
    yield made
    made.close()


@pytest.fixture
def server(listening, compositor):
    connected, _ = listening.accept()
    with connected:
        connected.settimeout(20.0)
        yield connected


def test_it_is_asked_again_after_each_answer_and_never_twice_at_once(compositor, server):
    for turn in range(50):
        now_s = turn * 1.25 * ASK_EVERY_S
        assert compositor.answers(now_s)
        assert server.recv(100) == SYNC
        assert compositor.answers(now_s + 0.01)
        server.sendall(DONE[:5])
        assert compositor.answers(now_s + 0.02)
        server.sendall(DONE[5:])
        assert compositor.answers(now_s + 0.03)
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(100)


def test_a_question_that_waits_too_long_is_silence_and_an_answer_ends_it(compositor, server):
    assert compositor.answers(100.0)
    assert compositor.answers(100.0 + SILENT_AFTER_S)
    assert not compositor.answers(100.01 + SILENT_AFTER_S)
    server.sendall(DONE)
    assert compositor.answers(100.02 + SILENT_AFTER_S)


def test_a_pause_of_the_screen_itself_is_no_silence_of_the_compositor(compositor, server):
    assert compositor.answers(100.0)
    server.sendall(DONE)
    assert compositor.answers(200.0)
    server.sendall(DONE)
    assert compositor.answers(200.05)
    assert compositor.answers(300.0)


def test_one_that_has_gone_is_silent(compositor, server):
    server.close()
    assert compositor.answers(100.0)
    assert not compositor.answers(100.01 + SILENT_AFTER_S)


@pytest.mark.parametrize("environment", [{}, {"WAYLAND_DISPLAY": "/none/such"}], ids=["none", "gone"])
def test_where_there_is_none_nobody_is_asked(environment):
    compositor = Compositor(environment)
    assert compositor.answers(0.0)
    assert compositor.answers(1000.0)
    compositor.close()
