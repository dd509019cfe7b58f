"""How much processor time one drawing of the treatment under light takes, with stills and without.

    python tests/kiosk/measure_stills.py

Says what `widgets/still.py` is for; without a gain it must go.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec

from tosca_kiosk.kiosk.main_loop import environment

environment.prepare(offscreen=True)

from kivy.graphics.opengl import glFinish  # noqa: E402 -- after the environment

from tests.kiosk.loudspeaker import Loudspeaker  # noqa: E402
from tests.kiosk.screens.scenes import SCENES, put  # noqa: E402
from tests.kiosk.stage import the_stage  # noqa: E402
from tosca_kiosk.config import bundled, load_config  # noqa: E402
from tosca_kiosk.kiosk.alarms.sound import AlarmSound  # noqa: E402
from tosca_kiosk.kiosk.main_loop.shell import Shell  # noqa: E402
from tosca_kiosk.kiosk.panel.panel import UiPanel  # noqa: E402
from tosca_kiosk.kiosk.presenter import Presenter  # noqa: E402
from tosca_kiosk.kiosk.services import Record, Worker  # noqa: E402
from tosca_kiosk.link.client import ControlLink  # noqa: E402

DRAWINGS = 100
NOT_YET_QUIET = 20
SCENE = "treatment_emitting"


class Unstilled:
    """Leaves a part where it is: drawn anew each time."""

    def place(self, *box):
        """Nothing is to be placed."""


def one_drawing_s(presenter):
    """Return the median of the processor time that a drawing takes; the trend moves in each."""
    stage, times_s = the_stage(), []
    shell = Shell(presenter, print, AlarmSound(Loudspeaker()))
    shell.panel.attach(stage.window)
    put(shell, SCENE)
    stage.turn(5)
    scene = SCENES[SCENE]
    for number in range(DRAWINGS):
        now_s = scene.now_s + 0.06 * number
        live = msgspec.structs.replace(scene.telemetry, mono_s=now_s, measured_w=4.4 + 0.01 * (number % 7))
        shell.show(replace(scene, now_s=now_s, telemetry=live))
        stage.turn()
        begun_s = time.process_time()
        stage.window.canvas.ask_update()
        stage.window.dispatch("on_draw")
        glFinish()
        times_s.append(time.process_time() - begun_s)
    shell.panel.detach()
    return median(times_s[NOT_YET_QUIET:])


def main():
    worker = Worker()
    with tempfile.TemporaryDirectory() as data:
        record = Record(load_config(bundled("simulated.yaml")), Path(data))
        presenter = Presenter(record, worker, ControlLink(Path(data) / "no.sock"), lambda: None)
        with_stills_s = one_drawing_s(presenter)
        UiPanel._still = lambda _panel, _part: Unstilled()
        without_s = one_drawing_s(presenter)
    worker.close()
    sys.stdout.write(f"with stills {with_stills_s * 1e3:.1f} ms, without {without_s * 1e3:.1f} ms\n")


if __name__ == "__main__":
    main()
