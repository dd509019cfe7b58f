"""What must be set before Kivy is imported; nothing else may import Kivy first.

Source of the settings: each is explained where Kivy's default would hurt a kiosk.
"""

from __future__ import annotations

import os
import sys

PANEL_DPI = 149.5
"""A 10.1 inch panel of 1280 x 800."""
PANEL_PX = (1280, 800)
TOUCH_INPUT = "mouse,disable_multitouch"


class KivyTooEarlyError(RuntimeError):
    """Kivy was imported before its environment was set; its settings can no longer be changed."""


def prepare(
    *,
    dpi: float = PANEL_DPI,
    windowed: bool = False,
    offscreen: bool = False,
    size_px: tuple[int, int] = PANEL_PX,
    touch_input: str = TOUCH_INPUT,
) -> None:
    """Set Kivy's environment and configuration, once, before its first import.

    dpi: of the panel; makes Kivy's mm() exact. windowed: a window of size_px instead of the whole panel.
    offscreen: no display is needed (EGL). touch_input: Kivy's one input provider; two would report every
    finger twice.
    Raises KivyTooEarlyError if Kivy is already imported.
    """
    if "kivy" in sys.modules:
        raise KivyTooEarlyError(
            "environment: Kivy is already imported; call prepare() before any import of it"
        )
    os.environ.update(_variables(dpi, offscreen))
    from kivy.config import Config  # noqa: PLC0415 -- Kivy reads the environment when it is imported

    for section, option, value in _settings(windowed or offscreen, size_px):
        Config.set(section, option, value)
    for option in Config.options("input"):
        Config.remove_option("input", option)
    Config.set("input", "panel", touch_input)


def _variables(dpi: float, offscreen: bool) -> dict[str, str]:
    variables = {
        "KIVY_NO_ARGS": "1",  # our command line is not Kivy's
        "KIVY_NO_CONFIG": "1",  # a file in the home directory must not change a cart
        "KIVY_NO_FILELOG": "1",
        "KIVY_LOG_MODE": "PYTHON",  # Kivy's own handler would swallow a crash
        "KIVY_AUDIO": "sdl2",  # the one that comes with Kivy; others are looked for in seconds
        "SDL_MOUSE_FOCUS_CLICKTHROUGH": "1",  # a touch that also gives the window its focus counts
        "KIVY_DPI": str(dpi),
        "KIVY_METRICS_DENSITY": "1",
        "KIVY_METRICS_FONTSCALE": "1",
    }
    return variables | ({"SDL_VIDEODRIVER": "offscreen"} if offscreen else {})


def _settings(windowed: bool, size_px: tuple[int, int]) -> list[tuple[str, str, str]]:
    width_px, height_px = size_px
    return [
        ("graphics", "multisamples", "0"),  # the default 2 costs a third of the drawings a second in software
        ("graphics", "width", str(width_px)),
        ("graphics", "height", str(height_px)),
        ("graphics", "fullscreen", "0" if windowed else "auto"),
        ("graphics", "borderless", "0" if windowed else "1"),
        ("graphics", "resizable", "0"),
        ("graphics", "show_cursor", "1" if windowed else "0"),
        ("graphics", "allow_screensaver", "0"),
        # How often touches are read; the window is drawn in every second round, where something has changed.
        ("graphics", "maxfps", "64"),
        ("kivy", "exit_on_escape", "0"),
        ("kivy", "pause_on_minimize", "0"),
        ("kivy", "log_level", "warning"),
    ]
