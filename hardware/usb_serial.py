"""Where a USB device is now, by its serial number: its port may have another name after every plugging in.

A port is named usb://SERIAL, or usb://SERIAL?by-id=/DIRECTORY where a folder of links other than the
system's is to be looked at. udev names such links usb-MAKER_MODEL_SERIAL-if00, or ...-if00-port0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

SCHEME = "usb://"
SYSTEM_LINKS = Path("/dev/serial/by-id")
URL_PATTERN = rf"{SCHEME}([^\s/?#]+)(?:\?by-id=(/\S+))?"
_URL = re.compile(URL_PATTERN).fullmatch
_LINK = re.compile(r"usb-(.+)-if\d\d(?:-port\d+)?").fullmatch
_REPLACED = re.compile(r"[^0-9A-Za-z#+\-.:=@_]")
"""udev writes an underscore for every other character."""


class UsbAddress(NamedTuple):
    """A USB serial number. directory: the only place to look, None for the system's."""

    serial_number: str
    directory: Path | None = None


Finder = Callable[[UsbAddress], Sequence[str]]
"""Returns the paths of the ports that have this address now, usually one or none."""


def usb_address(url: str) -> UsbAddress | None:
    """Return what a usb:// URL names, None when it is no such URL."""
    found = _URL(url)
    if found is None:
        return None
    serial_number, directory = found.groups()
    return UsbAddress(serial_number, None if directory is None else Path(directory))


def linked_ports(address: UsbAddress) -> list[str]:
    """Return the ports that links of this serial number lead to; nothing where there is no such folder."""
    written = _REPLACED.sub("_", address.serial_number)
    try:
        links = sorted((address.directory or SYSTEM_LINKS).iterdir())
    except OSError:
        return []
    fitting = [link for link in links if (found := _LINK(link.name)) and _ends_in(found[1], written)]
    return sorted({str(link.resolve()) for link in fitting if link.exists()})


def _ends_in(name: str, serial_number: str) -> bool:
    return name == serial_number or name.endswith(f"_{serial_number}")
