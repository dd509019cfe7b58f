"""The commands that every Arroyo controller has, whatever it controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.wire.arroyo_device import ArroyoDevice
from simulators.wire.arroyo_forms import RADIX_FORMS, TERMINATORS
from simulators.wire.arroyo_syntax import Command, number, truth, whole, word


def _set_form(name: str) -> Callable[[ArroyoDevice, Any], None]:
    return lambda device, value: setattr(device.form, name, value)


_Device = ArroyoDevice
_place = whole(0, 10)

COMMON_COMMANDS = (
    Command("*IDN", answer=_Device.identity),
    Command("*RST", _Device._reset, (truth,), fewest=0),
    Command("*CLS", _Device._clear_status),
    Command("*OPC", answer=lambda device: "1"),  # commands run one after another, so all before it are done
    Command("*STB", answer=_Device._status_byte),
    Command("*SAV", _Device._save, (whole(1, 10),)),
    Command("*RCL", _Device._recall, (_place,)),
    Command("LOCAL", lambda device: None),
    Command("BEEP", lambda device, length: None, (number,)),
    Command("TIME", answer=_Device._time_on),
    Command("VER", answer=lambda device: device._options.firmware),
    Command("SN", answer=lambda device: device._options.serial),
    Command("ERR", answer=lambda device: device.errors.take_codes()),
    Command("ERRSTR", answer=lambda device: device.errors.take_texts()),
    Command(
        "TERM",
        _set_form("terminal_mode"),
        (whole(0, len(TERMINATORS) - 1),),
        lambda device: str(device.form.terminal_mode),
    ),
    Command("TERMINAL", _set_form("echo"), (truth,), lambda device: str(int(device.form.echo))),
    Command("RADIX", _set_form("radix"), (word(*RADIX_FORMS),), lambda device: device.form.radix),
    Command("HEXFLOAT", _set_form("hexfloat"), (truth,), lambda device: str(int(device.form.hexfloat))),
)
