"""The content area: one screen, sheets upon it, at most one lock upon all."""

from __future__ import annotations

from typing import Any

from kivy.input.motionevent import MotionEvent
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.widgets.sheet import UiSheet


class Content(FloatLayout):
    """Only what can be seen is in the tree, and only the top layer is touched."""

    __events__ = ("on_layers",)

    def __init__(self, **kwargs: Any) -> None:
        self.screen: Widget | None = None
        self.sheets: list[UiSheet] = []
        self.lock: Widget | None = None
        super().__init__(**kwargs)

    @property
    def top_layer(self) -> Widget | None:
        """The layer that is touched."""
        return self.lock or (self.sheets[-1] if self.sheets else self.screen)

    def show(self, screen: Widget) -> None:
        self.screen = screen
        self.sheets.clear()
        self._arrange()

    def open(self, sheet: UiSheet) -> None:
        if sheet not in self.sheets:
            self.sheets.append(sheet)
            self._arrange()

    def close(self, sheet: UiSheet) -> None:
        if sheet in self.sheets:
            self.sheets.remove(sheet)
            self._arrange()

    def cover(self, layer: Widget | None) -> None:
        self.lock = layer
        self._arrange()

    def do_layout(self, *_: Any) -> None:
        """Give every layer the whole area."""
        for layer in self.children:
            layer.size = self.size
            layer.pos = self.pos

    def on_layers(self) -> None:
        """What is on top may have changed."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if self.top_layer is not None:
            self.top_layer.dispatch("on_touch_down", touch)
        return True

    def _arrange(self) -> None:
        wanted = self._visible()
        if [*reversed(self.children)] != wanted:
            for layer in [layer for layer in self.children if layer not in wanted]:
                self.remove_widget(layer)
            for at, layer in enumerate(wanted):
                if layer.parent is None:
                    self.add_widget(layer, index=len(self.children) - at)
        self.do_layout()
        self.dispatch("on_layers")

    def _visible(self) -> list[Widget]:
        """Return the layers from the topmost that covers all, upwards."""
        if self.lock is not None:
            return [self.lock]
        layers: list[Widget] = [*([self.screen] if self.screen else []), *self.sheets]
        covering = [at for at, layer in enumerate(layers) if getattr(layer, "covers", False)]
        return layers[covering[-1] :] if covering else layers
