"""The linear stage that sets the ring's size: a piezo actuator between two end stops, index at 0."""

from __future__ import annotations

import math
from random import Random

from simulators.kernel import Kernel, Timer
from simulators.physics.motion import Phase, end_at, plan_move, plan_stop
from simulators.plant import OnChange

END_STOP_UM = 45000.0
POWER_UP_UM = 10000.0
MAX_SPEED_UM_PER_S = 500_000.0
MAX_ACCELERATION_UM_PER_S2 = 50_000_000.0
# The carriage rings a little after a move; it counts as settled when 0.02 um are left.
SETTLING_S = 0.02
RINGING_UM = 1.0
RINGING_TIME_CONSTANT_S = 0.005
RINGING_RAD_PER_S = 2.0 * math.pi * 120.0
AT_END_UM = 0.5


class Stage:
    """Position in closed form. A stalled stage stands still; its move goes on when the stall ends.

    Positions are those of its scale, zero at the index, and what the optics feel is `carriage_um`.
    """

    __slots__ = (
        "_acceleration",
        "_hit",
        "_kernel",
        "_phases",
        "_rest_um",
        "_stalled",
        "_subscribers",
        "_timer",
        "_wanted",
        "index_offset_um",
        "scale",
        "scale_slip_um",
    )

    def __init__(
        self, kernel: Kernel, random: Random, *, scale: float = 1.0, index_offset_um: float = 0.0
    ) -> None:
        self.scale = scale
        """The carriage's true way over the one on its scale."""
        self.index_offset_um = index_offset_um
        """Where the carriage truly stands at the index, from where the optics have their zero."""
        self.scale_slip_um = 0.0
        """How far the scale has slipped since, its index with it: no device can know."""
        self._kernel = kernel
        self._rest_um = random.uniform(-POWER_UP_UM, POWER_UP_UM)
        """Where it stands, or will stand when the phases have ended."""
        self._phases: list[Phase] = []
        self._hit = False
        self._acceleration = MAX_ACCELERATION_UM_PER_S2
        self._wanted: tuple[float, float, float] | None = None
        """Target, speed and acceleration of the unfinished move."""
        self._stalled = False
        self._timer: Timer | None = None
        self._subscribers: list[OnChange] = []

    @property
    def stalled(self) -> bool:
        """Whether the carriage is stuck."""
        return self._stalled

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        if stalled == self._stalled:
            return
        self._stand_still(self.position_um())
        self._stalled = stalled
        if not stalled and self._wanted is not None:
            self.move_to_um(*self._wanted)

    @property
    def at_left_end(self) -> bool:
        return self.position_um() <= -END_STOP_UM + AT_END_UM

    @property
    def at_right_end(self) -> bool:
        return self.position_um() >= END_STOP_UM - AT_END_UM

    def moving(self) -> bool:
        """Whether the carriage moves or settles; a stalled one does not."""
        return bool(self._phases)

    def position_um(self) -> float:
        if not self._phases:
            return self._rest_um
        now_s = self._kernel.now_s
        for phase in self._phases:
            if now_s < phase.end_s:
                return phase.position_after(now_s - phase.start_s)
        return self._rest_um + self._ringing_um(now_s - self._phases[-1].end_s)

    def carriage_um(self) -> float:
        """Where the carriage truly is, from where the optics have their zero."""
        return self.scale * self.position_um() + self.index_offset_um + self.scale_slip_um

    def move_to_um(self, target_um: float, speed_um_per_s: float, acceleration_um_per_s2: float) -> None:
        """Move and settle; from a running move on, without a stop where that is possible.

        Raises ValueError for a target that is not finite, or a speed or acceleration that is not above 0.
        Both are limited to what the actuator can do.
        """
        if not math.isfinite(target_um):
            raise ValueError(f"stage: target {target_um} um asked, a finite position needed")
        if not (speed_um_per_s > 0.0 and acceleration_um_per_s2 > 0.0):
            raise ValueError(
                f"stage: speed {speed_um_per_s} and acceleration {acceleration_um_per_s2} must be > 0"
            )
        self._wanted = (target_um, speed_um_per_s, acceleration_um_per_s2)
        if self._stalled:
            return
        speed = min(speed_um_per_s, MAX_SPEED_UM_PER_S)
        self._acceleration = min(acceleration_um_per_s2, MAX_ACCELERATION_UM_PER_S2)
        phases = plan_move(
            self._kernel.now_s,
            self.position_um(),
            self._speed_um_per_s(),
            target_um=target_um,
            top_speed=speed,
            acceleration=self._acceleration,
        )
        self._start(phases, target_um)

    def halt(self) -> None:
        """Brake and settle where that ends; also gives up the move of a stalled stage."""
        if self._wanted is None:
            return
        self._wanted = None
        position_um = self.position_um()
        phases = plan_stop(self._kernel.now_s, position_um, self._speed_um_per_s(), self._acceleration)
        stop_um = phases[-1].position_after(phases[-1].duration_s) if phases else position_um
        self._start(phases, stop_um)

    def seconds_until_um(self, position_um: float) -> float | None:
        """When the present move will pass a position, its own target included; None if it will not."""
        now_s = self._kernel.now_s
        for phase in self._phases:
            for time_s in phase.times_at(position_um):
                if phase.start_s + time_s >= now_s:
                    return phase.start_s + time_s - now_s
        if self._phases and position_um == self._rest_um and self._phases[-1].end_s >= now_s:
            return self._phases[-1].end_s - now_s
        return None

    def subscribe_arrival(self, on_arrival: OnChange) -> None:
        """Have on_arrival called when a move has ended and settled, or an end stop was hit."""
        self._subscribers.append(on_arrival)

    def _start(self, phases: list[Phase], rest_um: float) -> None:
        now_s = self._kernel.now_s
        phases, hit_um = end_at(phases, -END_STOP_UM, END_STOP_UM)
        self._hit = hit_um is not None
        self._rest_um = rest_um if hit_um is None else hit_um
        # A move of no length still settles and arrives, as a firmware waits for it.
        self._phases = phases or [
            Phase(
                start_s=now_s,
                duration_s=0.0,
                position_um=self._rest_um,
                speed_um_per_s=0.0,
                acceleration_um_per_s2=0.0,
            )
        ]
        settled_s = self._phases[-1].end_s + (0.0 if self._hit else SETTLING_S)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._kernel.at(settled_s, self._arrive)

    def _arrive(self) -> None:
        self._wanted = None
        self._stand_still(self._rest_um)
        for on_arrival in self._subscribers:
            on_arrival()

    def _stand_still(self, position_um: float) -> None:
        self._rest_um = position_um
        self._phases = []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _speed_um_per_s(self) -> float:
        now_s = self._kernel.now_s
        for phase in self._phases:
            if now_s < phase.end_s:
                return phase.speed_after(now_s - phase.start_s)
        return 0.0

    def _ringing_um(self, elapsed_s: float) -> float:
        if self._hit:
            return 0.0
        fading = math.exp(-elapsed_s / RINGING_TIME_CONSTANT_S)
        return RINGING_UM * fading * math.sin(RINGING_RAD_PER_S * elapsed_s)
