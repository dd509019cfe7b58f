"""A person at the panel: looks through the read-only test socket, touches by xdotool on its own Xvfb."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

LOOK_EVERY_S = 0.05
TAP_S = 0.08
NEEDED = ("Xvfb", "xdotool")


def missing():
    """Return the programs that are needed and not there."""
    return [name for name in NEEDED if shutil.which(name) is None]


def pause(seconds):
    """Let the processes go on for a while."""
    threading.Event().wait(seconds)


class Display:
    """An Xvfb of the panel's size; it chooses its own number."""

    def __init__(self):
        read, write = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as told:
            self.name = f":{told.readline().strip()}"

    def close(self):
        self._process.terminate()
        self._process.wait()


class Kiosk:
    """`tosca-kiosk run --windowed` in its own process group, `before` in front of its command line."""

    def __init__(self, display, data_dir, config_path, test_socket, before=()):
        self._log = (data_dir.parent / "run.log").open("wb")
        # Whoever draws widgets in this process has told Kivy and SDL how: that is not for a real kiosk.
        ours = {key: value for key, value in os.environ.items() if not key.startswith(("KIVY_", "SDL_"))}
        environment = ours | {"DISPLAY": display.name, "TOSCA_KIOSK_TEST_SOCKET": str(test_socket)}
        self._process = subprocess.Popen(
            [
                *(*before, sys.executable, "-m", "tosca_kiosk", "run", "--windowed"),
                *("--data-dir", str(data_dir), "--config", str(config_path)),
            ],
            env=environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process.poll() is None

    def close(self):
        if self.running():
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._log.close()


def look_at(test_socket):
    """Return what is shown, None while nobody answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(10)
            asking.connect(str(test_socket))
            with asking.makefile("rb") as answer:
                return json.loads(answer.readline() or b"null")
    except (OSError, ValueError):
        return None


class Panel:
    """touches: how often a finger went down on the screen, the simulated cart's own strip left out."""

    def __init__(self, display, test_socket):
        self._environment = dict(os.environ, DISPLAY=display.name)
        self._socket = Path(test_socket)
        self.touches = 0

    def look(self):
        """Return what is shown, None while nobody answers."""
        return look_at(self._socket)

    def wait(self, what, within_s, condition):
        """Look until the condition holds for what is seen; return what it gave."""
        seen = None
        for _ in range(round(within_s / LOOK_EVERY_S)):
            seen = self.look()
            found = condition(seen) if seen else None
            if found:
                return found
            pause(LOOK_EVERY_S)
        shown = seen and [widget["text"] for widget in seen["widgets"] if widget["text"]]
        raise AssertionError(f"{what}: not within {within_s} s; {seen and seen['screen']}: {shown}")

    def wait_screen(self, name, within_s=10.0):
        """Wait for a screen."""
        return self.wait(f"screen {name}", within_s, lambda seen: seen["screen"] == name)

    def wait_text(self, part, within_s=10.0):
        """Wait for a text that holds a part."""
        return self.wait(
            f"text {part!r}",
            within_s,
            lambda seen: any(part in widget["text"] for widget in seen["widgets"]),
        )

    def target(self, text, within_s=10.0):
        """Wait for something of this text that takes a touch now; return its middle."""
        widget = self.wait(f"{text!r} to touch", within_s, lambda seen: _target(seen, text))
        left, top, width, height = widget["box"]
        return round(left + width / 2), round(top + height / 2)

    def press(self, text, within_s=10.0):
        """Put the finger on something and leave it there."""
        x, y = self.target(text, within_s)
        self._xdotool("mousemove", x, y, "mousedown", 1)

    def lift(self):
        """Lift the finger."""
        self._xdotool("mouseup", 1)

    def tap(self, text, within_s=10.0):
        """Touch something and lift; it counts."""
        self.touches += 1
        self.press(text, within_s)
        pause(TAP_S)
        self.lift()
        pause(TAP_S)

    def hold(self, text, until, within_s=10.0):
        """Hold something until the condition holds; it counts."""
        self.touches += 1
        self.press(text, within_s)
        try:
            self.wait(f"{text!r} held", within_s, until)
        finally:
            self.lift()

    def pin(self, digits, then):
        """Type a PIN, each digit once, and wait for the screen or the text that follows it."""
        for digit in digits:
            self.tap(digit)
        assert self.shows(then, within_s=10.0), f"{then!r} does not follow the PIN; {self.counted()} are in"

    def counted(self):
        """Return how many digits the PIN pad has, as a text; None where no pad is shown."""
        seen = self.look()
        return next((w["state"]["count"] for w in seen["widgets"] if w["kind"] == "UiPinPad"), None)

    def keyboard(self, *keys):
        """Strike keys of a keyboard that a kiosk does not have."""
        for key in keys:
            self._xdotool("key", key)

    def shows(self, then, within_s):
        """Return whether a screen of this name or a text that holds this comes in time."""
        try:
            self.wait(
                then,
                within_s,
                lambda seen: (
                    seen["screen"] == then or any(then in widget["text"] for widget in seen["widgets"])
                ),
            )
        except AssertionError:
            return False
        return True

    def write(self, text):
        """Type a text on the keyboard."""
        for character in text:
            self._key("space" if character == " " else character)

    def _key(self, key):
        seen = self.look()
        if not _target(seen, key):
            self.tap("shift")
        self.tap(key)

    def _xdotool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=self._environment, check=True)


def _target(seen, text):
    """Return the widget of this text that takes a touch and is not off."""
    for widget in seen["widgets"]:
        named = widget["text"].removesuffix(" (required)") == text
        if named and widget["tappable"] and widget["state"].get("disabled") != "True":
            return widget
    return None
