"""A camera process that is killed or frozen while treating ends the light 1 s after its last frame."""

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
from control_bench import running_control, warm_config
from standin_kiosk import StandInKiosk

from tosca_kiosk.control.journal import JOURNAL_NAME
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine

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
    return warm_config(tmp_path, "simulated")


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
def camera_process(config, runtime):
    command = [sys.executable, "-m", "tosca_kiosk", "camera", "--config", str(config)]
    command += ["--runtime", str(runtime), "--parent", str(os.getpid())]
    with subprocess.Popen(command) as process:
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


def test_without_a_camera_process_nothing_is_armed(control, kiosk, tmp_path):
    open_session(kiosk, tmp_path / "session")
    refused = kiosk.until(lambda tick: tick.phase == "ready" and "camera_to_arm" in tick.refusals)
    assert not refused.lamps["camera"]
