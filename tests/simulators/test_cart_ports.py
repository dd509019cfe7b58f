"""The simulated cart behind sim:// is reached through pyserial like any other port."""

import pytest
import serial

from simulators.cart import SimulatedCart, install, uninstall
from simulators.wire.board_lines import frame
from simulators.world import World

BAUDS = {"laser": 38400, "tec": 38400, "stage": 115200, "board": 115200}


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cart(clock):
    cart = SimulatedCart(World(7))
    install(cart, clock)
    yield cart
    uninstall()


def opened(name, **settings):
    return serial.serial_for_url(f"sim://{name}", **({"baudrate": BAUDS[name], "timeout": 0} | settings))


def asked(port, clock, line, seconds=0.06):
    port.write(line)
    clock.now_s += seconds
    return port.read(port.in_waiting)


@pytest.mark.parametrize(
    ("name", "model", "serial_number"), [("laser", b"4320", b"SIM-LASER"), ("tec", b"5305", b"SIM-TEC")]
)
def test_the_arroyos_name_themselves_with_impossible_serials(cart, clock, name, model, serial_number):
    with opened(name) as port:
        assert asked(port, clock, b"*IDN?\n").split()[:3] == [b"Arroyo", model, serial_number]


def test_the_stage_has_serial_minus_one(cart, clock):
    with opened("stage") as port:
        asked(port, clock, b"INFO=0\n", 0.2)
        assert asked(port, clock, b"SRNO=?\n") == b"SRNO=-00000001\n"


def test_the_board_streams_unasked(cart, clock):
    with opened("board") as port:
        clock.now_s += 0.1
        assert port.read(1000).count(b"$ST,") >= 8


def test_reading_and_writing_let_the_world_come_to_the_clocks_now(cart, clock):
    with opened("laser") as port:
        clock.now_s = 1.5
        assert port.in_waiting == 0
        assert cart.world.kernel.now_s == 1.5


def test_a_read_never_waits(cart):
    with opened("laser", timeout=5) as port:
        assert port.read(10) == b""


def test_a_port_that_is_not_installed_says_what_is(cart):
    with pytest.raises(serial.SerialException, match=r"sim://camera.*not installed.*sim://laser"):
        serial.serial_for_url("sim://camera")


def test_a_port_open_elsewhere_is_busy(cart):
    with opened("laser"), pytest.raises(serial.SerialException, match="busy"):
        opened("laser")
    opened("laser").close()


def test_two_carts_cannot_share_the_names(cart, clock):
    with pytest.raises(ValueError, match="already installed"):
        install(SimulatedCart(World(8)), clock)


def test_an_uninstalled_cart_fails_as_if_unplugged(cart, clock):
    with opened("laser") as port:
        uninstall()
        for use in (lambda: port.in_waiting, lambda: port.read(1), lambda: port.write(b"x")):
            with pytest.raises(serial.SerialException, match="disconnected"):
                use()
    with pytest.raises(serial.SerialException, match="not installed"):
        opened("laser")


def test_an_unplugged_device_fails_its_open_port_for_good_and_opens_again_when_replugged(cart, clock):
    with opened("board") as port:
        cart.board.line.unplugged = True
        for use in (lambda: port.in_waiting, lambda: port.read(1), lambda: port.write(b"x")):
            with pytest.raises(serial.SerialException, match="disconnected"):
                use()
        with pytest.raises(serial.SerialException, match="unplugged"):
            opened("board")
        cart.board.line.unplugged = False
        with opened("board") as second:
            with pytest.raises(serial.SerialException, match="disconnected"):
                port.read(1)
            port.close()
            clock.now_s += 0.1
            assert b"$ST," in second.read(1000)


def test_what_was_on_its_way_when_the_cable_came_out_is_lost(cart, clock):
    with opened("laser") as port:
        port.write(b"LAS:LDI 100\nLAS:LDI 2")
        cart.laser.line.unplugged = True
    clock.now_s += 0.1
    cart.world.advance(clock.now_s)
    cart.laser.line.unplugged = False
    with opened("laser") as port:
        assert asked(port, clock, b"LAS:SET:LDI?\n") == b"0\r\n"


def test_a_closed_port_refuses_use(cart):
    port = opened("laser")
    port.close()
    with pytest.raises(serial.SerialException):
        port.read(1)


def test_a_wrong_baud_is_garbage_until_it_is_put_right(cart, clock):
    with opened("laser", baudrate=9600) as port:
        assert b"Arroyo" not in asked(port, clock, b"*IDN?\n*IDN?\n", 0.5)
        port.baudrate = 38400
        asked(port, clock, b"\n", 0.5)
        assert b"Arroyo" in asked(port, clock, b"*IDN?\n", 0.5)


def test_the_stage_follows_the_hosts_baud(cart, clock):
    with opened("stage", baudrate=9600) as port:
        clock.now_s += 1.0
        assert b"STAT=+0000" in port.read(5000)


def test_buffers_can_be_emptied_and_lines_toggled(cart, clock):
    with opened("board") as port:
        clock.now_s += 0.1
        port.reset_input_buffer()
        port.reset_output_buffer()
        port.flush()
        port.dtr = port.rts = False
        assert port.in_waiting == 0


def test_the_laser_fires_through_the_gate_alone(clock):
    """The whole chain: heartbeats and pedal close the gate, whose contact is the laser's interlock loop."""
    cart = SimulatedCart(World(3, warm=True))
    install(cart, clock)
    try:
        with opened("laser") as laser, opened("board") as board:
            fire(cart, clock, laser, board)
    finally:
        uninstall()


def fire(cart, clock, laser, board):
    def beat(seconds, want):
        for _ in range(round(seconds / 0.05)):
            board.write(frame(f"HB,1,{want}"))
            clock.now_s += 0.05
            board.read(5000)

    asked(laser, clock, b"ONDELAY 0\n")
    asked(laser, clock, b"LAS:LDI 3000\n")
    assert asked(laser, clock, b"LAS:OUT 1;ERR?\n") == b"501\r\n"
    board.write(frame("MO,2,127"))
    beat(1.0, 1)
    cart.world.pedal.press()
    beat(0.2, 1)
    assert asked(laser, clock, b"LAS:OUT 1;ERR?\n") == b"0\r\n"
    beat(0.5, 1)
    assert cart.world.true_power_w() > 1.0
    released_s = clock.now_s
    cart.world.pedal.release()
    clock.now_s += 0.02
    board.read(1)
    assert cart.world.true_power_w() == pytest.approx(0.0, abs=1e-3)
    assert cart.world.kernel.now_s - released_s < 0.021
    assert asked(laser, clock, b"LAS:OUT?;:ERR?\n") == b"0,501\r\n"
