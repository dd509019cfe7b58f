"""A device is found by its USB serial number under whatever name it was plugged in."""

import os
import select
import tty
from pathlib import Path

import pytest

from hardware import transport
from hardware.trace import WireTrace
from hardware.transport import PortError, SerialPort, usb_ports
from hardware.usb_serial import UsbAddress, linked_ports, usb_address


@pytest.fixture
def trace():
    return WireTrace(lambda: 0.0)


@pytest.fixture
def links(tmp_path):
    """A folder of links as udev makes them, to files that stand for ports."""

    def link(name, port):
        (tmp_path / port).touch()
        place = tmp_path / "by-id" / name
        place.parent.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(tmp_path / port)
        return str(tmp_path / port)

    link.directory = tmp_path / "by-id"
    return link


def found(links, serial_number):
    return linked_ports(UsbAddress(serial_number, links.directory))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("usb://A600", UsbAddress("A600")),
        ("usb://SIM-LASER?by-id=/tmp/by-id", UsbAddress("SIM-LASER", Path("/tmp/by-id"))),
        ("usb://", None),
        ("usb://A600?by-id=relative", None),
        ("usb://A600/x", None),
        ("/dev/ttyUSB0", None),
        ("sim://laser", None),
    ],
)
def test_a_usb_url_names_a_serial_number_and_perhaps_a_folder(url, address):
    assert usb_address(url) == address


@pytest.mark.parametrize(
    "name",
    [
        "usb-Arroyo_Instruments_4320_A600-if00",
        "usb-Arroyo_Instruments_4320_A600-if00-port0",
        "usb-A600-if00",
    ],
)
def test_a_link_of_udev_carries_the_serial_number_last(links, name):
    port = links(name, "ttyUSB3")
    assert found(links, "A600") == [port]
    assert found(links, "600") == found(links, "A60") == found(links, "4320") == []


def test_a_character_udev_does_not_write_is_an_underscore(links):
    port = links("usb-maker_model_A_6_00-if00", "ttyUSB3")
    assert found(links, "A/6 00") == [port]


@pytest.mark.parametrize("name", ["A600", "usb-x_A600", "pci-x_A600-if00", "usb-x_A600-if0"])
def test_what_is_no_link_of_udev_is_left_alone(links, name):
    links(name, "ttyUSB3")
    assert found(links, "A600") == []


def test_a_link_that_leads_nowhere_is_no_port(links, tmp_path):
    Path(links("usb-x_A600-if00", "ttyUSB3")).unlink()
    assert found(links, "A600") == []


def test_two_links_to_one_port_are_one_port_and_to_two_are_two(links):
    port = links("usb-x_A600-if00", "ttyUSB3")
    links("usb-x_A600-if00-port0", "ttyUSB3")
    assert found(links, "A600") == [port]
    second = links("usb-x_A600-if01", "ttyUSB4")
    assert found(links, "A600") == [port, second]


def test_without_a_folder_there_is_no_port(tmp_path):
    assert linked_ports(UsbAddress("A600", tmp_path / "none")) == []


class Listed:
    def __init__(self, device, serial_number):
        self.device = device
        self.serial_number = serial_number


def test_where_the_system_has_no_link_its_listing_of_ports_is_asked(monkeypatch, links):
    listed = [Listed("COM3", "A600"), Listed("COM4", None), Listed("COM5", "A601")]
    monkeypatch.setattr(transport, "comports", lambda: listed)
    assert usb_ports(UsbAddress("A600-not-linked-here")) == []
    assert usb_ports(UsbAddress("A600")) == ["COM3"]
    assert usb_ports(UsbAddress("A600", links.directory)) == []


class Terminals:
    """Pseudo-terminals, and where a device with a serial number is said to be."""

    def __init__(self):
        self.ends = []
        self.where = []

    def plug_in(self):
        end, slave = os.openpty()
        tty.setraw(slave)
        self.ends += [end, slave]
        self.where = [os.ttyname(slave)]
        return end

    def unplug(self):
        for end in self.ends:
            os.close(end)
        self.ends = []
        self.where = []

    def find(self, address):
        assert address == UsbAddress("A600")
        return self.where


@pytest.fixture
def terminals():
    terminals = Terminals()
    yield terminals
    terminals.unplug()


def test_a_device_is_opened_again_under_its_new_name(terminals, trace):
    port = SerialPort("usb://A600", 9600, trace, terminals.find)
    terminals.plug_in()
    port.open()
    first = terminals.where
    terminals.unplug()
    with pytest.raises(PortError, match=r"port usb://A600 is gone; check the cable"):
        port.read()
    with pytest.raises(PortError, match=r"port usb://A600: no USB device has serial number A600; check that"):
        port.open()
    blocker = os.openpty()  # takes the old name
    end = terminals.plug_in()
    assert terminals.where != first
    port.open()
    port.write(b"hello")
    select.select([end], [], [], 5)
    assert os.read(end, 100) == b"hello"
    assert any(f"opened {terminals.where[0]} at 9600 baud" in line for line in trace.lines())
    port.close()
    for fd in blocker:
        os.close(fd)


def test_two_devices_of_one_serial_number_are_refused_by_name(terminals, trace):
    terminals.where = ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    port = SerialPort("usb://A600", 9600, trace, terminals.find)
    with pytest.raises(PortError, match=r"A600 is that of /dev/ttyUSB0 and /dev/ttyUSB1; unplug one"):
        port.open()
    assert not port.is_open
