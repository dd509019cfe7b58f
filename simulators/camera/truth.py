"""What a camera over the tissue can see of the world, and what a scenario may do to the camera."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulators.physics.smoothing import MEASURED, MEASURED_PWM, Smoothing


@dataclass(slots=True)
class CameraFaults:
    """The camera's part of the world.

    frozen: it takes no more pictures, its counter stands. repeats: its counter runs, and it gives the same
    picture again and again. dark: the lens is covered. slow: 2 frames a second.
    noise: its read noise, 1 as in the data sheet. offset: of the ring from where it was mounted to be.
    """

    unplugged: bool = False
    frozen: bool = False
    dark: bool = False
    slow: bool = False
    defocus_mm: float = 0.0
    noise: float = 1.0
    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    repeats: bool = False


class OpticalState(NamedTuple):
    """One instant, as light and camera have it; numbers and booleans alone, so it passes as JSON.

    vibration_mg: the smoothing motor's, without rest level and noise. The rest as in CameraFaults.
    """

    ring_diameter_mm: float = 2.0
    laser_power_w: float = 0.0
    aiming_on: bool = False
    vibration_mg: float = 0.0
    unplugged: bool = False
    frozen: bool = False
    dark: bool = False
    slow: bool = False
    defocus_mm: float = 0.0
    noise: float = 1.0
    offset_x_mm: float = 0.0
    offset_y_mm: float = 0.0
    repeats: bool = False


class Scene(Protocol):
    """The world as far as a camera sees it, at its present instant."""

    @property
    def camera(self) -> CameraFaults: ...

    @property
    def smoothing(self) -> Smoothing: ...

    @property
    def aiming(self) -> bool: ...

    def ring_size_mm(self) -> float: ...

    def true_power_w(self) -> float: ...


def optical_state(scene: Scene) -> OpticalState:
    """Return what the present instant looks like."""
    motor, faults = scene.smoothing, scene.camera
    return OpticalState(
        ring_diameter_mm=scene.ring_size_mm(),
        laser_power_w=scene.true_power_w(),
        aiming_on=scene.aiming,
        vibration_mg=motor_vibration_mg(motor.speed_pwm()) * motor.arriving,
        unplugged=faults.unplugged,
        frozen=faults.frozen,
        dark=faults.dark,
        slow=faults.slow,
        defocus_mm=faults.defocus_mm,
        noise=faults.noise,
        offset_x_mm=faults.offset_x_mm,
        offset_y_mm=faults.offset_y_mm,
        repeats=faults.repeats,
    )


def motor_vibration_mg(speed_pwm: float) -> float:
    """Return the mean vibration of the measured table at a motor speed, rest level taken away."""
    above = min(max(1, bisect_right(MEASURED_PWM, speed_pwm)), len(MEASURED) - 1)
    pwm_low, mean_low, _ = MEASURED[above - 1]
    pwm_high, mean_high, _ = MEASURED[above]
    part = (speed_pwm - pwm_low) / (pwm_high - pwm_low)
    return mean_low + part * (mean_high - mean_low) - MEASURED[0][1]
