"""A camera process whose picture is not live while treating ends the light 1 s after its last new picture."""

import os
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
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.kiosk.snapshot.picture import PictureSource
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import FRAMES_FILE

pytestmark = pytest.mark.process

STAYS_S = 1.0
"""The age of a picture up to which light may go on."""


@contextmanager
def bench(folder):
    """A control that has no camera process yet, and a kiosk that is not connected yet."""
    # A path short enough for sockets, which the folder's may not be.
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder, "simulated"), Path(runtime)) as control,
    ):
        kiosk = StandInKiosk(control.socket_path, control.record)
        yield control, kiosk, folder / "session"
        kiosk.link.close()


beside = SideBySide(bench)


@contextmanager
def camera_process(control, **options):
    config, runtime = str(control.record.config.source), str(control.runtime)
    command = [sys.executable, "-m", "tosca_kiosk", "camera", "--config", config]
    command += ["--runtime", runtime, "--parent", str(os.getpid())]
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


@beside.cases([(signal.SIGKILL,), (signal.SIGSTOP,)])
def test_a_lost_camera_process_ends_the_light_and_the_next_one_lets_it_go_on(control, kiosk, folder, number):
    with camera_process(control) as camera:
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
    with camera_process(control):
        kiosk.go_on()
        kiosk.until(lambda tick: not tick.refusals)


@beside.cases([("camera.repeats",), ("camera.dark",)])
def test_a_picture_that_repeats_ends_the_light_though_counter_and_time_run(control, kiosk, folder, path):
    pictures = PictureSource(control.runtime)
    with camera_process(control):
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


@beside.test
def test_frames_that_can_be_found_no_more_end_the_light_and_every_process_says_why(control, kiosk, folder):
    """Nobody can cut what is in use; but the link to it can be removed or replaced."""
    path, pictures = control.runtime / FRAMES_FILE, PictureSource(control.runtime)

    def lost(tick):
        pictures.newest(mono_s(), wanted=True)
        return pictures.problem is not None

    with camera_process(control, stderr=subprocess.PIPE, text=True) as camera:
        open_session(kiosk, folder)
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


@beside.test
def test_without_a_camera_process_nothing_is_armed(control, kiosk, folder):
    open_session(kiosk, folder)
    refused = kiosk.until(lambda tick: tick.phase == "ready" and "camera_to_arm" in tick.refusals)
    assert not refused.lamps["camera"]
