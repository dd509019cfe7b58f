"""What a screen shows and asks for needs no Kivy, so that it can be tried and driven without a window."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tosca_kiosk.kiosk.presenter.registry import ROWS

ROOMS = ("alarms", "desk", "presenter", "services", "snapshot")
CODE = """
import pkgutil, sys
from importlib import import_module
from tosca_kiosk import kiosk
for room in {rooms}:
    folder = import_module("tosca_kiosk.kiosk." + room)
    for module in pkgutil.iter_modules(folder.__path__, folder.__name__ + "."):
        import_module(module.name)
for screen in {screens}:
    for module in ("form", "part", "view_model"):
        import_module("tosca_kiosk.kiosk.screens." + screen + "." + module)
for module in ("look.tokens", "look.wording", "look.refusals", "panel.surroundings", "app"):
    import_module("tosca_kiosk.kiosk." + module)
print(sorted(name for name in sys.modules if name.partition(".")[0] == "kivy"))
"""


@pytest.mark.process
def test_nothing_but_looks_imports_kivy():
    code = CODE.format(rooms=ROOMS, screens=[row.name for row in ROWS])
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[]\n", "")
