"""What the simulated devices' firmware (wire/) sees of the simulated world (physics/).

Every method speaks of the kernel's present instant. `subscribe` callbacks run inside the event that made
the change, at its exact simulated time. SI units; currents of laser and TEC in amperes, always.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from simulators.kernel import Kernel

OnChange = Callable[[], None]
Sensor = Literal["ok", "open", "short"]


class Contact(Protocol):
    """An electrical contact that something in the world opens and closes."""

    @property
    def closed(self) -> bool: ...

    def subscribe(self, on_change: OnChange) -> None: ...


class DiodePlant(Protocol):
    """The laser diode with the power stage that drives it."""

    @property
    def circuit(self) -> Sensor:
        """ok, open (broken lead) or short."""

    def drive(self, current_a: float) -> None:
        """From now on the power stage regulates towards current_a (0 when the output is off), slewing."""

    def current_a(self) -> float: ...

    def voltage_v(self) -> float: ...

    def monitor_current_ua(self) -> float: ...

    def optical_power_w(self) -> float: ...

    def emitted_energy_j(self) -> float:
        """The true energy emitted since the world began."""


class TecPlant(Protocol):
    """Diode mount, Peltier module and sink, with the controller's regulating loop."""

    @property
    def sensor(self) -> Sensor: ...

    @property
    def module(self) -> Sensor: ...

    def regulate(self, on: bool, setpoint_c: float, current_limit_a: float) -> None: ...

    def drive(self, current_a: float) -> None:
        """Let this current flow, cooling where positive, whatever the temperature."""

    def temperature_c(self) -> float: ...

    def current_a(self) -> float: ...

    def voltage_v(self) -> float: ...


class StagePlant(Protocol):
    """A linear stage; positions are mechanical, zero at the index, whatever the encoder believes."""

    def position_um(self) -> float: ...

    def moving(self) -> bool: ...

    def move_to_um(self, target_um: float, speed_um_per_s: float, acceleration_um_per_s2: float) -> None:
        """Move and settle; an end stop at +-45 mm ends the move early."""

    def halt(self) -> None: ...

    def seconds_until_um(self, position_um: float) -> float | None:
        """When the present move will pass a position; None if it will not."""

    def subscribe_arrival(self, on_arrival: OnChange) -> None:
        """Called when a move has ended and settled, or an end stop was hit."""

    @property
    def at_left_end(self) -> bool: ...

    @property
    def at_right_end(self) -> bool: ...


class SmoothingPlant(Protocol):
    """The vibrating speckle smoother and its accelerometer."""

    @property
    def accelerometer_present(self) -> bool: ...

    def set_motor_pwm(self, pwm: int) -> None: ...

    def vibration_mg(self) -> int:
        """RMS over the last whole 100 ms window, gravity and slow drift removed; call once a window."""


class GatePlant(Protocol):
    """The gate relay in the laser driver's interlock loop."""

    @property
    def contact(self) -> Contact:
        """The contact itself: both the board's read-back and the laser's interlock loop."""

    def set_coil(self, on: bool) -> None: ...


class PhotodiodePlant(Protocol):
    """The pick-off photodiode behind its amplifier and the board's 10-bit converter."""

    def counts(self) -> int:
        """One conversion now, 0..1023."""


class Plant(Protocol):
    """Everything the simulated devices are wired to."""

    @property
    def kernel(self) -> Kernel: ...

    @property
    def diode(self) -> DiodePlant: ...

    @property
    def tec(self) -> TecPlant: ...

    @property
    def stage(self) -> StagePlant: ...

    @property
    def smoothing(self) -> SmoothingPlant: ...

    @property
    def photodiode(self) -> PhotodiodePlant: ...

    @property
    def gate(self) -> GatePlant: ...

    @property
    def pedal_no(self) -> Contact:
        """The pedal's normally-open contact."""

    @property
    def pedal_nc(self) -> Contact:
        """The pedal's normally-closed contact."""

    @property
    def stop_loop(self) -> Contact: ...

    def set_aiming(self, on: bool) -> None: ...

    def random_seed(self, name: str) -> int:
        """A seed for one component's own random stream, derived from the world's seed and its name."""
