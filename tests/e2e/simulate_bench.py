"""`tosca-kiosk simulate` as a program of its own, and a hand on its world."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.treat_bench import start

END_WITHIN_S = 10.0


@contextmanager
def simulating(*words: str | Path, end_with: signal.Signals = signal.SIGINT) -> Iterator[dict[str, str]]:
    """Run the command and yield the paths it prints; it must end in order, silently, with exit code 0."""
    with start("simulate", *words) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
            process.send_signal(end_with)
            rest, complaints = process.communicate(timeout=END_WITHIN_S)
            assert (process.returncode, rest, complaints) == (0, "", "")
        finally:
            process.kill()


def tell(input_socket: Path, **changes: object) -> None:
    """Change the simulated world from outside; `__` in a name stands for the dot of the path."""
    wanted = {name.replace("__", "."): value for name, value in changes.items()}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(json.dumps(wanted).encode(), str(input_socket))
