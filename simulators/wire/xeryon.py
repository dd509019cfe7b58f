"""Xeryon controller with an XLA-5-125 stage on its wire: stream, queries, settings, commands.

Positions on the wire are encoder counts of 1.25 um; towards the plant, micrometres from the index.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from simulators.kernel import Kernel, Timer
from simulators.plant import Plant
from simulators.wire.ignored import NOTHING
from simulators.wire.line import VirtualLine
from simulators.wire.xeryon_motion import Motion
from simulators.wire.xeryon_tags import (
    ASKED,
    COUNT_UM,
    ENCODER_TYPE,
    FIRMWARE,
    SETTING_RANGES,
    SIMULATED_SERIAL,
    STAGE_TYPE,
    STORED_SETTINGS,
    STREAMS,
    SYNC,
    Stat,
    parse,
    reply,
)

ORDERS = ("INDX", "DPOS", "STEP", "SCAN", "MOVE", "ENBL", "HOME", "ZERO", "STOP", "CONT", "RSET", "SAVE")
RESET_S = 0.15  # the host is told to wait 0.2 s
TIME_TICK_S = 1e-4
DRIVE_FREQUENCY_HZ = 86_000  # what FREQ shows while the piezo is driven; WIRE.md gives none


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """How the controller is built: stored settings over the usual ones, and its power-up state.

    max_baud: the controller follows the host's speed up to it. answers: False for a dead controller.
    padded: numbers with a sign and eight digits, else plain. answers_in_slot_alone: a question is answered
    under INFO=0 and by the stream's slot for it, and not beside a stream. shows_enabled: False for a
    controller that never sets bit 0 of STAT.
    """

    serial: int = SIMULATED_SERIAL
    max_baud: int = 115200
    answers: bool = True
    enabled_at_power_up: bool = True
    padded: bool = True
    answers_in_slot_alone: bool = False
    shows_enabled: bool = True
    settings: Mapping[str, int] = field(default_factory=dict)


class XeryonStage:
    """The controller. `trip` makes it fail as its own supervision would.

    busy: it hangs, silent and taking nothing; what the motor does goes on. ignores: one of ORDERS, or
    nothing. stale_stat: STAT stands still. lying_readback_um: added to the position that it tells.
    """

    def __init__(self, plant: Plant, options: StageOptions | None = None) -> None:
        self._options = options = options or StageOptions()
        self._kernel: Kernel = plant.kernel
        self._random = Random(plant.random_seed("wire.stage"))
        self.line = VirtualLine(
            plant.kernel,
            self._receive,
            baud=options.max_baud,
            seed=self._random.getrandbits(32),
            follows_host=True,
        )
        self.line.mute = self.line.deaf = not options.answers
        self.busy = False
        self.ignores = NOTHING
        self.stale_stat = False
        self.lying_readback_um = 0.0
        self._stored = STORED_SETTINGS | dict(options.settings)
        self._settings = dict(self._stored)
        self.motion = Motion(plant.kernel, plant.stage, self._settings, enabled=options.enabled_at_power_up)
        self._asked = ""  # the tag of the last question
        self._stat = self._stat_now()
        self._moves = self.motion.moves()
        self._orders = self.motion.orders() | {"RSET": self.reset, "SAVE": self._save}
        self._readings: dict[str, Callable[[], int]] = self._make_readings()
        phase_s = self._random.random() * self._settings["POLI"] / 1000.0
        self._poll_timer: Timer = self._kernel.after(phase_s, self._poll)

    @property
    def serial_number(self) -> str:
        return str(self._options.serial)

    def reset(self) -> None:
        """RSET: stored settings again, index lost, deaf and silent meanwhile."""
        self._settings.clear()
        self._settings.update(self._stored)
        self._asked = ""
        self.motion.reset(enabled=self._options.enabled_at_power_up)
        self.line.deaf_until_s = self._kernel.now_s + RESET_S
        self._poll_timer.cancel()
        self._poll_timer = self._kernel.after(RESET_S, self._poll)

    def reboot(self) -> None:
        """The mains blinks: like RSET, and no longer busy."""
        self.busy = False
        self.reset()

    def slip_encoder_to(self, offset_um: float) -> None:
        """The encoder's scale lies so far beside where it was found at the start; an index search ends it."""
        self.motion.slip_encoder_to(offset_um)

    def trip(self, bit: Stat) -> None:
        """Stop the motor with a trip bit set (2, 3, 12, 16, 18, 21) until ENBL=1 or RSET."""
        self.motion.trip(bit)

    # Lines in.

    def _receive(self, line: bytes) -> None:
        parsed = parse(line)
        if parsed is None or self.busy:
            return
        tag, value = parsed
        if value == "?":
            self._answer(tag)
        elif tag == self.ignores:
            return
        elif tag in self._orders:
            # WIRE.md's form is no value or 0; a client that sends another means the order all the same.
            self._orders[tag]()
        elif value:
            self._take(tag, int(value))

    def _answer(self, tag: str) -> None:
        value = self._value(tag)
        if value is None:
            return
        self._asked = tag
        if self._settings["INFO"] == 0 or not self._options.answers_in_slot_alone:
            self.line.send(reply(tag, value, padded=self._options.padded))

    def _take(self, tag: str, value: int) -> None:
        if tag in self._settings:
            low, high = SETTING_RANGES.get(tag, (value, value))
            if low <= value <= high:
                self._settings[tag] = value
        elif (move := self._moves.get(tag)) is not None:
            move(value)

    def _value(self, tag: str) -> int | None:
        setting = self._settings.get(tag)
        if setting is not None:
            return setting
        reading = self._readings.get(tag)
        return None if reading is None else reading()

    def _make_readings(self) -> dict[str, Callable[[], int]]:
        motion = self.motion
        return {
            "STAT": lambda: self._stat,  # as of the last period: stale after a command
            "EPOS": lambda: motion.encoder_counts() + round(self.lying_readback_um / COUNT_UM),
            "DPOS": lambda: motion.target_counts,
            "TIME": lambda: int(self._kernel.now_s / TIME_TICK_S) & 0xFFFF,
            "FREQ": lambda: DRIVE_FREQUENCY_HZ,
            "SRNO": lambda: self._options.serial,
            "SOFT": lambda: FIRMWARE,
            "STAGE": lambda: STAGE_TYPE,
            "SYNC": lambda: SYNC,
            "XLA3": lambda: ENCODER_TYPE,
        }

    def _stat_now(self) -> int:
        stat = self.motion.stat()
        return stat if self._options.shows_enabled else stat & ~Stat.ENABLED

    def _save(self) -> None:
        self._stored = dict(self._settings)

    # The stream.

    def _poll(self) -> None:
        period_s = self._settings["POLI"] / 1000.0
        self._poll_timer = self._kernel.after(period_s, self._poll)
        self.motion.supervise()
        if self.busy:
            return
        if not self.stale_stat:
            self._stat = self._stat_now()
        asked, padded = self._asked, self._options.padded
        tags = [asked if tag == ASKED else tag for tag in STREAMS[self._settings["INFO"]]]
        # A line slower than the stream loses whole periods, never the middle of one.
        if tags and self.line.attached and self.line.backlog_s < period_s:
            self.line.send(
                b"".join([reply(tag, self._value(tag) or 0, padded=padded) for tag in tags if tag])
            )
