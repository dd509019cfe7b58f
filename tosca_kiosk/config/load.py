"""From a YAML file to a CartConfig: first the shape of the whole, then the rules between its parts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, create_model

from hardware.interfaces import SIM_SCHEME
from hardware.rules import Choice, Pattern, Range
from hardware.settings import SETTINGS
from tosca_kiosk.config.camera import camera_errors, camera_settings
from tosca_kiosk.config.cart import (
    DEFAULT_INTERVAL_DAYS,
    DEVICE_KEYS,
    LONGEST_INTERVAL_DAYS,
    CartConfig,
    ConfigError,
    Devices,
    Simulation,
    rule_errors,
)
from tosca_kiosk.config.light import LightSection
from tosca_kiosk.config.section import held, section
from tosca_kiosk.config.timing import TimingLimits, TimingSection
from tosca_kiosk.config.yaml_text import load_yaml
from tosca_kiosk.domain.calibration_session import LightBounds
from tosca_kiosk.domain.documents import PathError, StrictModel, shape_errors

DRIVERS: Final[dict[str, dict[str, Any]]] = {
    key: {settings.DRIVER: settings for settings in SETTINGS if key == settings.KEY} for key in DEVICE_KEYS
}
"""What each driver's section is filled with, by device key and the driver's name."""


@cache
def _device_section(key: str, name: str) -> Any:
    """Return the shape of a device's section with this driver: its name and the fields of its settings."""
    driver = Annotated[str, held(Choice(tuple(DRIVERS[key])))]
    return section(f"{key.capitalize()}Section", DRIVERS[key][name], driver=driver)


@cache
def _devices_section(names: tuple[str, ...]) -> Any:
    shapes: dict[str, Any] = {
        key: (_device_section(key, name), ...) for key, name in zip(DEVICE_KEYS, names, strict=True)
    }
    return create_model("DevicesSection", __base__=StrictModel, **shapes)


def _drivers_named(tree: Any) -> tuple[str, ...]:
    """Return the driver of each device; where no known one is named the first, whose rule refuses that."""
    devices = tree.get("devices") if isinstance(tree, dict) else None
    sections = [devices.get(key) if isinstance(devices, dict) else None for key in DEVICE_KEYS]
    named = [part.get("driver") if isinstance(part, dict) else None for part in sections]
    return tuple(
        name if isinstance(name, str) and name in DRIVERS[key] else next(iter(DRIVERS[key]))
        for key, name in zip(DEVICE_KEYS, named, strict=True)
    )


class _ControlSection(StrictModel):
    rate_hz: Annotated[
        int, held(Range(50, 1000, "Hz", "slower misses the board's heartbeats, faster leaves a tick no room"))
    ] = 100
    allow_without_real_time: bool = False


class _CalibrationsSection(StrictModel):
    interval_days: Annotated[int, held(Range(1, LONGEST_INTERVAL_DAYS, "days", "ten years at most"))] = (
        DEFAULT_INTERVAL_DAYS
    )
    light: LightSection = LightSection()


class _FolderBackupSection(StrictModel):
    to: Annotated[str, held(Pattern(pattern=r"/.*[^/\s].*", allowed="a directory's path that begins with /"))]


_SimulationSection: Final[Any] = section("SimulationSection", Simulation)


class _CartFile(StrictModel):
    cart: Literal["simulated", "real", "bench"]
    mixed: bool = False
    devices: Any
    camera: Any
    control: _ControlSection = _ControlSection()
    calibrations: _CalibrationsSection = _CalibrationsSection()
    folder_backup: _FolderBackupSection | None = None
    anchor_path: (
        Annotated[str, held(Pattern(pattern=r"/.*[^/]", allowed="a file's path that begins with /"))] | None
    ) = None
    timing: TimingSection = TimingSection()
    simulation: _SimulationSection | None = None


@cache
def _cart_file(drivers: tuple[str, ...]) -> type[_CartFile]:
    """Return the shape of a file whose devices have these drivers."""
    return create_model("CartFile", __base__=_CartFile, devices=(_devices_section(drivers), ...))


def load_config(path: Path | str) -> CartConfig:
    """Return the configuration in a YAML file.

    Raises ConfigError when the file cannot be read, is no YAML, or breaks any rule; it names every mistake
    of the first kind found (text, shape, rules) by its path.
    """
    source = Path(path)
    tree = _read(source)
    shape = _cart_file(_drivers_named(tree))
    if errors := shape_errors(shape, tree) + _errors_of_camera(tree):
        raise ConfigError(str(source), tuple(errors))
    config = _config(source, shape.model_validate(tree))
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
    devices = Devices(**{key: DRIVERS[key][drivers[key]](**section) for key, section in sections.items()})
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
        calibration_light=LightBounds(**read.calibrations.light.model_dump()),
        folder_backup_to=None if read.folder_backup is None else Path(read.folder_backup.to),
        anchor_path=None if read.anchor_path is None else Path(read.anchor_path),
    )


def _simulation(section: BaseModel | None, devices: Devices) -> Simulation | None:
    if section is not None:
        return Simulation(**section.model_dump())
    simulated = any(port.startswith(SIM_SCHEME) for port in devices.ports.values())
    return Simulation() if simulated else None
