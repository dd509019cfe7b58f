"""What all screens share on the panel: repainted from the present snapshot, and only where it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kivy.lang import Builder
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.panel.panel import UiPanel
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.kiosk.widgets.keyboard import UiKeyboard


def load_layout(module_file: str) -> None:
    """Read the `view.kv` beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_name("view.kv")))


class KioskScreen(BoxLayout):
    """A screen in the panel. part: its own, without Kivy. actions: of the action bar, left to right."""

    part: Any

    def __init__(self, desk: Desk, part: object, panel: UiPanel, **kwargs: Any) -> None:
        self.desk = desk
        self.part = part
        self.panel = panel
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

    def go(self, name: str) -> Callable[[], None]:
        """Return what a key does that goes to a screen."""
        return lambda: self.desk.router.go(name)

    def entered(self) -> None:
        """The screen is shown from now on; what it showed before is forgotten."""
        self._shown = None


def strong(named: Any) -> Widget:
    """Return a widget of `ids` itself: a screen's ids alone do not keep what is out of the tree alive."""
    widget: Widget = named.__self__
    return widget


def ask_text(
    panel: UiPanel,
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
        panel.close_sheet(keyboard)
        accepted(text)

    keyboard.bind(on_accept=accept, on_cancel=lambda _keyboard: panel.close_sheet(keyboard))
    panel.open_sheet(keyboard)
    return keyboard
