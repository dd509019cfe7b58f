"""Keys of a keyboard that somebody plugs in: none of them does anything on a cart.

Kivy's own keys (F1 its settings, Escape the end) and those of a window's menu would take the screen away.
"""

from __future__ import annotations

from typing import Any


def ignore_keys(window: Any) -> None:
    """Take every key before Kivy or the application does; Kivy's handlers come after those bound here."""
    window.bind(on_key_down=_taken, on_keyboard=_taken, on_key_up=_taken, on_textinput=_taken)


def refuse_to_close(window: Any) -> None:
    """Refuse what closes a window: Alt+F4 and a window manager's menu."""
    window.bind(on_request_close=_taken)


def _taken(*_: Any, **__: Any) -> bool:
    return True
