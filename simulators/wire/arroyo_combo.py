"""Arroyo ComboSource 6300: laser driver and TEC controller in one box, on one line."""

from __future__ import annotations

from random import Random

from simulators.plant import Plant
from simulators.wire.arroyo_box import ArroyoBox
from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from simulators.wire.arroyo_syntax import Language
from simulators.wire.arroyo_tec import ArroyoTec, TecOptions

LANGUAGE = Language(ArroyoTec.LANGUAGE.tables | ArroyoLaser.LANGUAGE.tables)


def combo_source(
    plant: Plant, laser: LaserOptions, tec: TecOptions | None = None
) -> tuple[ArroyoLaser, ArroyoTec]:
    """Return both halves of one box; without options the TEC is as from the factory.

    What belongs to the whole box is the laser's. Raises ValueError where the TEC has another model or serial
    number.
    """
    if tec is None:
        tec = TecOptions(model=laser.model, serial=laser.serial)
    if (tec.model, tec.serial) != (laser.model, laser.serial):
        named = f"TEC {tec.model} {tec.serial}, laser {laser.model} {laser.serial}"
        raise ValueError(f"{named}; in one box they have one model and serial number")
    box = ArroyoBox(plant.kernel, laser, Random(plant.random_seed("wire.combo")), LANGUAGE)
    cooling = ArroyoTec(plant, tec, box=box)  # first: without it the laser may not be switched on
    return ArroyoLaser(plant, laser, box=box, tec=cooling), cooling
