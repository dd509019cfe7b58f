"""Draws every widget in both themes, to be looked at: python -m tests.kiosk.draw_gallery FOLDER."""

import sys
from pathlib import Path

from tosca_kiosk.kiosk.main_loop import environment

environment.prepare(offscreen=True)

from tests.kiosk.gallery import WIDGETS, cut_out, put_up  # noqa: E402 -- after the environment
from tests.kiosk.golden import write  # noqa: E402
from tests.kiosk.stage import the_stage  # noqa: E402
from tosca_kiosk.kiosk.look.tokens import THEMES  # noqa: E402


def main(folder):
    stage = the_stage()
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        for name in WIDGETS:
            ground, _ = put_up(stage, name, theme)
            write(folder / f"{name}_{theme}.png", cut_out(stage, ground))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
