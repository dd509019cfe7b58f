"""The signals that ask a process to end in order: Ctrl-C, the service manager's, the end of the terminal."""

from __future__ import annotations

import signal
from typing import Final

END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""One kind: whatever ends a process that gives light, or watches one that does, ends it in the same order."""


class StopRequest:
    """Set by each of them from the moment it is made; a loop looks at `asked` between two turns."""

    def __init__(self) -> None:
        self.asked = False
        for number in END_SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
