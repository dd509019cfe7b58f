"""A cart whose laser and TEC are one box: one port, one adapter, one line, whatever a scenario calls it."""

import contextlib

import pytest
import serial

from simulators.cart import COMBO_PORT, SimulatedCart, install, uninstall
from simulators.servers import PtyCart, TcpAddress
from simulators.servers.by_id import usb_names
from simulators.settable import SETTABLE, set_value
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_models import COMBO_MODELS
from simulators.wire.arroyo_tec import TecOptions
from simulators.world import World

COMBO = LaserOptions(model="6310", serial="SIM-COMBO")
STEP_S = 0.001


@pytest.fixture
def cart():
    cart = SimulatedCart(World(7), laser=COMBO)
    cart.world.advance(0.5)
    return cart


class Clock:
    now_s = 1.0

    def __call__(self):
        return self.now_s

    def asked(self, port, text):
        port.read(10_000)
        port.write(text)
        self.now_s += 0.1
        return port.read(10_000)


@pytest.mark.parametrize("model", COMBO_MODELS)
def test_laser_and_tec_answer_on_one_port_of_its_name(model):
    cart, clock = SimulatedCart(World(7), laser=LaserOptions(model=model, serial="C1")), Clock()
    assert list(cart.lines) == [COMBO_PORT, "stage", "board"]
    install(cart, clock)
    try:
        with serial.serial_for_url("sim://combo", 38400) as port:
            assert clock.asked(port, b"*IDN?\n") == b"Arroyo %b C1 1.0-sim 0\r\n" % model.encode()
            assert clock.asked(port, b"LAS:OUT?;TEC:SET:T?\n") == b"0,25.00\r\n"
            with pytest.raises(serial.SerialException, match="busy"):
                serial.serial_for_url("sim://combo", 38400)
        for other in ("laser", "tec"):
            with pytest.raises(serial.SerialException, match="installed: sim://combo, sim://stage"):
                serial.serial_for_url(f"sim://{other}")
    finally:
        uninstall()
    with pytest.raises(serial.SerialException, match="not installed"):
        serial.serial_for_url("sim://combo")


def test_separate_boxes_have_no_such_port():
    cart = SimulatedCart(World(7))
    assert not cart.is_combo
    assert list(cart.lines) == ["laser", "tec", "stage", "board"]


def test_both_sections_name_one_model_and_serial_number():
    same = TecOptions(model="6310", serial="SIM-COMBO", setpoint_c=20.0)
    cart = SimulatedCart(World(7), laser=COMBO, tec=same)
    assert (cart.tec.model, cart.tec.serial_number) == (cart.laser.model, cart.laser.serial_number)
    with pytest.raises(ValueError, match="one model and serial number"):
        SimulatedCart(World(7), laser=COMBO, tec=TecOptions(model="5305", serial="SIM-COMBO"))


@pytest.mark.parametrize("device", ["laser", "tec"])
def test_what_happens_to_the_line_of_one_half_happens_to_the_others(cart, device):
    line = cart.lines[COMBO_PORT]
    line.attach()
    set_value(cart, f"{device}.wire.drop", 0.5)
    assert line.faults is cart.line_faults["laser"] is cart.line_faults["tec"]
    set_value(cart, f"{device}.wire.drop", 0.0)
    assert line.faults is None
    set_value(cart, f"{device}.wire.mute", True)
    set_value(cart, f"{device}.wire.baud", 9600)
    set_value(cart, f"{device}.unplugged", True)
    assert (line.mute, line.baud, line.unplugged) == (True, 9600, True)


@pytest.mark.parametrize("path", [path for path in SETTABLE if path.startswith(("laser.", "tec."))])
def test_every_path_of_laser_and_tec_can_be_set(cart, path):
    values = [
        value for value in (True, 1, 0.5, 20, 9600, "open", "says_on", "NAN", "TERM") if takes(path, value)
    ]
    assert values
    set_value(cart, path, values[0])
    cart.world.advance(2.0)


def takes(path, value):
    return SETTABLE[path].accepts(value)


def test_its_adapter_is_one_with_one_link(cart, tmp_path):
    with PtyCart(cart, links_dir=tmp_path) as served:
        assert set(served.paths) == {COMBO_PORT, "stage", "board"}
        names = [link.name for link in tmp_path.iterdir()]
        assert "usb-Arroyo_Instruments_6310_ComboSource_SIM-COMBO-if00" in names
        assert len(names) == len(usb_names(cart)) == 3
        served.unplug(COMBO_PORT)
        assert COMBO_PORT not in served.paths
        served.replug(COMBO_PORT)
        with serial.Serial(str(served.link(COMBO_PORT)), 38400, timeout=0) as port:
            assert answer_of(served, port, b"SN?\n") == b"SIM-COMBO\r\n"


def test_it_is_served_on_tcp_under_its_ports_name(cart):
    with PtyCart(cart, tcp={COMBO_PORT: TcpAddress("127.0.0.1", 0)}) as served:
        url = served.paths[COMBO_PORT]
        with contextlib.closing(serial.serial_for_url(url, timeout=0)) as port:
            assert answer_of(served, port, b"TEC:OUT?;LAS:OUT?\n") == b"0,0\r\n"


def answer_of(served, port, text):
    now_s = served.cart.world.kernel.now_s
    served.pump(now_s)
    port.write(text)
    heard = b""
    for _ in range(200):
        now_s += STEP_S
        served.pump(now_s)
        if served.paths[COMBO_PORT].startswith("/"):
            served.settle()
        heard += port.read(100)
    return heard
