"""`sim://` for pyserial: importing this package makes serial_for_url know it."""

import serial

# Eagerly, because serial_for_url hides an import error inside a handler behind "protocol not known".
from simulators.serial_port.protocol_sim import Serial, plug_in, unplug

if __name__ not in serial.protocol_handler_packages:
    serial.protocol_handler_packages.append(__name__)

__all__ = ["Serial", "plug_in", "unplug"]
