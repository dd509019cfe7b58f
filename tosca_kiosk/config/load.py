"""From a YAML file to a CartConfig: first the shape of the whole, then the rules between its parts."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, create_model

from hardware.settings import BoardSettings, LaserSettings, StageSettings, TecSettings
from tosca_kiosk.config.camera import camera_errors, camera_settings
from tosca_kiosk.config.cart import (
    DEFAULT_INTERVAL_DAYS,
    DEVICE_KEYS,
    CartConfig,
    ConfigError,
    Devices,
    Simulation,
    rule_errors,
)
from tosca_kiosk.config.fields import (
    RULES,
    Choice,
    Range,
    Rule,
    check,
)
from tosca_kiosk.config.timing import TimingLimits, TimingSection
from tosca_kiosk.config.yaml_text import load_yaml
from tosca_kiosk.domain.documents import PathError, StrictModel, shape_errors

_SETTINGS: Final[dict[str, type[Any]]] = {
    "laser": LaserSettings,
    "tec": TecSettings,
    "stage": StageSettings,
    "board": BoardSettings,
}
_DRIVERS: Final = {
    "laser": "arroyo_laser",
    "tec": "arroyo_tec",
    "stage": "xeryon_stage",
    "board": "interlock_board",
}


def _ruled(kind: Any, rule: Rule) -> Any:
    return Annotated[kind, AfterValidator(partial(check, rule))]


def _device_model(key: str) -> type[BaseModel]:
    """Return the shape of a device's section: its driver and the fields of its settings under their rules."""
    settings = _SETTINGS[key]
    kinds = get_type_hints(settings)
    shape: dict[str, Any] = {"driver": (_ruled(str, Choice((_DRIVERS[key],))), ...)}
    for field in fields(settings):
        default = ... if field.default is MISSING else field.default
        shape[field.name] = (_ruled(kinds[field.name], RULES[key][field.name]), default)
    return create_model(f"{key.capitalize()}Section", __base__=StrictModel, **shape)


_DEVICE_SECTIONS: Final[dict[str, Any]] = {key: (_device_model(key), ...) for key in DEVICE_KEYS}
_DevicesSection: Final[Any] = create_model("DevicesSection", __base__=StrictModel, **_DEVICE_SECTIONS)

_RATE: Final = Range(50, 1000, "Hz", "slower misses the board's heartbeats, faster leaves a tick no room")
_Rate = Annotated[int, AfterValidator(partial(check, _RATE))]
_INTERVAL: Final = Range(1, 3660, "days", "ten years at most")
_IntervalDays = Annotated[int, AfterValidator(partial(check, _INTERVAL))]
_Seed = Annotated[int, AfterValidator(partial(check, Range(0, 999_999, "", "the simulated world")))]


class _ControlSection(StrictModel):
    rate_hz: _Rate = 100
    allow_without_real_time: bool = False


class _CalibrationsSection(StrictModel):
    interval_days: _IntervalDays = DEFAULT_INTERVAL_DAYS


class _SimulationSection(StrictModel):
    seed: _Seed = 0
    laser_profile: Literal["10w", "5w"] = "10w"
    warm: bool = False


class _CartFile(StrictModel):
    cart: Literal["simulated", "real", "bench"]
    mixed: bool = False
    devices: _DevicesSection
    camera: Any
    control: _ControlSection = _ControlSection()
    calibrations: _CalibrationsSection = _CalibrationsSection()
    timing: TimingSection = TimingSection()
    simulation: _SimulationSection | None = None


def load_config(path: Path | str) -> CartConfig:
    """Return the configuration in a YAML file.

    Raises ConfigError when the file cannot be read, is no YAML, or breaks any rule; it names every mistake
    of the first kind found (text, shape, rules) by its path.
    """
    source = Path(path)
    tree = _read(source)
    if errors := shape_errors(_CartFile, tree) + _errors_of_camera(tree):
        raise ConfigError(str(source), tuple(errors))
    config = _config(source, _CartFile.model_validate(tree))
    if errors := rule_errors(config):
        raise ConfigError(str(source), tuple(errors))
    return config


def _read(source: Path) -> Any:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(str(source), (PathError("", f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(source), (PathError("", f"is not UTF-8 text (byte {error.start})"),)) from error
    tree, mistake = load_yaml(text)
    if mistake is not None:
        raise ConfigError(str(source), (mistake,))
    return tree


def _errors_of_camera(tree: Any) -> list[PathError]:
    return camera_errors(tree["camera"]) if isinstance(tree, dict) and "camera" in tree else []


def _config(source: Path, read: _CartFile) -> CartConfig:
    sections = {key: getattr(read.devices, key).model_dump() for key in DEVICE_KEYS}
    drivers = {key: section.pop("driver") for key, section in sections.items()}
    devices = Devices(**{key: _SETTINGS[key](**section) for key, section in sections.items()})
    return CartConfig(
        source=source,
        cart=read.cart,
        mixed=read.mixed,
        drivers=drivers,
        devices=devices,
        camera=camera_settings(read.camera),
        rate_hz=read.control.rate_hz,
        simulation=_simulation(read.simulation, devices),
        timing=TimingLimits(**read.timing.model_dump()),
        allow_without_real_time=read.control.allow_without_real_time,
        calibration_interval_days=read.calibrations.interval_days,
    )


def _simulation(section: _SimulationSection | None, devices: Devices) -> Simulation | None:
    if section is not None:
        return Simulation(**section.model_dump())
    simulated = any(port.startswith("sim://") for port in devices.ports.values())
    return Simulation() if simulated else None
