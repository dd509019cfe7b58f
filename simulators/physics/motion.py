"""Motion limited in speed and acceleration, in closed form: a few phases of constant acceleration."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Constant acceleration from start_s on, for duration_s."""

    start_s: float
    duration_s: float
    position_um: float
    speed_um_per_s: float
    acceleration_um_per_s2: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.duration_s

    def position_after(self, elapsed_s: float) -> float:
        return (
            self.position_um
            + (self.speed_um_per_s + 0.5 * self.acceleration_um_per_s2 * elapsed_s) * elapsed_s
        )

    def speed_after(self, elapsed_s: float) -> float:
        return self.speed_um_per_s + self.acceleration_um_per_s2 * elapsed_s

    def times_at(self, position_um: float) -> list[float]:
        """Seconds after start_s at which a position is passed, in order."""
        half = 0.5 * self.acceleration_um_per_s2
        away = self.position_um - position_um
        return [t for t in _real_roots(half, self.speed_um_per_s, away) if 0.0 <= t <= self.duration_s]


def _real_roots(a: float, b: float, c: float) -> list[float]:
    """The real roots of a x^2 + b x + c in order; none where b alone is 0."""
    if a == 0.0:
        return [-c / b] if b != 0.0 else []
    discriminant = b * b - 4.0 * a * c
    if discriminant < 0.0:
        return []
    # The sum without cancellation, then the other root from the product.
    q = -0.5 * (b + math.copysign(math.sqrt(discriminant), b))
    return sorted({q / a, c / q} if q != 0.0 else {0.0})


class _Path:
    """Phases, one after the other."""

    def __init__(self, start_s: float, position_um: float, speed_um_per_s: float) -> None:
        self.phases: list[Phase] = []
        self.now_s = start_s
        self.position_um = position_um
        self.speed_um_per_s = speed_um_per_s

    def add(self, acceleration: float, duration_s: float) -> None:
        if duration_s <= 0.0:
            return
        phase = Phase(
            start_s=self.now_s,
            duration_s=duration_s,
            position_um=self.position_um,
            speed_um_per_s=self.speed_um_per_s,
            acceleration_um_per_s2=acceleration,
        )
        self.phases.append(phase)
        self.now_s += duration_s
        self.position_um = phase.position_after(duration_s)
        self.speed_um_per_s = phase.speed_after(duration_s)

    def brake(self, deceleration: float) -> None:
        speed = self.speed_um_per_s
        self.add(-math.copysign(deceleration, speed), abs(speed) / deceleration)
        self.speed_um_per_s = 0.0


def plan_stop(start_s: float, position_um: float, speed_um_per_s: float, deceleration: float) -> list[Phase]:
    """Brake to standstill."""
    path = _Path(start_s, position_um, speed_um_per_s)
    path.brake(deceleration)
    return path.phases


def plan_move(
    start_s: float,
    position_um: float,
    speed_um_per_s: float,
    *,
    target_um: float,
    top_speed: float,
    acceleration: float,
) -> list[Phase]:
    """Return the fastest phases that end at rest at target_um, from any present speed.

    Where the present speed leads away from the target or too far past it, it brakes to a stop first.
    """
    path = _Path(start_s, position_um, speed_um_per_s)
    stop_um = position_um + speed_um_per_s * abs(speed_um_per_s) / (2.0 * acceleration)
    if (stop_um - target_um) * speed_um_per_s > 0.0:
        path.brake(acceleration)
    distance = abs(target_um - path.position_um)
    if distance == 0.0:
        return path.phases
    direction = math.copysign(1.0, target_um - path.position_um)
    speed = abs(path.speed_um_per_s)
    peak = max(min(top_speed, math.sqrt(acceleration * distance + 0.5 * speed * speed)), 0.0)
    to_peak_um = abs(peak * peak - speed * speed) / (2.0 * acceleration)
    cruise_um = distance - to_peak_um - peak * peak / (2.0 * acceleration)
    path.add(math.copysign(acceleration, peak - speed) * direction, abs(peak - speed) / acceleration)
    path.add(0.0, cruise_um / peak)
    path.brake(acceleration)
    return path.phases


def end_at(phases: list[Phase], low_um: float, high_um: float) -> tuple[list[Phase], float | None]:
    """Cut a path short where it would leave low_um..high_um; return it and the position hit, if any."""
    for index, phase in enumerate(phases):
        hits = [
            (time_s, limit_um)
            for limit_um, outward in ((low_um, -1.0), (high_um, 1.0))
            for time_s in phase.times_at(limit_um)
            if _leaves(phase, time_s, outward)
        ]
        if hits:
            time_s, limit_um = min(hits)
            cut = Phase(
                start_s=phase.start_s,
                duration_s=time_s,
                position_um=phase.position_um,
                speed_um_per_s=phase.speed_um_per_s,
                acceleration_um_per_s2=phase.acceleration_um_per_s2,
            )
            return [*phases[:index], cut], limit_um
    return phases, None


def _leaves(phase: Phase, time_s: float, outward: float) -> bool:
    speed = phase.speed_after(time_s) * outward
    return speed > 1e-6 or (abs(speed) <= 1e-6 and phase.acceleration_um_per_s2 * outward > 0.0)
