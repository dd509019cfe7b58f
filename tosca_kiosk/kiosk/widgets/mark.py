"""A pictogram as a widget."""

from __future__ import annotations

from kivy.properties import StringProperty

from tosca_kiosk.kiosk.look.theme import look
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted


class UiMark(Painted):
    """A mark of `marks.MARKS`, as large as the widget's shorter side, centred."""

    mark = StringProperty("")
    ink = StringProperty("text")
    repaint_on = ("mark", "ink")

    def build(self) -> None:
        self._picture = Pictogram(self.canvas)

    def paint(self) -> None:
        side = min(self.size)
        self._picture.put(
            self.mark, (self.center_x - side / 2, self.center_y - side / 2, side), look.rgba(self.ink)
        )
