"""Draws every scene, names what breaks a rule: python -m tests.kiosk.screens.draw_screens FOLDER."""

import sys
import tempfile
from pathlib import Path

from tosca_kiosk.kiosk.main_loop import environment

environment.prepare(offscreen=True)

from tests.kiosk.audit import audit  # noqa: E402 -- after the environment
from tests.kiosk.golden import write  # noqa: E402
from tests.kiosk.loudspeaker import Loudspeaker  # noqa: E402
from tests.kiosk.screens.scenes import SCENES, put  # noqa: E402
from tests.kiosk.stage import the_stage  # noqa: E402
from tosca_kiosk.config import bundled, load_config  # noqa: E402
from tosca_kiosk.kiosk.alarms.sound import AlarmSound  # noqa: E402
from tosca_kiosk.kiosk.main_loop.shell import Shell  # noqa: E402
from tosca_kiosk.kiosk.presenter import Presenter  # noqa: E402
from tosca_kiosk.kiosk.services import Record, Worker  # noqa: E402
from tosca_kiosk.link.client import ControlLink  # noqa: E402


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    stage = the_stage()
    worker = Worker()
    with tempfile.TemporaryDirectory() as data:
        record = Record(load_config(bundled("simulated.yaml")), Path(data))
        presenter = Presenter(record, worker, ControlLink(Path(data) / "no.sock"), lambda: None)
        shell = Shell(presenter, print, AlarmSound(Loudspeaker()))
        shell.panel.attach(stage.window)
        for theme in ("dark", "light"):
            for name in SCENES:
                put(shell, name, theme=theme)
                stage.turn(5)
                write(folder / f"{name}_{theme}.png", stage.picture())
                for problem in audit(stage, shell.panel):
                    sys.stdout.write(f"{theme} {name}: {problem}\n")
    worker.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
