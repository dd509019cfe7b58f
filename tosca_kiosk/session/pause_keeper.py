"""Whether the session that runs in this process is paused, kept in its row beside whoever ticks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Self

from tosca_kiosk.domain.situations import is_paused
from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.storage import StorageError

_TRY_AGAIN_S: Final = 1.0


class PauseKeeper:
    """Follows a session's states. A record that is busy holds up no tick and ends nothing: it is told later.

    keep: writes into the row. say: tells a person what could not be written. waits: for ticks on a clock that
    stands still meanwhile, so that what stands in the record does not depend on the disk: what is not taken
    then waits for the next change, or each tick would wait for it anew. It is for whoever looks at the row:
    nothing is decided by it. Close it before the session's row is closed, or its thread may find that closed.
    """

    def __init__(
        self, keep: Callable[[bool], object], say: Callable[[str], object], *, waits: bool = False
    ) -> None:
        self._keep = keep
        self._say = say
        self._waits = waits
        self._paused = self._kept = False
        self._closing = False
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, state: State) -> None:
        """Have the row say what this state says; call it every tick."""
        paused = is_paused(state.phase, state.elapsed_s, finished=state.finished)
        if paused == self._paused or not (paused or state.phase in (Phase.ARMED, Phase.TREATING)):
            return
        self._paused = paused
        if self._waits:
            self._bring()
            return
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pause-keeper", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End; what the record has not taken by then, its session's end overwrites."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(None if self._kept == self._paused else _TRY_AGAIN_S)
            self._wake.clear()
            if not self._closing and self._kept != self._paused:
                self._bring()

    def _bring(self) -> None:
        paused = self._paused
        try:
            self._keep(paused)
            self._kept = paused
        except StorageError as error:
            self._say(f"Warning: the session's pause is not in the record yet: {error}")
