"""Text that takes the height it needs, so that what follows stands close below it."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.kiosk.widgets.text import UiText


class UiFlowing(UiText):
    """Wrapped text; its height follows from its width and words, 0 without any."""

    repaint_on = ("texture_size", "text")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(wraps=True, size_hint_y=None, height=0, **kwargs)

    def paint(self) -> None:
        super().paint()
        self.text_size = (self.width, None)
        self.height = self.texture_size[1] if self.text else 0
