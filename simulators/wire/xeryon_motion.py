"""What the Xeryon controller does with the stage: moves, index search, arrival, trips."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulators.kernel import Kernel, Timer
from simulators.plant import StagePlant
from simulators.wire.xeryon_tags import COUNT_UM, THERMAL, TRIPS, Stat

OUT_OF_REACH_UM = 1_000_000.0  # "until something stops it"
ACCELERATION_UNIT_UM_PER_S2 = 1000.0  # ACCE and DECE taken as mm/s2; WIRE.md names no unit
AT_INDEX_COUNTS = 1
NO_FLAGS = Stat(0)


class Motion:
    """State of the axis. settings is the controller's live table, in wire units."""

    def __init__(
        self, kernel: Kernel, stage: StagePlant, settings: Mapping[str, int], *, enabled: bool
    ) -> None:
        self._kernel = kernel
        self._stage = stage
        self._settings = settings
        self._flags = NO_FLAGS
        self._limit_flags = NO_FLAGS
        self.target_counts = 0
        self._encoder_zero_um = 0.0
        self._slip_um = 0.0
        self._motor_on_since_s: float | None = None
        self._moving_from: tuple[float, float] | None = None  # instant and position of the start
        self._goal_um = 0.0
        self._speed_um_per_s = 0.0
        self._search_direction = 0
        self._index_timer: Timer | None = None
        self._arrival_timer: Timer | None = None
        stage.subscribe_arrival(self._arrived)
        self.reset(enabled=enabled)

    def moves(self) -> dict[str, Callable[[int], None]]:
        """Return what each tag with a value does."""
        return {
            "INDX": self._search_index,
            "DPOS": self._move_to,
            "STEP": self._step,
            "SCAN": self._scan,
            "MOVE": self._move_open_loop,
            "ENBL": self._enable,
        }

    def orders(self) -> dict[str, Callable[[], None]]:
        """Return what each tag without a value does."""
        return {
            "HOME": lambda: self._move_to(0),
            "ZERO": self._force_zero,
            "STOP": self._halt,
            "CONT": self._resume,
        }

    def reset(self, *, enabled: bool) -> None:
        """Lose the index: counts start from zero here, with the amplifiers at zero."""
        self._halt()
        self._flags = Stat.FORCE_ZERO | (Stat.ENABLED if enabled else NO_FLAGS)
        self._limit_flags = NO_FLAGS
        self._encoder_zero_um = self._stage.position_um()
        self._slip_um = 0.0
        self.target_counts = 0

    def stat(self) -> int:
        """Return the STAT bits of this instant."""
        bits = self._flags | self._limit_flags
        if self._stage.at_left_end:
            bits |= Stat.END_STOP | Stat.LEFT_END
        if self._stage.at_right_end:
            bits |= Stat.END_STOP | Stat.RIGHT_END
        if bits & Stat.ENCODER_VALID and abs(self.encoder_counts()) <= AT_INDEX_COUNTS:
            bits |= Stat.AT_INDEX
        return int(bits)

    def encoder_counts(self) -> int:
        """Return EPOS; from the power-up position until the index is found."""
        return round((self._stage.position_um() - self._encoder_zero_um) / COUNT_UM)

    def trip(self, bit: Stat) -> None:
        """Stop with the amplifiers at zero, and say why until ENBL=1 or a reset.

        As seen on a cart's stage bit 0 stays as it was, and the thermal bits come together.
        """
        self._halt()
        self._flags &= ~(Stat.CLOSED_LOOP | Stat.POSITION_REACHED)
        self._flags |= Stat.FORCE_ZERO | (THERMAL if bit & THERMAL else bit & TRIPS)
        if bit & Stat.ENCODER_ERROR:
            self._flags &= ~Stat.ENCODER_VALID

    def slip_encoder_to(self, offset_um: float) -> None:
        """Count from a place so far beside the true index; a new index search counts from the index again."""
        self._encoder_zero_um += offset_um - self._slip_um
        self._slip_um = offset_um

    def supervise(self) -> None:
        """Once a period: the time-outs and the following error."""
        since_s = self._motor_on_since_s
        if since_s is None:
            return
        if self._flags & Stat.SEARCHING_INDEX and self._index_timer is None:
            self._await_index()
        settings = self._settings
        on_s = self._kernel.now_s - since_s
        if 0 < settings["TOU2"] <= on_s:
            self.trip(Stat.SAFETY_TIMEOUT)
        elif 0 < settings["ELIM"] < self._following_error_counts():
            self.trip(Stat.FOLLOWING_ERROR)

    # Commands.

    def _enable(self, value: int) -> None:
        if value == 1:
            if self._flags & TRIPS:  # a position that INDX made "reached" in a trip is none
                self._flags &= ~(Stat.CLOSED_LOOP | Stat.POSITION_REACHED)
            self._flags = self._flags & ~(TRIPS | Stat.FORCE_ZERO) | Stat.ENABLED
        elif value == 0:
            self._halt()
            self._flags &= ~(Stat.ENABLED | Stat.CLOSED_LOOP)

    def _move_to(self, counts: int) -> None:
        if self._may_move() and self._flags & Stat.ENCODER_VALID:
            self._go_closed_loop(counts)

    def _step(self, counts: int) -> None:
        if self._may_move():
            self._go_closed_loop(self.target_counts + counts)

    def _go_closed_loop(self, counts: int) -> None:
        self.target_counts = self._clamped(counts)
        self._flags |= Stat.CLOSED_LOOP
        self._go(self._position_um(self.target_counts), self._settings["SSPD"])

    def _clamped(self, counts: int) -> int:
        low, high = self._settings["LLIM"], self._settings["HLIM"]
        self._limit_flags = NO_FLAGS
        if counts < low:
            self._limit_flags = Stat.END_STOP | Stat.LEFT_END
        elif counts > high:
            self._limit_flags = Stat.END_STOP | Stat.RIGHT_END
        return min(max(counts, low), high)

    def _scan(self, direction: int) -> None:
        self._run(direction, Stat.SCANNING | Stat.CLOSED_LOOP)

    def _move_open_loop(self, direction: int) -> None:
        self._run(direction, NO_FLAGS)

    def _run(self, direction: int, flags: Stat) -> None:
        if direction not in (-1, 0, 1) or not self._may_move():
            return
        self._halt()
        self._flags = self._flags & ~Stat.CLOSED_LOOP
        self.target_counts = self.encoder_counts()
        if direction:
            self._limit_flags = NO_FLAGS
            self._flags |= flags
            self._go(self._far_end_um(direction), self._settings["SSPD"], keep=flags)

    def _far_end_um(self, direction: int) -> float:
        if not self._flags & Stat.ENCODER_VALID:
            return direction * OUT_OF_REACH_UM  # without the index the soft limits mean nothing
        return self._position_um(self._settings["HLIM" if direction > 0 else "LLIM"])

    def _force_zero(self) -> None:
        self._halt()
        self._flags = self._flags & ~Stat.CLOSED_LOOP | Stat.FORCE_ZERO

    def _resume(self) -> None:
        if self._may_move() and self._flags & Stat.CLOSED_LOOP:
            self._go(self._position_um(self.target_counts), self._settings["SSPD"])

    # Index search.

    def _search_index(self, direction: int) -> None:
        if direction not in (0, 1):
            return
        if self._flags & TRIPS:  # as seen on a cart's stage: nothing moves, and STAT says "reached"
            self._flags |= Stat.CLOSED_LOOP | Stat.POSITION_REACHED
        if not self._may_move():
            return
        self._halt()
        self._flags &= ~(Stat.ENCODER_VALID | Stat.CLOSED_LOOP)
        self._limit_flags = NO_FLAGS
        self._search(1 if direction else -1)

    def _search(self, direction: int) -> None:
        self._search_direction = direction
        self._go(direction * OUT_OF_REACH_UM, self._settings["ISPD"], keep=Stat.SEARCHING_INDEX)
        self._flags |= Stat.SEARCHING_INDEX
        self._await_index()

    def _await_index(self) -> None:
        wait_s = self._stage.seconds_until_um(0.0)
        if wait_s is not None:
            self._index_timer = self._kernel.after(wait_s, self._found_index)

    def _found_index(self) -> None:
        self._index_timer = None
        if abs(self._stage.position_um()) > COUNT_UM:
            self._await_index()  # something held the stage up on its way
            return
        self._halt()
        self._encoder_zero_um = self._slip_um = 0.0
        self._flags |= Stat.ENCODER_VALID
        self._go_closed_loop(0)

    # Moving and arriving.

    def _may_move(self) -> bool:
        return bool(self._flags & Stat.ENABLED) and not self._flags & TRIPS

    def _position_um(self, counts: int) -> float:
        return counts * COUNT_UM + self._encoder_zero_um

    def _go(self, goal_um: float, speed_um_per_s: int, keep: Stat = NO_FLAGS) -> None:
        self._cancel_timers()
        cleared = Stat.POSITION_REACHED | Stat.FORCE_ZERO | Stat.SCANNING | Stat.SEARCHING_INDEX
        self._flags = self._flags & ~(cleared & ~keep) | Stat.MOTOR_ON
        if self._motor_on_since_s is None:
            self._motor_on_since_s = self._kernel.now_s
        self._moving_from = (self._kernel.now_s, self._stage.position_um())
        self._goal_um = goal_um
        self._speed_um_per_s = float(speed_um_per_s)
        self._stage.move_to_um(
            goal_um, self._speed_um_per_s, self._settings["ACCE"] * ACCELERATION_UNIT_UM_PER_S2
        )

    def _halt(self) -> None:
        self._cancel_timers()
        self._flags &= ~(Stat.MOTOR_ON | Stat.SCANNING | Stat.SEARCHING_INDEX)
        self._motor_on_since_s = None
        self._moving_from = None
        self._stage.halt()

    def _cancel_timers(self) -> None:
        for timer in (self._index_timer, self._arrival_timer):
            if timer is not None:
                timer.cancel()
        self._index_timer = self._arrival_timer = None

    def _arrived(self) -> None:
        if not self._flags & Stat.MOTOR_ON:
            return
        self._moving_from = None
        if self._flags & Stat.SEARCHING_INDEX:
            self._search(-self._search_direction)  # an end stop came first: look on the other side
        elif self._flags & Stat.SCANNING or not self._flags & Stat.CLOSED_LOOP:
            self._halt()
            self.target_counts = self.encoder_counts()
            if self._flags & Stat.ENCODER_VALID:  # it ran as far as a soft limit lets it
                self._limit_flags = self._flags_of_limit(self.target_counts)
        else:
            self._plan_arrival()

    def _flags_of_limit(self, counts: int) -> Stat:
        if counts >= self._settings["HLIM"]:
            return Stat.END_STOP | Stat.RIGHT_END
        return Stat.END_STOP | Stat.LEFT_END if counts <= self._settings["LLIM"] else NO_FLAGS

    def _plan_arrival(self) -> None:
        settings = self._settings
        error_counts = abs(self.encoder_counts() - self.target_counts)
        if error_counts <= settings["PTOL"]:
            wait_ms = settings["DLAY"]
        elif error_counts <= settings["PTO2"]:
            wait_ms = settings["TOUT"] + settings["DLAY"]
        elif settings["TOU3"]:
            self._arrival_timer = self._kernel.after(settings["TOU3"] / 1000.0, self._fail_position)
            return
        else:
            return
        self._arrival_timer = self._kernel.after(wait_ms / 1000.0, self._reach)

    def _reach(self) -> None:
        self._flags = self._flags & ~Stat.MOTOR_ON | Stat.POSITION_REACHED
        self._motor_on_since_s = None

    def _fail_position(self) -> None:
        self.trip(Stat.POSITION_FAIL)

    def _following_error_counts(self) -> float:
        """How far behind the ideal course (at once at full speed) the stage is."""
        if self._moving_from is None:
            return abs(self._stage.position_um() - self._goal_um) / COUNT_UM
        since_s, start_um = self._moving_from
        way_um = self._goal_um - start_um
        ideal_um = min(abs(way_um), self._speed_um_per_s * (self._kernel.now_s - since_s))
        done_um = (self._stage.position_um() - start_um) * (1 if way_um >= 0 else -1)
        return (ideal_um - done_um) / COUNT_UM
