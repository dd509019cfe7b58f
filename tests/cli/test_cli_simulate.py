"""`tosca-kiosk simulate` prints where its devices are, and refuses in one line, with nothing opened."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.world import World
from tests.cli.kiosk_command import PROGRAM
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.stop_signals import END_SIGNALS

END_WITHIN_S = 10.0


@pytest.mark.process
@pytest.mark.parametrize("number", END_SIGNALS)
def test_it_prints_one_object_and_serves_until_interrupted(tmp_path, number):
    links, world = tmp_path / "by-id", tmp_path / "world.sock"
    command = [*PROGRAM, "simulate", "--seed", "3", "--links", str(links), "--input-socket", str(world)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            ports = json.loads(process.stdout.readline())
            assert list(ports) == ["laser", "tec", "stage", "board"]
            assert all(Path(path).is_char_device() for path in ports.values())
            assert sorted(str(link.readlink()) for link in links.iterdir()) == sorted(ports.values())
            assert world.is_socket()
            process.send_signal(number)
            assert process.communicate(timeout=END_WITHIN_S) == ("", "")
            assert process.returncode == 0
        finally:
            process.kill()
    assert not list(links.iterdir())
    assert not world.exists()


@pytest.mark.process
def test_of_a_drawn_world_it_says_what_is_true_and_answers_the_same(tmp_path):
    shipped = bundled("simulated.yaml").read_text(encoding="utf-8")
    config, world = tmp_path / "drawn.yaml", tmp_path / "world.sock"
    config.write_text(shipped.replace("true_constants: shipped", "true_constants: drawn"), encoding="utf-8")
    command = [*PROGRAM, "simulate", "--config", str(config), "--seed", "7", "--input-socket", str(world)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker,
    ):
        try:
            assert "laser" in json.loads(process.stdout.readline())
            asker.bind(str(tmp_path / "asker.sock"))
            asker.settimeout(END_WITHIN_S)
            asker.sendto(b'{"ask": ["true_constants"]}', str(world))
            told = json.loads(asker.recv(4096))["true_constants"]
            process.terminate()
            said = process.communicate(timeout=END_WITHIN_S)[1]
        finally:
            process.kill()
    true = World(7, drawn=True).true_constants()
    del told["motor.rest_mg"], true["motor.rest_mg"]  # it wanders
    assert told == true
    assert "drawn by seed 7" in said
    assert all(f"{name} " in said for name in true)


def test_a_bad_scenario_is_refused_before_anything_is_opened(new_cart, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "openpty", lambda: pytest.fail("a terminal was opened"))
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text("events: [{at: 1s, laser.mood: bad}]", encoding="utf-8")
    links = tmp_path / "by-id"
    text = new_cart.refused("simulate", "--scenario", str(scenario), "--links", str(links))
    assert "laser.mood" in text
    assert not links.exists()


def test_a_configuration_without_simulated_ports_is_refused(new_cart, tmp_path):
    real = tmp_path / "real.yaml"
    text = (Path(__file__).parents[2] / "configs/cart.yaml").read_text(encoding="utf-8")
    real.write_text(text, encoding="utf-8")
    assert "no port is sim://" in new_cart.refused("simulate", "--config", str(real))


def test_a_configuration_that_is_not_there_is_named(new_cart, tmp_path):
    assert "nowhere.yaml" in new_cart.refused("simulate", "--config", str(tmp_path / "nowhere.yaml"))


def test_a_tcp_port_that_is_taken_is_named(new_cart, tmp_path):
    links = tmp_path / "by-id"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        text = new_cart.refused("simulate", "--links", str(links), "--tcp", f"tec={port}")
    assert f"127.0.0.1 port {port}" in text
    assert not list(links.iterdir())


def test_a_folder_of_links_that_cannot_be_is_named(new_cart, tmp_path):
    (tmp_path / "file").touch()
    assert "file" in new_cart.refused("simulate", "--links", str(tmp_path / "file" / "by-id"))


def test_an_input_socket_that_cannot_be_is_named(new_cart, tmp_path):
    path = tmp_path / "missing" / "world.sock"
    assert str(path) in new_cart.refused("simulate", "--input-socket", str(path))


def test_a_file_in_the_place_of_the_input_socket_is_kept(new_cart, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    assert str(kept) in new_cart.refused("simulate", "--input-socket", str(kept))
    assert kept.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "tcp", ["camera=5001", "laser", "laser=", "laser=65536", "laser=-1", "5001", "laser=host:", "laser=²"]
)
def test_a_tcp_address_that_is_none_is_wrong_use(new_cart, tcp):
    result = new_cart.run("simulate", "--tcp", tcp)
    assert result.exit_code == 2
    assert "DEVICE=PORT" in result.stderr


def test_a_port_that_this_cart_does_not_have_is_named(new_cart):
    said = new_cart.refused("simulate", "--tcp", "combo=0")
    assert "--tcp combo: this cart has no such port; allowed: laser, tec, stage, board" in said


def test_a_device_has_one_tcp_port(new_cart):
    assert new_cart.run("simulate", "--tcp", "tec=0", "--tcp", "tec=0").exit_code == 2


@pytest.mark.process
def test_it_starts_without_screen_or_database():
    code = (
        "import sys, tosca_kiosk.cli.simulate; "
        "print([name for name in ('kivy', 'cv2') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
