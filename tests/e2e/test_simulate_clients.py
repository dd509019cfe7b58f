"""Programs that know nothing of us talk to the simulated devices through the operating system's ports."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
import pyvisa
import serial

from benchmarks.rigs.cart_configs import real_config_file
from hardware.interfaces import LinkState, Origin
from tests.e2e.simulate_bench import simulating, tell
from tosca_kiosk.config import load_config
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.running.cart import connected_devices

pytestmark = pytest.mark.process

ANSWER_WITHIN_S = 5.0
READY_WITHIN_S = 30.0
POLL_S = 0.01


@pytest.fixture(scope="module")
def ports():
    with simulating("--tcp", "tec=0") as ports:
        yield ports


@pytest.fixture
def visa(ports):
    """The laser as an instrument of pyvisa-py."""
    manager = pyvisa.ResourceManager("@py")
    laser = manager.open_resource(
        f"ASRL{ports['laser']}::INSTR",
        baud_rate=38400,
        read_termination="\r\n",
        write_termination="\r\n",
        timeout=1000 * ANSWER_WITHIN_S,
    )
    yield laser
    laser.close()
    manager.close()


def test_pyvisa_identifies_and_sets_the_laser(visa):
    assert visa.query("*IDN?").split()[:3] == ["Arroyo", "4320", "SIM-LASER"]
    visa.write("LASer:LDI 125")
    assert float(visa.query("LAS:SET:LDI?")) == 125
    assert visa.query_ascii_values("LAS:LIM:LDI?") == [20000.0]
    visa.write("LAS:LDI 99999")
    assert visa.query("ERRSTR?") == '201,"Out of range"'
    assert visa.query("ERR?") == "0"


def test_pyvisa_puts_settings_that_this_line_does_not_have(visa):
    """Flow control, parity and break belong to every serial client's start; none of them is an error here."""
    visa.flow_control = pyvisa.constants.ControlFlow.rts_cts
    visa.parity = pyvisa.constants.Parity.none
    visa.stop_bits = pyvisa.constants.StopBits.one
    visa.data_bits = 8
    assert visa.query("SN?") == "SIM-LASER"


def test_pyvisa_at_a_wrong_speed_never_reads_the_answer(visa):
    visa.baud_rate = 9600
    visa.timeout = 300
    visa.write("*IDN?")
    try:
        heard = visa.read_raw()
    except pyvisa.errors.VisaIOError:
        heard = b""
    assert b"Arroyo" not in heard
    visa.baud_rate = 38400
    visa.timeout = 1000 * ANSWER_WITHIN_S
    visa.write("")
    visa.flush(pyvisa.constants.BufferOperation.discard_read_buffer)
    visa.write("*CLS")
    assert "Arroyo" in visa.query("*IDN?")


def test_pyvisa_reaches_a_device_on_tcp(ports):
    host, port = ports["tec"].removeprefix("socket://").split(":")
    manager = pyvisa.ResourceManager("@py")
    try:
        tec = manager.open_resource(
            f"TCPIP::{host}::{port}::SOCKET",
            read_termination="\r\n",
            write_termination="\r\n",
            timeout=1000 * ANSWER_WITHIN_S,
        )
        assert "SIM-TEC" in tec.query("*IDN?")
        tec.close()
    finally:
        manager.close()


def test_miniterm_shows_what_the_laser_answers(ports):
    screen, terminal = pty.openpty()
    try:
        command = [sys.executable, "-m", "serial.tools.miniterm", "--eol", "LF", ports["laser"], "38400"]
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as miniterm:
            try:
                shown_until(screen, b"Quit: Ctrl+]")
                os.write(screen, b"*IDN?\n")
                shown_until(screen, b"Arroyo 4320 SIM-LASER")
                os.write(screen, b"\x1d")
                shown_until(screen, b"--- exit ---")
                assert miniterm.wait(ANSWER_WITHIN_S) == 0
            finally:
                miniterm.kill()
    finally:
        os.close(screen)
        os.close(terminal)


def shown_until(screen, wanted):
    shown = b""
    while wanted not in shown:
        assert select.select([screen], [], [], ANSWER_WITHIN_S)[0], f"only {shown!r} was shown"
        shown += os.read(screen, 4096)


def test_pyserial_reaches_a_device_on_tcp(ports):
    with serial.serial_for_url(ports["tec"], timeout=ANSWER_WITHIN_S) as tec:
        tec.write(b"*IDN?\r\n")
        assert tec.read_until(b"\r\n").split()[:3] == [b"Arroyo", b"5305", b"SIM-TEC"]


def test_the_board_streams_to_who_opens_its_port_late(ports):
    with serial.Serial(ports["board"], 115200, timeout=ANSWER_WITHIN_S) as board:
        board.read_until(b"\n")
        numbers = [int(board.read_until(b"\n").split(b",")[1]) for _ in range(5)]
        assert [number - numbers[0] for number in numbers] == list(range(5))


def test_the_stage_takes_a_third_party_clients_settings_silently(ports):
    """Such a client sends its whole settings file at start, known and unknown tags, on one axis."""
    known = (b"LLIM=-90000", b"HLIM=90000", b"SSPD=1000", b"ISPD=500", b"PTOL=2", b"ELIM=200", b"POLI=97")
    unknown = tuple(b"%c%c%c%c=%d" % (65 + n // 10, 81, 65 + n % 10, 48 + n % 8, n) for n in range(58))
    with serial.Serial(ports["stage"], 115200, timeout=ANSWER_WITHIN_S) as stage:
        stage.write(b"".join(b"X:" + setting + b"\n" for setting in known + unknown))
        stage.write(b"SRNO=?\nSSPD=?\n")
        heard = stage.read_until(b"SSPD=+00001000\n")
        assert heard.endswith(b"SSPD=+00001000\n")
        assert b"SRNO=-00000001\n" in heard
        tags = {line[:4] for line in heard.split(b"\n") if line}
        assert not tags & {setting[:4] for setting in unknown}


def test_the_carts_drivers_become_ready_and_find_replugged_devices_by_their_links(tmp_path):
    links, world = tmp_path / "by-id", tmp_path / "world.sock"
    with simulating("--links", links, "--input-socket", world) as ports:
        by_target = {str(link.readlink()): str(link) for link in links.iterdir()}
        config = load_config(
            real_config_file({key: by_target[path] for key, path in ports.items()}, tmp_path)
        )
        clock = RealClock()
        with connected_devices(config, clock) as devices:

            def polled_until(condition):
                deadline_s = clock.now_s() + READY_WITHIN_S
                while not condition():
                    assert clock.now_s() < deadline_s, [device.problem for device in devices]
                    clock.sleep_until(clock.now_s() + POLL_S)
                    devices.poll(clock.now_s())

            polled_until(lambda: all(device.link is LinkState.READY for device in devices))
            assert devices.laser.identity.serial_number == "SIM-LASER"
            assert all(device.origin is Origin.REAL for device in devices)
            tell(world, **{f"{key}__unplugged": True for key in ports})
            polled_until(lambda: all(device.link is LinkState.LOST for device in devices))
            assert all("is gone" in device.problem for device in devices)
            tell(world, **{f"{key}__unplugged": False for key in ports})
            polled_until(lambda: all(device.link is LinkState.READY for device in devices))
            assert all(str(Path(link).readlink()) != path for path, link in by_target.items())
