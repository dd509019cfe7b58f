"""What is set before Kivy, asked of fresh processes because it cannot be set twice."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

ASK = """
import json, sys
from tosca_kiosk.kiosk.main_loop import environment
environment.prepare({arguments})
from kivy.config import Config
from kivy.metrics import mm
print(json.dumps({{
    "mm": mm(25.4), "multisamples": Config.get("graphics", "multisamples"),
    "cursor": Config.get("graphics", "show_cursor"), "fullscreen": Config.get("graphics", "fullscreen"),
    "escape": Config.get("kivy", "exit_on_escape"), "input": dict(Config.items("input")),
    "window": "kivy.core.window" in sys.modules,
}}))
"""


def asked(arguments):
    run = subprocess.run(
        [sys.executable, "-c", ASK.format(arguments=arguments)], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout.splitlines()[-1])


def test_a_kiosk_is_full_screen_without_cursor_escape_or_second_input_provider():
    found = asked("")
    assert found == {
        "mm": pytest.approx(149.5),
        "multisamples": "0",
        "cursor": "0",
        "fullscreen": "auto",
        "escape": "0",
        "input": {"panel": "mouse,disable_multitouch"},
        "window": False,
    }


def test_a_window_shows_its_cursor_and_millimetres_follow_the_panel():
    found = asked("windowed=True, dpi=141.0")
    assert (found["cursor"], found["fullscreen"]) == ("1", "0")
    assert found["mm"] == pytest.approx(141.0)


def test_setting_it_after_kivy_was_imported_is_refused():
    code = "import kivy\nfrom tosca_kiosk.kiosk.main_loop import environment\nenvironment.prepare()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "call prepare() before any import" in run.stderr
