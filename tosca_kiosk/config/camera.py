"""The section of the camera: none, simulated, or a driver with its own fields, each with what it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from hardware.cameras.registry import SIMULATED
from hardware.interfaces import SIM_SCHEME
from hardware.rules import Choice, Pattern, Range
from hardware.settings import LONGEST_EXPOSURE_US, V4L2_EXPOSURE_US, CameraSettings
from tosca_kiosk.config.section import section
from tosca_kiosk.domain.documents import PathError, shape_errors, shown

NONE: Final = "none"
SIMULATED_SOURCE: Final = f"{SIM_SCHEME}camera"

_ALLOWED: Final = "none, simulated, or driver and its fields"
_LIVE: Final = "longer leaves no live picture"
_SIMULATED: Final = "the simulated camera"

Source = Annotated[
    str,
    Pattern(
        pattern=r"\d+|/\S+|(?!sim:)[a-z]+://\S+",
        allowed="a device file such as /dev/v4l/by-id/NAME, a number in quotes, a file, a URL",
    ),
]
SerialNumber = Annotated[
    str, Pattern(pattern=r"[!-~]+", allowed="the camera's serial number, printable characters without blanks")
]
Scale = Annotated[float, Range(0.5, 500.0, "um", "a pixel's side on the tissue")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCvFields:
    """OpenCV tells no gain in decibels, so there is none to set."""

    source: Source
    exposure_us: Annotated[float, Range(V4L2_EXPOSURE_US, LONGEST_EXPOSURE_US, "us", _LIVE)] | None = None
    um_per_px: Scale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFields:
    """um_per_px: two pixels of 3.45 um made one, under a lens of 0.5 x."""

    source: Annotated[str, Choice((SIMULATED_SOURCE,))] = SIMULATED_SOURCE
    exposure_us: Annotated[float, Range(100, 33_000, "us", _SIMULATED)] | None = None
    gain_db: Annotated[float, Range(0, 24, "dB", _SIMULATED)] | None = None
    um_per_px: Scale = 13.8


@dataclass(frozen=True, slots=True, kw_only=True)
class VimbaFields:
    """An Allied Vision camera."""

    serial_number: SerialNumber
    exposure_us: Annotated[float, Range(1, LONGEST_EXPOSURE_US, "us", _LIVE)] | None = None
    gain_db: Annotated[float, Range(0, 48, "dB", "Alvium cameras")] | None = None
    um_per_px: Scale | None = None


FIELDS: Final[dict[str, type[Any]]] = {
    "opencv": OpenCvFields,
    SIMULATED: SimulatedFields,
    "vmbpy": VimbaFields,
}
"""By driver."""
_SECTIONS: Final = {
    driver: section(f"{driver.capitalize()}CameraSection", filled, driver=str)
    for driver, filled in FIELDS.items()
}


def camera_errors(section: Any) -> list[PathError]:
    """Return every way in which the section is no camera's."""
    if section in (NONE, SIMULATED):
        return []
    if not isinstance(section, dict):
        return [PathError("camera", f"{shown(section)} is not allowed; allowed: {_ALLOWED}")]
    if "driver" not in section:
        return [PathError("camera.driver", "is missing")]
    driver = section["driver"]
    if not isinstance(driver, str) or driver not in _SECTIONS:
        allowed = ", ".join(_SECTIONS)
        return [PathError("camera.driver", f"{shown(driver)} is not allowed; allowed: {allowed}")]
    errors = shape_errors(_SECTIONS[driver], section)
    return [PathError(f"camera.{error.path}", error.text) for error in errors]


def camera_settings(section: Any) -> CameraSettings | None:
    """Return the settings of a section without errors; None where it says none."""
    if section == NONE:
        return None
    given = {"driver": SIMULATED} if section == SIMULATED else section
    return CameraSettings(**_SECTIONS[given["driver"]].model_validate(given).model_dump())
