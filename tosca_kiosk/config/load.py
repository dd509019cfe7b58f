"""From a YAML file to a CartConfig: first the shape of the whole, then the rules between its parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, create_model

from hardware.interfaces import SIM_SCHEME
from hardware.rules import Choice, Range
from tosca_kiosk.config.camera import camera_errors, camera_settings
from tosca_kiosk.config.cart import (
    DEFAULT_INTERVAL_DAYS,
    DEVICE_KEYS,
    DEVICE_SETTINGS,
    CartConfig,
    ConfigError,
    Devices,
    Simulation,
    rule_errors,
)
from tosca_kiosk.config.section import held, section
from tosca_kiosk.config.timing import TimingLimits, TimingSection
from tosca_kiosk.config.yaml_text import load_yaml
from tosca_kiosk.domain.documents import PathError, StrictModel, shape_errors


def _device_section(key: str) -> Any:
    """Return the shape of a device's section: its driver and the fields of its settings."""
    driver = Annotated[str, held(Choice((DEVICE_SETTINGS[key].DRIVER,)))]
    return section(f"{key.capitalize()}Section", DEVICE_SETTINGS[key], driver=driver)


_DEVICE_SECTIONS: Final[dict[str, Any]] = {key: (_device_section(key), ...) for key in DEVICE_KEYS}
_DevicesSection: Final[Any] = create_model("DevicesSection", __base__=StrictModel, **_DEVICE_SECTIONS)


class _ControlSection(StrictModel):
    rate_hz: Annotated[
        int, held(Range(50, 1000, "Hz", "slower misses the board's heartbeats, faster leaves a tick no room"))
    ] = 100
    allow_without_real_time: bool = False


class _CalibrationsSection(StrictModel):
    interval_days: Annotated[int, held(Range(1, 3660, "days", "ten years at most"))] = DEFAULT_INTERVAL_DAYS


_SimulationSection: Final[Any] = section("SimulationSection", Simulation)


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
    devices = Devices(**{key: DEVICE_SETTINGS[key](**section) for key, section in sections.items()})
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


def _simulation(section: BaseModel | None, devices: Devices) -> Simulation | None:
    if section is not None:
        return Simulation(**section.model_dump())
    simulated = any(port.startswith(SIM_SCHEME) for port in devices.ports.values())
    return Simulation() if simulated else None
