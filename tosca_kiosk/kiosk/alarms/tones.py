"""The alarm sounds as data, and as WAV files made from it.

Source: IEC 60601-1-8, tables 3 and 4: high 10 pulses of 75 to 200 ms, repeated after 2.5 to 15 s; medium 3 of
125 to 250 ms, after 2.5 to 30 s; low 1 or 2, after more than 15 s; a fundamental of 150 to 1000 Hz with at
least four harmonics within 15 dB of it.
"""

from __future__ import annotations

import io
import wave
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.kiosk.alarms.alarm import Priority

SAMPLES_A_S = 22050
_LOUDNESS = 0.8
_HARMONICS = (1.0, 0.6, 0.5, 0.4, 0.3)
_EDGE = 0.15
"""Rise and fall of a pulse, of its duration."""


class Burst(NamedTuple):
    """pulse_s: length of a pulse. gaps_s: silence after each but the last. again_s: silence after it."""

    pitch_hz: float
    pulse_s: float
    gaps_s: tuple[float, ...]
    again_s: float

    @property
    def length_s(self) -> float:
        return self.pulse_s * (len(self.gaps_s) + 1) + sum(self.gaps_s)


_THREE_AND_TWO = (0.1, 0.1, 0.35, 0.1)

BURSTS = {
    Priority.HIGH: Burst(
        pitch_hz=523.3, pulse_s=0.15, gaps_s=(*_THREE_AND_TWO, 0.5, *_THREE_AND_TWO), again_s=4.0
    ),
    Priority.MEDIUM: Burst(pitch_hz=440.0, pulse_s=0.2, gaps_s=(0.2, 0.2), again_s=10.0),
    Priority.LOW: Burst(pitch_hz=349.2, pulse_s=0.2, gaps_s=(0.2,), again_s=30.0),
}


def samples(burst: Burst) -> NDArray[np.int16]:
    """Return the burst as sound, mono, SAMPLES_A_S."""
    pulse = _pulse(burst)
    parts = [pulse]
    for gap_s in burst.gaps_s:
        parts += [np.zeros(round(gap_s * SAMPLES_A_S)), pulse]
    return (np.concatenate(parts) * 32767).astype(np.int16)


def wav(burst: Burst) -> bytes:
    """Return the burst as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLES_A_S)
        writer.writeframes(samples(burst).astype("<i2").tobytes())
    return file.getvalue()


def _pulse(burst: Burst) -> NDArray[np.float64]:
    at_s = np.arange(round(burst.pulse_s * SAMPLES_A_S)) / SAMPLES_A_S
    turns = 2 * np.pi * burst.pitch_hz * at_s
    wave_form = np.array(_HARMONICS) @ np.sin(np.outer(np.arange(1, len(_HARMONICS) + 1), turns))
    edge_s = _EDGE * burst.pulse_s
    envelope = np.clip(np.minimum(at_s, burst.pulse_s - at_s) / edge_s, 0.0, 1.0)
    shaped = np.asarray(wave_form * envelope, np.float64)
    loudest = float(np.abs(shaped).max())
    scaled: NDArray[np.float64] = shaped * (_LOUDNESS / loudest)
    return scaled
