"""The section of the camera: none, simulated, or a driver with its own fields, each with what it may be."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, create_model

from hardware.settings import CameraSettings
from tosca_kiosk.config.fields import Choice, Pattern, Range, Rule, check
from tosca_kiosk.domain.documents import PathError, StrictModel, shape_errors, shown

NONE: Final = "none"
SIMULATED: Final = "simulated"
SIMULATED_SOURCE: Final = "sim://camera"

_ALLOWED: Final = "none, simulated, or driver and its fields"
_LIVE: Final = "longer leaves no live picture"


class _Field(NamedTuple):
    kind: Any
    rule: Rule
    default: Any = ...


_SOURCE: Final = Pattern(
    r"\d+|/\S+|(?!sim:)[a-z]+://\S+",
    "a device file such as /dev/v4l/by-id/NAME, a number in quotes, a file, a URL",
)
_SERIAL: Final = Pattern(r"[!-~]+", "the camera's serial number, printable characters without blanks")
_SCALE: Final = Range(0.5, 500.0, "um", "a pixel's side on the tissue")
_MEASURED_SCALE: Final = _Field(float, _SCALE, None)
_SIMULATED_SCALE: Final = _Field(float, _SCALE, 13.8)
"""Two pixels of 3.45 um made one, under a lens of 0.5 x."""

FIELDS: Final[dict[str, dict[str, _Field]]] = {
    "opencv": {
        "source": _Field(str, _SOURCE),
        "exposure_us": _Field(float, Range(100, 500_000, "us", _LIVE), None),
        "um_per_px": _MEASURED_SCALE,
    },
    SIMULATED: {
        "source": _Field(str, Choice((SIMULATED_SOURCE,)), SIMULATED_SOURCE),
        "exposure_us": _Field(float, Range(100, 33_000, "us", "the simulated camera"), None),
        "gain_db": _Field(float, Range(0, 24, "dB", "the simulated camera"), None),
        "um_per_px": _SIMULATED_SCALE,
    },
    "vmbpy": {
        "serial_number": _Field(str, _SERIAL),
        "exposure_us": _Field(float, Range(1, 500_000, "us", _LIVE), None),
        "gain_db": _Field(float, Range(0, 48, "dB", "Alvium cameras"), None),
        "um_per_px": _MEASURED_SCALE,
    },
}
"""By driver. OpenCV tells no gain in decibels, so there is none to set."""


def _ruled(kind: Any, rule: Rule) -> Any:
    return Annotated[kind, AfterValidator(partial(check, rule))]


def _section(driver: str, fields: dict[str, _Field]) -> type[BaseModel]:
    shape: dict[str, Any] = {"driver": (str, ...)}
    for name, field in fields.items():
        ruled = _ruled(field.kind, field.rule)
        shape[name] = (ruled | None if field.default is None else ruled, field.default)
    return create_model(f"{driver.capitalize()}CameraSection", __base__=StrictModel, **shape)


_SECTIONS: Final = {driver: _section(driver, fields) for driver, fields in FIELDS.items()}


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
