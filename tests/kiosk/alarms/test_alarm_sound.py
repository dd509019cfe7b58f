"""The sound of an alarm: when it is heard, when it is paused, and that there is something to hear."""

from __future__ import annotations

import io
import subprocess
import sys
import wave

import numpy as np
import pytest

from tests.kiosk.loudspeaker import Loudspeaker
from tosca_kiosk.kiosk.alarms.alarm import Alarm, Priority
from tosca_kiosk.kiosk.alarms.sound import AUDIO_PAUSE_S, AlarmSound
from tosca_kiosk.kiosk.alarms.tones import BURSTS, SAMPLES_A_S, samples, wav


def alarm(source="stop_loop", priority=Priority.HIGH, since_s=100.0, **changes):
    return Alarm(source, priority, "what", "to do", since_s, **changes)


@pytest.fixture
def speaker():
    return Loudspeaker()


@pytest.fixture
def sound(speaker):
    return AlarmSound(speaker)


def listen(sound, speaker, alarms, from_s, to_s):
    """Return how often each second-long step of turns began a burst of which priority."""
    speaker.heard.clear()
    for turn in range(round((to_s - from_s) * 10)):
        sound.update(from_s + turn / 10, tuple(alarms))
    return speaker.heard


def test_without_an_alarm_nothing_is_heard(sound, speaker):
    assert listen(sound, speaker, [], 100.0, 160.0) == []


@pytest.mark.parametrize("priority", Priority)
def test_an_alarm_is_heard_at_once_and_again_as_long_as_it_stands(sound, speaker, priority):
    sound.update(100.0, (alarm(priority=priority),))
    assert speaker.heard == [priority]
    burst = BURSTS[priority]
    heard = listen(sound, speaker, [alarm(priority=priority)], 100.1, 99.9 + burst.length_s + burst.again_s)
    assert heard == []
    sound.update(100.1 + burst.length_s + burst.again_s, (alarm(priority=priority),))
    assert heard == [priority]


def test_of_several_alarms_the_highest_alone_is_heard(sound, speaker):
    low = alarm("disk", Priority.LOW)
    assert set(listen(sound, speaker, [low, alarm()], 100.0, 130.0)) == {Priority.HIGH}
    assert listen(sound, speaker, [low], 130.0, 131.0) == [None, Priority.LOW]


@pytest.mark.parametrize("changes", [{"active": False}, {"acknowledged": True}], ids=["over", "seen"])
def test_what_is_over_or_was_seen_is_silent(sound, speaker, changes):
    assert listen(sound, speaker, [alarm(**changes)], 100.0, 120.0) == []
    listen(sound, speaker, [alarm()], 120.0, 121.0)
    assert listen(sound, speaker, [alarm(**changes)], 121.0, 141.0) == [None]


def test_a_pause_is_silent_for_its_time_and_not_longer(sound, speaker):
    sound.update(100.0, (alarm(),))
    sound.pause(100.0)
    assert sound.paused_s(100.0) == AUDIO_PAUSE_S == 120.0
    assert listen(sound, speaker, [alarm()], 100.1, 220.0) == [None]
    assert listen(sound, speaker, [alarm()], 220.0, 221.0) == [Priority.HIGH]
    assert sound.paused_s(221.0) == 0.0


@pytest.mark.parametrize(
    "new",
    [alarm("tec", Priority.LOW, 130.0), alarm(since_s=130.0)],
    ids=["another one", "the same one again"],
)
def test_a_new_alarm_breaks_the_pause(sound, speaker, new):
    sound.update(100.0, (alarm(),))
    sound.pause(100.0)
    listen(sound, speaker, [alarm()], 100.1, 130.0)
    standing = [alarm()] if new.source != "stop_loop" else []
    assert listen(sound, speaker, [*standing, new], 130.0, 131.0) == [Priority.HIGH]
    assert sound.paused_s(130.0) == 0.0


def test_one_of_several_paused_alarms_that_goes_breaks_no_pause(sound, speaker):
    both = (alarm(), alarm("tec", Priority.MEDIUM))
    sound.update(100.0, both)
    sound.pause(100.0)
    assert listen(sound, speaker, both[1:], 100.1, 150.0) == [None]


def test_there_is_nothing_to_pause_in_silence(sound):
    sound.update(100.0, (alarm(acknowledged=True),))
    sound.pause(100.0)
    assert sound.paused_s(100.0) == 0.0


# --- the bursts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "pulses", "pulse_s", "again_s"),
    [
        (Priority.HIGH, (10,), (0.075, 0.2), (2.5, 15.0)),
        (Priority.MEDIUM, (3,), (0.125, 0.25), (2.5, 30.0)),
        (Priority.LOW, (1, 2), (0.125, 0.25), (15.0, 60.0)),
    ],
)
def test_a_burst_is_what_the_standard_asks_for(priority, pulses, pulse_s, again_s):
    """IEC 60601-1-8, tables 3 and 4."""
    burst = BURSTS[priority]
    assert len(burst.gaps_s) + 1 in pulses
    assert pulse_s[0] <= burst.pulse_s <= pulse_s[1]
    assert again_s[0] <= burst.again_s <= again_s[1]
    assert 150.0 <= burst.pitch_hz <= 1000.0


@pytest.mark.parametrize("priority", Priority)
def test_a_burst_sounds_in_its_pulses_and_is_silent_between_them(priority):
    burst = BURSTS[priority]
    loud = np.abs(samples(burst).astype(float)) > 300
    windows = loud[: len(loud) // 220 * 220].reshape(-1, 220).any(axis=1)
    begun = np.count_nonzero(np.diff(windows.astype(int)) == 1) + int(windows[0])
    assert begun == len(burst.gaps_s) + 1
    assert len(loud) == pytest.approx(burst.length_s * SAMPLES_A_S, abs=20)


@pytest.mark.parametrize("priority", Priority)
def test_a_pulse_has_four_harmonics_near_its_fundamental(priority):
    burst = BURSTS[priority]
    pulse = samples(burst)[: round(burst.pulse_s * SAMPLES_A_S)].astype(float)
    spectrum = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), 1 << 16))

    def level_db(hz):
        at = round(hz * (1 << 16) / SAMPLES_A_S)
        return 20 * np.log10(spectrum[at - 20 : at + 20].max())

    fundamental = level_db(burst.pitch_hz)
    assert all(abs(level_db(number * burst.pitch_hz) - fundamental) <= 15.0 for number in (2, 3, 4, 5))


def test_a_burst_is_a_wav_file():
    with wave.open(io.BytesIO(wav(BURSTS[Priority.HIGH]))) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, SAMPLES_A_S)
        assert reader.getnframes() == len(samples(BURSTS[Priority.HIGH]))


# --- through Kivy's provider -------------------------------------------------------------------------------

PLAY = """
from tosca_kiosk.kiosk.main_loop import environment
environment.prepare(offscreen=True)
import threading
from tosca_kiosk.kiosk.alarms.sound import KivyPlayer
from tosca_kiosk.kiosk.alarms.alarm import Priority
player = KivyPlayer()
print(player.ready)
player.play(Priority.MEDIUM)
threading.Event().wait(0.4)
player.stop()
"""


def played(monkeypatch, driver, heard):
    monkeypatch.setenv("SDL_AUDIODRIVER", driver)
    monkeypatch.setenv("SDL_DISKAUDIOFILE", str(heard))
    run = subprocess.run([sys.executable, "-c", PLAY], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()[-1]


@pytest.mark.process
def test_where_there_is_a_sound_device_the_burst_reaches_it(monkeypatch, tmp_path):
    heard = tmp_path / "heard.raw"
    assert played(monkeypatch, "disk", heard) == "True"
    assert np.abs(np.fromfile(heard, "<i2").astype(int)).max() > 10000


@pytest.mark.process
def test_where_there_is_none_the_player_says_so_and_nothing_breaks(monkeypatch, tmp_path):
    assert played(monkeypatch, "no-such-driver", tmp_path / "heard.raw") == "False"
