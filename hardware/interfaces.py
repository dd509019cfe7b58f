"""What control asks of a device, whatever its make.

Rules of this folder: a driver eats bytes, yields bytes and keeps its newest readings; `poll` and `flush`
never block and never sleep; time is an argument (`now_s`, the caller's monotonic clock); no driver asks
whether its device is simulated. A value that is not known is None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")
SIM_SCHEME = "sim://"
"""How the URL of every simulated port begins."""


class Origin(StrEnum):
    """Where readings come from; every record carries it."""

    SIM = "sim"
    REAL = "real"


def origin_of(url: str) -> Origin:
    """Return where readings of a port come from."""
    return Origin.SIM if url.lower().startswith(SIM_SCHEME) else Origin.REAL


class LinkState(StrEnum):
    """How far a driver has come with its device."""

    CONNECTING = "connecting"
    """The port is being opened or the start sequence runs."""
    READY = "ready"
    """Identified, configured, configuration read back and equal; readings are flowing."""
    REFUSED = "refused"
    """The device answered, but is not what the configuration names, or a read-back differs: see `problem`."""
    LOST = "lost"
    """The port is gone, or the device is silent, makes no sense or has restarted: see `problem`."""
    STOPPING = "stopping"
    """The stop sequence runs."""
    CLOSED = "closed"


CONNECTING = LinkState.CONNECTING
READY = LinkState.READY
"""By names of their own for what is asked at every tick: Python 3.11 finds a member of an enumeration by a
slower way. With the trace's directions this saves 0.9 +- 0.1 of the 28 us that the drivers take of a tick
(python -m benchmarks.bench.driver_tricks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a device says it is, as it said it."""

    model: str
    serial_number: str
    firmware: str


class Reading(NamedTuple, Generic[T]):
    """A value with its times on the caller's monotonic clock.

    asked_s: when the question was handed to the port; for a stream, the time of the measurement itself.
    The value can be no older than this. received_s: when the last byte of the answer was read.
    """

    value: T
    asked_s: float
    received_s: float


class Linked(Protocol):
    """What a program is linked to, a device on a port or a camera."""

    @property
    def key(self) -> str:
        """Its name in configurations: laser, tec, stage, board or camera."""

    @property
    def origin(self) -> Origin:
        """SIM when what it tells is not of the cart as it is now: simulated, or a recording."""

    @property
    def link(self) -> LinkState: ...

    @property
    def problem(self) -> str | None:
        """One line that says who, what and what to do, when `link` is REFUSED or LOST."""

    @property
    def identity(self) -> Identity | None: ...


class Device(Linked, Protocol):
    """What every driver offers. Readings are None until known and again when the link is lost."""

    @property
    def connections(self) -> int:
        """How often the device has become READY since the program started, restarts of its own included."""

    @property
    def found_at_start(self) -> tuple[str, ...]:
        """What the device held before anything was reset (errors, events, trips), one text each."""

    def poll(self, now_s: float) -> None:
        """Drain what the port has, move the protocol on and send what is due."""

    def flush(self, now_s: float) -> None:
        """Send at once what the commands given since `poll` ask for."""

    def begin_stop(self) -> None:
        """Start the orderly stop; poll until `link` is CLOSED."""

    def close(self) -> None:
        """Release the port at once."""


class Laser(Device, Protocol):
    """A laser diode driver. Commands state what is wanted; the driver sends changes and confirms them."""

    @property
    def news(self) -> int:
        """Another number than before whenever one of the readings is another one than before."""

    @property
    def output_on(self) -> Reading[bool] | None: ...

    @property
    def set_current_ma(self) -> Reading[float] | None:
        """The set point as confirmed by the device: read back several times a second.

        Meanwhile a set that left the error queue empty counts too, as long as the read-back before agreed
        with what was told.
        """

    @property
    def measured_current_ma(self) -> Reading[float] | None: ...

    @property
    def condition_bits(self) -> Reading[int] | None: ...

    @property
    def event_bits(self) -> Reading[int] | None:
        """What was latched since the reading before, about once a second: fleeting conditions show here."""

    @property
    def errors(self) -> Reading[tuple[int, ...]] | None:
        """The newest answer of the error queue; empty means it was found drained at `asked_s`."""

    def want(self, output_on: bool, current_ma: float) -> None:
        """State the wanted output and set point; the newest wins.

        Off jumps every queue: it is sent in this tick's `flush` before anything else, and again until the
        device reads back off. On is sent once. Raises ValueError when current_ma is not finite or outside
        0 to the configured limit.
        """

    def ask_condition(self) -> None:
        """Make the condition register the next question."""


class TemperatureController(Device, Protocol):
    """A TEC controller; the start sequence sets limits, set point and switches the output on."""

    @property
    def news(self) -> int:
        """Another number than before whenever one of the readings is another one than before."""

    @property
    def temperature_c(self) -> Reading[float] | None: ...

    @property
    def setpoint_c(self) -> Reading[float] | None: ...

    @property
    def output_on(self) -> Reading[bool] | None: ...

    @property
    def condition_bits(self) -> Reading[int] | None: ...

    @property
    def errors(self) -> Reading[tuple[int, ...]] | None:
        """The newest answer of the error queue; empty means it was found drained at `asked_s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStatus:
    """One fresh status of the stage. trips: names of latched trips, empty when healthy.

    settled: a status newer than the last command says position reached, and the actual position is within
    the device's tolerance of the wanted one.
    """

    position_um: float
    target_um: float
    index_known: bool
    searching_index: bool
    settled: bool
    trips: tuple[str, ...]


class Stage(Device, Protocol):
    """A linear stage that moves the ring optics."""

    @property
    def status(self) -> Reading[StageStatus] | None: ...

    def home(self) -> None:
        """Search the index; only on an operator's confirmation."""

    def move_to_um(self, position_um: float) -> None:
        """Move to an absolute position; the newest wins, and a place already wanted is not sent again.

        Raises ValueError when not finite, out of the configured travel, or while the index is unknown.
        """

    def halt(self) -> None:
        """Stop the motor where it is."""

    def acknowledge_trip(self) -> None:
        """The operator has seen the trip: enable again (index kept) or reset (index lost), as it needs."""


class BoardStatus(NamedTuple):
    """One status line of the interlock board, decoded. faults: the latched fault bits 0-7."""

    pedal_pressed: bool
    stop_loop_closed: bool
    gate_closed: bool
    gate_wanted: bool
    motor_on: bool
    vibration_healthy: bool
    aiming_on: bool
    accelerometer_present: bool
    host_alive: bool
    photodiode_v: float
    photodiode_saturated: bool
    vibration_mg: int
    faults: int


class InterlockBoard(Device, Protocol):
    """The microcontroller that holds the gate. `status.asked_s` follows the board's own clock."""

    @property
    def status(self) -> Reading[BoardStatus] | None: ...

    @property
    def sequence_gaps(self) -> int: ...

    @property
    def crc_errors(self) -> int: ...

    @property
    def silences(self) -> int:
        """How often no status came for over 100 ms."""

    def heartbeat(self, want_gate: bool) -> None:
        """Called by control at the end of every tick whose decision is made, and by nothing else.

        Sends at least every 50 ms, at once when want_gate changes, and every tick until the board agrees.
        """

    def set_motor(self, on: bool, pwm: int | None = None) -> None:
        """Have the smoothing motor on or off; pwm: of 255, None for the configured one."""

    def set_aiming(self, on: bool) -> None: ...

    def clear_faults(self) -> None:
        """Ask the board to clear its latched faults; it refuses while a cause stands."""
