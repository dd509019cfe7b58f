"""What all screens share: repainted from the frame's snapshot, and only where it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kivy.lang import Builder
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.frame import UiFrame
from tosca_kiosk.kiosk.look import px
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.state import KioskState
from tosca_kiosk.kiosk.tokens import PRIMARY_MM, TARGET_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.keyboard import UiKeyboard

ACTION_MM = 44.0
"""Width of an action in the bar, unless it says otherwise."""


def load_layout(module_file: str) -> None:
    """Read the `view.kv` beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_name("view.kv")))


class KioskScreen(BoxLayout):
    """A screen in the frame. actions: what stands in the action bar, left to right."""

    def __init__(self, presenter: Presenter, frame: UiFrame, **kwargs: Any) -> None:
        self.presenter = presenter
        self.frame = frame
        self.actions: list[Widget] = []
        self._shown: Any = None
        super().__init__(**kwargs)

    @staticmethod
    def view(state: KioskState) -> Any:
        """The screen's view model: from the snapshot to what is shown."""
        raise NotImplementedError

    def update(self, state: KioskState) -> None:
        """Repaint where the view differs from the one shown."""
        view = self.view(state)
        if view != self._shown:
            self._shown = view
            self.show_view(view)

    def show_view(self, view: Any) -> None:
        """Put a view into the widgets."""

    def entered(self) -> None:
        """The screen is shown from now on; what it showed before is forgotten."""
        self._shown = None


def action(
    text: str,
    on_tap: Callable[[], object],
    *,
    mark: str = "",
    kind: str = "secondary",
    width_mm: float | None = ACTION_MM,
    acts_on: str = "up",
) -> UiButton:
    """Return a button of the action bar; width_mm None: as wide as there is room."""
    button = UiButton(text=text, mark=mark, kind=kind, acts_on=acts_on)
    if width_mm is not None:
        button.size_hint_x = None
        button.width = px(max(width_mm, PRIMARY_MM if kind == "primary" else TARGET_MM))
    button.bind(on_tap=lambda _button: on_tap())
    return button


def strong(named: Any) -> Widget:
    """Return a widget of `ids` itself: a screen's ids alone do not keep what is out of the tree alive."""
    widget: Widget = named.__self__
    return widget


def room() -> Widget:
    """Return nothing, as wide as there is room."""
    return Widget()


def ask_text(
    frame: UiFrame,
    caption: str,
    value: str,
    accepted: Callable[[str], object],
    *,
    check: Callable[[str], str | None] | None = None,
    letters: str = "upper",
    max_length: int = 40,
) -> UiKeyboard:
    """Open the keyboard; accepted is called with the text, nothing happens where it is cancelled."""
    keyboard = UiKeyboard(caption=caption, value=value, check=check, letters=letters, max_length=max_length)

    def accept(_keyboard: UiKeyboard, text: str) -> None:
        frame.close_sheet(keyboard)
        accepted(text)

    keyboard.bind(on_accept=accept, on_cancel=lambda _keyboard: frame.close_sheet(keyboard))
    frame.open_sheet(keyboard)
    return keyboard
