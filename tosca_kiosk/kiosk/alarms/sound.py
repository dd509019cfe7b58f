"""When an alarm sounds, and its pause; what plays it is given.

An alarm sounds while its condition stands and nobody has acknowledged it, the highest one alone. A pause is
for the occurrences that stand when it begins, AUDIO_PAUSE_S at most; a new one ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from tosca_kiosk.kiosk.alarms.alarm import Alarm, Priority
from tosca_kiosk.kiosk.alarms.tones import BURSTS, wav

AUDIO_PAUSE_S = 120.0

_Occurrence = tuple[str, float]
"""Source of an alarm and when it came."""


class Player(Protocol):
    """What makes a burst heard. ready: whether there is a device for it."""

    @property
    def ready(self) -> bool: ...

    def play(self, priority: Priority) -> None: ...

    def stop(self) -> None: ...


class AlarmSound:
    """Call `update` every turn."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._alarms: tuple[Alarm, ...] = ()
        self._sounding: tuple[_Occurrence, Priority] | None = None
        self._next_s = 0.0
        self._paused_until_s = 0.0
        self._paused: frozenset[_Occurrence] = frozenset()

    @property
    def ready(self) -> bool:
        """Whether an alarm can be heard at all."""
        return self._player.ready

    def pause(self, now_s: float) -> None:
        """Be silent for what stands now; nothing happens where nothing sounds."""
        if self._loudest() is not None:
            self._paused_until_s = now_s + AUDIO_PAUSE_S
            self._paused = frozenset(_occurrence(alarm) for alarm in self._audible())

    def paused_s(self, now_s: float) -> float:
        """Return the rest of the pause, 0 without one."""
        return max(0.0, self._paused_until_s - now_s)

    def update(self, now_s: float, alarms: tuple[Alarm, ...]) -> None:
        """Begin the burst that is due, and end one whose alarm is over, paused or behind another."""
        self._alarms = alarms
        if self._paused_until_s and self._pause_is_over(now_s):
            self._paused_until_s = 0.0
        loudest = None if self._paused_until_s else self._loudest()
        wanted = None if loudest is None else (_occurrence(loudest), loudest.priority)
        if wanted != self._sounding:
            if self._sounding is not None:
                self._player.stop()
            self._sounding, self._next_s = wanted, now_s
        if wanted is not None and now_s >= self._next_s:
            burst = BURSTS[wanted[1]]
            self._next_s = now_s + burst.length_s + burst.again_s
            self._player.play(wanted[1])

    def _pause_is_over(self, now_s: float) -> bool:
        audible = {_occurrence(alarm) for alarm in self._audible()}
        return now_s >= self._paused_until_s or not audible or not audible <= self._paused

    def _audible(self) -> list[Alarm]:
        return [alarm for alarm in self._alarms if alarm.active and not alarm.acknowledged]

    def _loudest(self) -> Alarm | None:
        ranks = list(Priority)
        return min(self._audible(), key=lambda alarm: ranks.index(alarm.priority), default=None)


def _occurrence(alarm: Alarm) -> _Occurrence:
    return alarm.source, alarm.since_s


class KivyPlayer:
    """Plays by Kivy's sound provider; not ready where there is no provider or no device."""

    def __init__(self) -> None:
        from kivy.core.audio import SoundLoader  # noqa: PLC0415 -- Kivy after its environment

        self._bursts = _load(SoundLoader.load)
        if not self._bursts:
            logging.getLogger(__name__).warning("no sound device: alarms are shown and not heard")

    @property
    def ready(self) -> bool:
        return bool(self._bursts)

    def play(self, priority: Priority) -> None:
        if self._bursts:
            self._bursts[priority].play()

    def stop(self) -> None:
        for burst in self._bursts.values():
            burst.stop()


class _Sound(Protocol):
    length: float

    def play(self) -> object: ...

    def stop(self) -> object: ...


def _load(load: Callable[[str], _Sound | None]) -> dict[Priority, _Sound]:
    """Return the bursts, none of them where one cannot be played: without a device its length is 0."""
    bursts: dict[Priority, _Sound] = {}
    with TemporaryDirectory(prefix="tosca-sounds-") as folder:
        for priority, burst in BURSTS.items():
            path = Path(folder) / f"{priority}.wav"
            path.write_bytes(wav(burst))
            sound = load(str(path))
            if sound is None or not sound.length > 0:
                return {}
            bursts[priority] = sound
    return bursts
