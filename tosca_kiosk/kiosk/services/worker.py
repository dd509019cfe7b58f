"""One thread for everything that would hold up the main loop: the database, backups, imports and PIN hashes.

Jobs run one after the other in the order of their submission; what came of them is handed over in `poll`,
in the caller's thread, so that only the main thread ever touches a widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

Result = TypeVar("Result")
_Failed = Callable[[Exception], None]
_Delivery = Callable[[], None]


class Worker:
    """Runs jobs in its own thread. Close it, or the thread waits for ever."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], _Delivery] | None] = SimpleQueue()
        self._results: SimpleQueue[_Delivery] = SimpleQueue()
        self._pending = 0
        self._thread = threading.Thread(target=self._run, name="kiosk-record", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """How many jobs have not been delivered yet."""
        return self._pending

    def submit(self, job: Callable[[], Result], done: Callable[[Result], None], failed: _Failed) -> None:
        """Run job in the thread; a later `poll` calls done with its result or failed with its error."""

        def run() -> _Delivery:
            try:
                result = job()
            except Exception as error:  # whatever it is, it is told to the one who asked
                problem = error
                return lambda: failed(problem)
            return lambda: done(result)

        self._pending += 1
        self._jobs.put(run)

    def poll(self) -> None:
        """Deliver what has been finished since the last call."""
        while True:
            try:
                delivery = self._results.get_nowait()
            except Empty:
                return
            self._pending -= 1
            delivery()

    def wait(self, timeout_s: float) -> bool:
        """Wait until a result is there to be polled, and poll; False when none came in time."""
        try:
            delivery = self._results.get(timeout=timeout_s)
        except Empty:
            return False
        self._pending -= 1
        delivery()
        self.poll()
        return True

    def close(self) -> None:
        """Finish the jobs that were submitted and end the thread; results not polled are dropped."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(job())
