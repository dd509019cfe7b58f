"""Every instrument of the field that a driver must get along with: one table for each device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import TecOptions
from simulators.wire.board import BoardOptions
from simulators.wire.xeryon import StageOptions

Options = LaserOptions | TecOptions | StageOptions | BoardOptions


@dataclass(frozen=True, kw_only=True)
class Variant:
    """An instrument of the field.

    options: how it is built and what it was left in. by_hand: the bench plays it. settings: what the
    configuration says otherwise of it. lacks: commands that it does not know. said: what its driver has to
    say of it at the start. combo: laser and TEC are one box on one port, and the other half is at work too.
    """

    options: Options
    by_hand: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    combo: bool = False


_UNKNOWN: Final = "is not known to it (error 123 command path not found)"

_BOX: Final = {"model": "6310", "serial": "SIM-COMBO"}
_BOX_SETTINGS: Final = {"port": "sim://combo", "model": "6310", "serial_number": "SIM-COMBO"}

LASERS: Final = {
    "by hand": Variant(by_hand=True, options=LaserOptions()),
    "ComboSource by hand": Variant(by_hand=True, options=LaserOptions(), combo=True),
    "ComboSource": Variant(options=LaserOptions(**_BOX), settings=_BOX_SETTINGS, combo=True),
    "without LAS:TOL": Variant(
        by_hand=True,
        options=LaserOptions(),
        lacks=("LAS:TOL",),
        said=(f"LAS:TOL of 100 mA, 1 s not set: LAS:TOL? {_UNKNOWN}",),
    ),
    "usual": Variant(options=LaserOptions()),
    "TERM 6": Variant(options=LaserOptions(terminal_mode=6)),
    "TERMINAL 1, TERM 4": Variant(options=LaserOptions(terminal_echo=True, terminal_mode=4)),
    "without ONDELAY": Variant(
        options=LaserOptions(on_delay=False),
        lacks=("ONDELAY",),
        said=(f"ONDELAY of 0 ms not set: ONDELAY? {_UNKNOWN}",),
    ),
    "mode I": Variant(options=LaserOptions(current_mode="I")),
    "mode ICW": Variant(options=LaserOptions(current_mode="ICW")),
    "4308 on its 1 mA steps": Variant(
        options=LaserOptions(model="4308"), settings={"model": "4308", "current_limit_ma": 7_501}
    ),
}
TECS: Final = {
    "by hand": Variant(by_hand=True, options=TecOptions()),
    "ComboSource by hand": Variant(by_hand=True, options=TecOptions(), combo=True),
    "ComboSource": Variant(options=TecOptions(**_BOX), settings=_BOX_SETTINGS, combo=True),
    "without TEC:TOL": Variant(
        by_hand=True,
        options=TecOptions(),
        lacks=("TEC:TOL",),
        said=(f"TEC:TOL of 0.1 deg C, 5 s not set: TEC:TOL? {_UNKNOWN}",),
    ),
    "usual": Variant(options=TecOptions()),
    "TERM 6": Variant(options=TecOptions(terminal_mode=6)),
    "TERMINAL 1, TERM 4": Variant(options=TecOptions(terminal_echo=True, terminal_mode=4)),
    "5310 at 8 A": Variant(
        options=TecOptions(model="5310"), settings={"model": "5310", "current_limit_a": 8.0}
    ),
}
STAGES: Final = {
    "by hand": Variant(by_hand=True, options=StageOptions()),
    "by slot whatever streams": Variant(
        by_hand=True, options=StageOptions(answers_in_slot_alone=True, settings={"INFO": 0})
    ),
    "usual": Variant(options=StageOptions()),
    "unpadded": Variant(options=StageOptions(padded=False)),
    "without bit 0": Variant(options=StageOptions(shows_enabled=False)),
    "by slot, left silent": Variant(options=StageOptions(answers_in_slot_alone=True, settings={"INFO": 0})),
    "by slot, left streaming": Variant(
        options=StageOptions(answers_in_slot_alone=True, settings={"INFO": 3})
    ),
    "all of it": Variant(options=StageOptions(padded=False, shows_enabled=False, answers_in_slot_alone=True)),
}
BOARDS: Final = {"usual": Variant(options=BoardOptions())}
Table = Mapping[str, Variant]
VARIANTS: Final[Mapping[str, Table]] = {"laser": LASERS, "tec": TECS, "stage": STAGES, "board": BOARDS}
"""By the device's key."""
SIMULATED: Final = {
    f"{key}: {name}": (key, variant)
    for key, table in VARIANTS.items()
    for name, variant in table.items()
    if not variant.by_hand
}
"""Those that the simulated device is by itself, each with its key."""
