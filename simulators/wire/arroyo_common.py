"""The commands that every Arroyo instrument has, whatever it controls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.wire.arroyo_box import ArroyoBox
from simulators.wire.arroyo_forms import RADIX_FORMS, TERMINATORS
from simulators.wire.arroyo_syntax import Command, number, truth, whole, word


def _set_form(name: str) -> Callable[[ArroyoBox, Any], None]:
    return lambda box, value: setattr(box.form, name, value)


_Box = ArroyoBox
_place = whole(0, 10)

COMMON_COMMANDS = (
    Command("*IDN", answer=_Box.identity),
    Command("*RST", _Box.reset, (truth,), fewest=0),
    Command("*CLS", _Box.clear_status),
    Command("*OPC", answer=lambda box: "1"),  # commands run one after another, so all before it are done
    Command("*STB", answer=_Box.status_byte),
    Command("*SAV", _Box.save, (whole(1, 10),)),
    Command("*RCL", _Box.recall, (_place,)),
    Command("LOCAL", lambda box: None),
    Command("BEEP", lambda box, length: None, (number,)),
    Command("TIME", answer=_Box.time_on),
    Command("VER", answer=lambda box: box.firmware),
    Command("SN", answer=lambda box: box.serial_number),
    Command("ERR", answer=lambda box: box.errors.take_codes()),
    Command("ERRSTR", answer=lambda box: box.errors.take_texts()),
    Command(
        "TERM",
        _set_form("terminal_mode"),
        (whole(0, len(TERMINATORS) - 1),),
        lambda box: str(box.form.terminal_mode),
    ),
    Command("TERMINAL", _set_form("echo"), (truth,), lambda box: str(int(box.form.echo))),
    Command("RADIX", _set_form("radix"), (word(*RADIX_FORMS),), lambda box: box.form.radix),
    Command("HEXFLOAT", _set_form("hexfloat"), (truth,), lambda box: str(int(box.form.hexfloat))),
)
