"""What is on the screen, for tests that touch it from outside: read-only, one JSON object a request.

Each connection gets one line: the screen's name, how often the window was drawn, the monotonic time at
which the screen's first drawing stood in it, and every widget that shows a text or takes a touch, as
{id, kind, box: [left, top, width, height] in window pixels from the upper left, text, state}.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.main_loop.shell import Shell

_STATES = ("disabled", "chosen", "state", "count", "value", "held_s", "holding", "priority", "held")


class OutsideView:
    """Listens at a path; `poll` answers who has connected."""

    def __init__(self, path: Path, shell: Shell, window: Any) -> None:
        path.unlink(missing_ok=True)
        self._shell = shell
        self._window = window
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))
        self._socket.listen(2)
        self._drawings = 0
        self._drawn: str | None = None
        self._first: tuple[str | None, float | None] = (None, None)
        window.bind(on_flip=self._draw)

    def _draw(self, _window: Any) -> None:
        self._drawings += 1
        self._drawn = self._shell.shown

    def poll(self, now_s: float) -> None:
        """Answer one connection, if there is one. now_s: the system's monotonic clock."""
        if self._drawn != self._first[0]:
            self._first = (self._drawn, now_s)
        try:
            asked, _ = self._socket.accept()
        except BlockingIOError:
            return
        with asked:
            asked.setblocking(True)
            asked.sendall(json.dumps(self._answer()).encode() + b"\n")

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _answer(self) -> dict[str, Any]:
        return {
            "screen": self._shell.shown,
            "drawings": self._drawings,
            "first_drawn_s": self._first[1] if self._first[0] == self._shell.shown else None,
            "widgets": list(self._widgets()),
        }

    def _widgets(self) -> Iterator[dict[str, Any]]:
        named = {}
        screen = self._shell.panel.screen
        if screen is not None:
            named = {widget.proxy_ref: name for name, widget in screen.ids.items()}
        for widget in self._shell.panel.walk():
            text = _text(widget)
            tappable = getattr(widget, "tappable", False)
            if text or tappable:
                yield {
                    "id": named.get(widget.proxy_ref, ""),
                    "kind": type(widget).__name__,
                    "tappable": bool(tappable),
                    "box": self._box(widget),
                    "text": text,
                    "state": {name: str(getattr(widget, name)) for name in _STATES if hasattr(widget, name)},
                }

    def _box(self, widget: Widget) -> list[float]:
        left, bottom = widget.to_window(widget.x, widget.y)
        return [left, self._window.height - bottom - widget.height, widget.width, widget.height]


def _text(widget: Widget) -> str:
    for name in ("text", "title", "name", "caption", "mark", "message"):
        text = getattr(widget, name, "")
        text = getattr(text, "text", text)  # a field's box has its caption as a widget
        if isinstance(text, str) and text:
            return text
    return ""
