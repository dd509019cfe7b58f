"""The interlock rows that a calibration's session cannot have, each with why and with what bounds it instead.

Every other row of the table holds in it as in a treatment.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Waiver(NamedTuple):
    """Why a row says nothing in a calibration's session, and the sources of the rows that hold instead."""

    why: str
    instead: tuple[str, ...]


_NO_EXPECTATION: Final = "the power that a current should give, or a voltage means, is what is being measured"
_POWER: Final = ("station_photodiode", "station_current", "station_energy")

WAIVED: Final[dict[str, Waiver]] = {
    "calibration": Waiver(
        "the calibration that it asks for is being made",
        (*_POWER, "station_setpoint", "station_light", "station_duration", "station_unseen"),
    ),
    "photodiode_warning": Waiver(_NO_EXPECTATION, _POWER),
    "photodiode_over_power": Waiver(_NO_EXPECTATION, _POWER),
    "photodiode_out_of_range": Waiver(_NO_EXPECTATION, ("station_unseen",)),
    "laser_setpoint": Waiver("it compares watts", ("station_setpoint", "station_current")),
}
"""By the row's source."""
