"""A configuration that has been read, and the rules between its parts. No rule can be switched off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Final, Literal

from hardware.arroyo.models import COMBO_MODELS, LASERS, TECS
from hardware.cameras.registry import SIMULATED
from hardware.cameras.source import is_recording
from hardware.interfaces import SIM_SCHEME
from hardware.rules import Range
from hardware.settings import BoardSettings, CameraSettings, LaserSettings, StageSettings, TecSettings
from hardware.usb_serial import SCHEME, linked_ports, usb_address
from tosca_kiosk.config.timing import TimingLimits
from tosca_kiosk.domain.calibration_session import LightBounds
from tosca_kiosk.domain.documents import DocumentError, PathError

DEFAULT_INTERVAL_DAYS: Final = 365
LONGEST_INTERVAL_DAYS: Final = 3660
_NO_CAMERA: Final = "none is allowed only where every port is sim://; name the camera's driver and source"


COMBO_PORT: Final = "combo"
"""What a simulated ComboSource's port is called."""


class ConfigError(DocumentError):
    """A configuration that is refused."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The settings of every device, by device key."""

    laser: LaserSettings
    tec: TecSettings
    stage: StageSettings
    board: BoardSettings

    @property
    def ports(self) -> dict[str, str]:
        """Each device's port, by device key."""
        return {key: getattr(self, key).port for key in DEVICE_KEYS}


DEVICE_KEYS: Final = tuple(each.name for each in fields(Devices))


SIMULATED_LASERS: Final = {"10w": "SIM-LASER", "5w": "SIM-LASER-5W"}
"""Each profile's serial number: a driver with another module behind it needs another calibration, and a
calibration is a device's by its serial number."""

SIMULATED_COMBOS: Final = {"10w": "SIM-COMBO", "5w": "SIM-COMBO-5W"}
"""The same of a ComboSource, of either model."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The simulated world. warm: the TEC has already settled when the world begins.

    true_constants: shipped, so that the shipped calibrations are right, or drawn beside them by the seed.
    """

    seed: Annotated[int, Range(0, 999_999, "", "the simulated world")] = 0
    laser_profile: Literal["10w", "5w"] = "10w"
    warm: bool = False
    true_constants: Literal["shipped", "drawn"] = "shipped"


@dataclass(frozen=True, slots=True)
class CartConfig:
    """A configuration. drivers: driver names by device key; camera: None where it says none.

    simulation: None where nothing is simulated. allow_without_real_time: the site takes light from a control
    that another program may delay. calibration_interval_days: after which a calibration is overdue.
    calibration_light: the bounds of light in a session that calibrates.
    folder_backup_to: where the sessions' folders are backed up to, None for nowhere.
    anchor_path: the file that the record's anchors are appended to, None for none.
    """

    source: Path
    cart: Literal["simulated", "real", "bench"]
    mixed: bool
    drivers: dict[str, str]
    devices: Devices
    camera: CameraSettings | None
    rate_hz: int
    simulation: Simulation | None
    timing: TimingLimits = field(default_factory=TimingLimits)
    allow_without_real_time: bool = False
    calibration_interval_days: int = DEFAULT_INTERVAL_DAYS
    calibration_light: LightBounds = field(default_factory=LightBounds)
    folder_backup_to: Path | None = None
    anchor_path: Path | None = None

    @property
    def simulated_keys(self) -> tuple[str, ...]:
        """The keys of the devices on simulated ports."""
        return tuple(key for key, port in self.devices.ports.items() if port.startswith(SIM_SCHEME))

    @property
    def real_ports(self) -> dict[str, str]:
        """The ports of real devices, by device key."""
        return {key: port for key, port in self.devices.ports.items() if key not in self.simulated_keys}

    @property
    def combo_simulated(self) -> bool:
        """Whether laser and TEC are one simulated box."""
        return self.devices.laser.port == SIM_SCHEME + COMBO_PORT

    @property
    def camera_simulated(self) -> bool:
        return self.camera is not None and self.camera.driver == SIMULATED

    @property
    def camera_recorded(self) -> bool:
        """Whether the camera is a file, which shows what was."""
        camera = self.camera
        return camera is not None and camera.driver == "opencv" and is_recording(camera.source)

    @property
    def camera_live(self) -> bool:
        """Whether the camera shows something real as it is now."""
        return self.camera is not None and not self.camera_simulated and not self.camera_recorded

    @property
    def any_simulated(self) -> bool:
        return bool(self.simulated_keys) or self.camera_simulated

    @property
    def all_simulated(self) -> bool:
        return self.simulated_keys == DEVICE_KEYS

    @property
    def demands_real_time(self) -> bool:
        """Whether there is light only from a control that nothing delays: on a cart with a real laser."""
        return "laser" not in self.simulated_keys

    @property
    def origin(self) -> Literal["sim", "real"]:
        """What records of this cart say: sim as soon as anything is simulated."""
        return "sim" if self.any_simulated else "real"


def rule_errors(config: CartConfig) -> list[PathError]:
    """Return every way in which the parts of a configuration do not fit together."""
    return [error for rule in _RULES for error in rule(config)]


def _one_device_a_port(config: CartConfig) -> Iterator[PathError]:
    first_on: dict[str, str] = {}
    for key, port in config.devices.ports.items():
        if key == "tec" and _is_combo(config):
            continue
        names = _names(port)
        taken = next((first_on[name] for name in names if name in first_on), None)
        if taken is not None and not (key == "tec" and _is_combo_on_two_ports(config)):
            yield PathError(f"devices.{key}.port", f"{port} is already the port of {taken}")
        first_on.update(dict.fromkeys(names, taken or key))


def _is_combo(config: CartConfig) -> bool:
    """Whether laser and TEC are one box: one on the other's port."""
    laser, tec = config.devices.laser, config.devices.tec
    return laser.port == tec.port and laser.model in COMBO_MODELS


def _is_combo_on_two_ports(config: CartConfig) -> bool:
    """Whether laser and TEC have two ports and one serial number, and it is a ComboSource's."""
    laser, tec = config.devices.laser, config.devices.tec
    is_one_box = not {laser.model, tec.model}.isdisjoint(COMBO_MODELS)
    return is_one_box and laser.serial_number == tec.serial_number and laser.port != tec.port


def _a_combo_has_one_port(config: CartConfig) -> Iterator[PathError]:
    if not _is_combo_on_two_ports(config):
        return
    laser, tec = config.devices.laser, config.devices.tec
    box = f"the ComboSource {laser.serial_number} is one box on one port"
    shared = not set(_names(laser.port)).isdisjoint(_names(tec.port))
    text = f"{tec.port} is {'another name of' if shared else 'not'} the laser's {laser.port}, and {box}"
    yield PathError("devices.tec.port", f"{text}; write the same, or the serial number of another device")


def _a_combo_is_one_instrument(config: CartConfig) -> Iterator[PathError]:
    if not _is_combo(config):
        return
    laser, tec = config.devices.laser, config.devices.tec
    for name in ("model", "serial_number", "baud"):
        is_tec, is_laser = getattr(tec, name), getattr(laser, name)
        if is_tec != is_laser:
            text = f"{is_tec} is not the laser's {is_laser}; on one port they are one instrument"
            yield PathError(f"devices.tec.{name}", text)


def _names(port: str) -> tuple[str, ...]:
    """Return every name of a port that another one may share: two under /dev may be links to the same."""
    if port.startswith("/"):
        return (str(Path(port).resolve()),)
    address = usb_address(port)
    if address is not None:
        return (f"{SCHEME}{address.serial_number}", *linked_ports(address))
    return (port.lower(),)


def _simulated_ports_are_named_after_their_device(config: CartConfig) -> Iterator[PathError]:
    for key in config.simulated_keys:
        port = config.devices.ports[key]
        own = SIM_SCHEME + (COMBO_PORT if key in ("laser", "tec") and _is_combo(config) else key)
        if port != own:
            yield PathError(f"devices.{key}.port", f"{port} is not allowed; allowed: {own}")


# Of the next three rules the first that is broken speaks: one mistake, one error.


def _a_real_laser_has_real_company(config: CartConfig) -> Iterator[PathError]:
    if config.cart != "bench" or "laser" in config.simulated_keys:
        return
    for key in config.simulated_keys:
        port = config.devices.ports[key]
        yield PathError(
            f"devices.{key}.port", f"{port} is simulated; a real laser needs a real tec, stage and board"
        )


def _a_profile_keeps_its_word(config: CartConfig) -> Iterator[PathError]:
    if config.cart == "bench":
        return
    allowed, other = ("real", "simulated") if config.cart == "real" else (SIM_SCHEME, "real or bench")
    wrong = [key for key in DEVICE_KEYS if (key in config.simulated_keys) is (config.cart == "real")]
    if len(wrong) == len(DEVICE_KEYS):
        text = f"{config.cart}, but no port is {allowed}; say cart: {other}, or give {allowed} ports"
        yield PathError("cart", text)
        return
    for key in wrong:
        port = config.devices.ports[key]
        yield PathError(
            f"devices.{key}.port", f"{port} is not allowed; cart: {config.cart} has {allowed} ports alone"
        )


def _a_mixture_says_so(config: CartConfig) -> Iterator[PathError]:
    mixture = config.any_simulated and (config.camera_live or not config.all_simulated)
    may_be_one = config.cart == "bench" and "laser" in config.simulated_keys
    if mixture and not config.mixed and may_be_one:
        yield PathError("mixed", "false, but real and simulated devices are mixed; say mixed: true")
    if config.mixed and not mixture and config.cart != "real":
        yield PathError("mixed", "true, but the devices are all real or all simulated; leave it out")


def _only_a_simulated_world_is_described(config: CartConfig) -> Iterator[PathError]:
    if config.simulation is not None and not config.any_simulated:
        yield PathError("simulation", "no port is sim://; leave it out")


def _only_an_all_simulated_cart_has_no_camera(config: CartConfig) -> Iterator[PathError]:
    if config.camera is None and not config.all_simulated and config.cart != "simulated":
        yield PathError("camera", _NO_CAMERA)


def _a_real_laser_is_seen_by_a_real_camera(config: CartConfig) -> Iterator[PathError]:
    if config.camera is None or "laser" in config.simulated_keys:
        return
    if config.camera_simulated:
        yield PathError("camera.driver", f"{SIMULATED} shows no real laser; name a real camera")
    if config.camera_recorded:
        text = f"{config.camera.source} is a file and shows no real laser; name a real camera"
        yield PathError("camera.source", text)


def _a_simulated_cart_has_no_live_camera(config: CartConfig) -> Iterator[PathError]:
    if config.camera is not None and config.camera_live and config.cart == "simulated":
        text = "is a real camera; name simulated, none or a file, or say cart: bench and mixed: true"
        yield PathError("camera.driver", f"{config.camera.driver} {text}")


def _a_simulated_laser_is_the_profiles(config: CartConfig) -> Iterator[PathError]:
    if config.simulation is None or "laser" not in config.simulated_keys:
        return
    profile, named = config.simulation.laser_profile, config.devices.laser.serial_number
    serials = SIMULATED_COMBOS if config.combo_simulated else SIMULATED_LASERS
    own = serials[profile]
    for other, serial in serials.items():
        if named == serial != own:
            text = f'"{named}" is the {other} laser, whose calibration does not fit laser_profile: {profile}'
            yield PathError(
                "devices.laser.serial_number", f'{text}; write "{own}", or laser_profile: {other}'
            )


def _laser_limits_suit_the_model(config: CartConfig) -> Iterator[PathError]:
    laser = config.devices.laser
    model = LASERS[laser.model]
    if laser.current_limit_ma > model.max_current_ma:
        text = f"{laser.current_limit_ma:g} is over {model.max_current_ma:g} mA (model {laser.model})"
        yield PathError("devices.laser.current_limit_ma", text)
    if laser.current_limit_ma % model.limit_step_ma:
        text = f"{laser.current_limit_ma:g} must be a multiple of {model.limit_step_ma:g} mA"
        yield PathError("devices.laser.current_limit_ma", f"{text} (model {laser.model})")
    if laser.voltage_limit_v > model.max_voltage_v:
        text = f"{laser.voltage_limit_v:g} is over {model.max_voltage_v:g} V (model {laser.model})"
        yield PathError("devices.laser.voltage_limit_v", text)


def _tec_limits_suit_the_model(config: CartConfig) -> Iterator[PathError]:
    tec = config.devices.tec
    most_a = TECS[tec.model].max_current_a
    if tec.current_limit_a > most_a:
        text = f"{tec.current_limit_a:g} is over {most_a:g} A (model {tec.model})"
        yield PathError("devices.tec.current_limit_a", text)


def _limits_enclose_what_they_limit(config: CartConfig) -> Iterator[PathError]:
    tec, stage = config.devices.tec, config.devices.stage
    if not tec.limit_low_c < tec.setpoint_c < tec.limit_high_c:
        text = f"{tec.setpoint_c:g} must lie between limit_low_c {tec.limit_low_c:g} and limit_high_c"
        yield PathError("devices.tec.setpoint_c", f"{text} {tec.limit_high_c:g}")
    if not stage.travel_min_um < stage.travel_max_um:
        text = f"{stage.travel_max_um:g} must be over travel_min_um {stage.travel_min_um:g}"
        yield PathError("devices.stage.travel_max_um", text)


_RULES: Final[tuple[Callable[[CartConfig], Iterator[PathError]], ...]] = (
    _one_device_a_port,
    _a_combo_has_one_port,
    _a_combo_is_one_instrument,
    _simulated_ports_are_named_after_their_device,
    _a_real_laser_has_real_company,
    _a_profile_keeps_its_word,
    _a_mixture_says_so,
    _only_a_simulated_world_is_described,
    _only_an_all_simulated_cart_has_no_camera,
    _a_real_laser_is_seen_by_a_real_camera,
    _a_simulated_cart_has_no_live_camera,
    _a_simulated_laser_is_the_profiles,
    _laser_limits_suit_the_model,
    _tec_limits_suit_the_model,
    _limits_enclose_what_they_limit,
)
