"""A camera process whose picture is not live while treating ends the light 1 s after its last new picture."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.standin_kiosk import StandInKiosk
from tests.control.control_bench import running_control
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.kiosk.snapshot.picture import PictureSource
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import FRAMES_FILE

pytestmark = pytest.mark.process

STAYS_S = 1.0
"""The age of a picture up to which light may go on."""


@pytest.fixture
def runtime():
    """A path short enough for sockets, which tmp_path may not be."""
    path = Path(tempfile.mkdtemp(prefix="tosca-test-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def config(tmp_path):
    return warm_config_file(tmp_path, "simulated")


@pytest.fixture
def control(config, runtime):
    with running_control(config, runtime) as running:
        yield running


@pytest.fixture
def kiosk(control):
    made = StandInKiosk(control.socket_path, control.record)
    yield made
    made.link.close()


@contextmanager
def camera_process(config, runtime, **options):
    command = [sys.executable, "-m", "tosca_kiosk", "camera", "--config", str(config)]
    command += ["--runtime", str(runtime), "--parent", str(os.getpid())]
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def open_session(kiosk, folder):
    folder.mkdir()
    kiosk.prepare()
    assert kiosk.open(folder) is None


def treat(kiosk, control):
    kiosk.arm()
    control.judge.set("pedal.pressed", True)
    kiosk.until(lambda tick: tick.beam == "emitting" and tick.measured_w > 4.0)


def ages_s(folder):
    """Return the picture's age at every tick of the journal that knows one, and whether light was wanted."""
    reader = ChainReader((folder / JOURNAL_NAME).read_bytes())
    ticks = [msgspec.json.decode(tick, type=TickLine) for tick in reader.ticks_json()]
    return [
        (tick.i.now_s - tick.i.frame_s, tick.o.laser_output) for tick in ticks if tick.i.frame_s is not None
    ]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_lost_camera_process_ends_the_light_and_the_next_one_lets_it_go_on(
    control, kiosk, config, runtime, tmp_path, number
):
    folder = tmp_path / "session"
    with camera_process(config, runtime) as camera:
        open_session(kiosk, folder)
        treat(kiosk, control)
        camera.send_signal(number)
        lost = kiosk.until(lambda tick: tick.phase == "fault")
    assert lost.faults == ("camera",)
    control.judge.until(lambda answer: answer["true_power_w"] == 0.0)
    assert not kiosk.until(lambda tick: not tick.lamps["camera"]).lamps["camera"]
    seen = ages_s(folder)
    assert all(age_s <= STAYS_S for age_s, lit in seen if lit)
    (dark_at_s,) = [later[0] for earlier, later in pairwise(seen) if earlier[1] and not later[1]]
    assert dark_at_s > STAYS_S, "a camera that hesitates ends nothing"

    control.judge.set("pedal.pressed", False)
    with camera_process(config, runtime):
        kiosk.go_on()
        kiosk.until(lambda tick: not tick.refusals)


@pytest.mark.parametrize("path", ["camera.repeats", "camera.dark"], ids=["repeats", "black"])
def test_a_picture_that_repeats_ends_the_light_though_counter_and_time_run(
    control, kiosk, config, runtime, tmp_path, path
):
    folder, pictures = tmp_path / "session", PictureSource(runtime)
    with camera_process(config, runtime):
        open_session(kiosk, folder)
        treat(kiosk, control)
        assert live(pictures)
        control.judge.set(path, True)
        lost = kiosk.until(lambda tick: tick.phase == "fault")
        assert lost.faults == ("camera",)
        control.judge.until(lambda answer: answer["true_power_w"] == 0.0)
        assert not live(pictures), "nor does the screen take it for one"
        control.judge.set("pedal.pressed", False)
        if path == "camera.dark":
            kiosk.until(lambda tick: "camera_covered" in tick.refusals)
        control.judge.set(path, False)
        kiosk.go_on()
        kiosk.until(lambda tick: not tick.refusals)
    pictures.close()
    seen = ages_s(folder)
    assert all(age_s <= STAYS_S for age_s, lit in seen if lit)


def mono_s():
    clock = RealClock()
    return clock.start_s + clock.now_s()


def live(pictures):
    now_s = mono_s()
    picture = pictures.newest(now_s, wanted=True)
    return picture is not None and picture.live(now_s)


def test_frames_that_can_be_found_no_more_end_the_light_and_every_process_says_why(
    control, kiosk, config, runtime, tmp_path
):
    """Nobody can cut what is in use; but the link to it can be removed or replaced."""
    path, pictures = runtime / FRAMES_FILE, PictureSource(runtime)

    def lost(tick):
        pictures.newest(mono_s(), wanted=True)
        return pictures.problem is not None

    with camera_process(config, runtime, stderr=subprocess.PIPE, text=True) as camera:
        open_session(kiosk, tmp_path / "session")
        treat(kiosk, control)
        assert live(pictures)
        for shared in (path, Path(kiosk.link.hello.ring)):
            with pytest.raises(PermissionError):
                os.truncate(shared, 0)
        kiosk.wait(1.2)
        assert kiosk.link.latest().beam == "emitting"
        path.unlink()
        path.write_bytes(bytes(1 << 20))
        assert kiosk.until(lambda tick: tick.phase == "fault").faults == ("camera",)
        control.judge.until(lambda answer: answer["true_power_w"] == 0.0)
        _, said = camera.communicate()
        assert camera.returncode == 1
        assert f"{path}: was removed or replaced while in use" in said
    kiosk.until(lost)
    assert pictures.problem.startswith("the camera's memory was lost")
    pictures.close()
    assert control.process.poll() is None


def test_without_a_camera_process_nothing_is_armed(control, kiosk, tmp_path):
    open_session(kiosk, tmp_path / "session")
    refused = kiosk.until(lambda tick: tick.phase == "ready" and "camera_to_arm" in tick.refusals)
    assert not refused.lamps["camera"]
