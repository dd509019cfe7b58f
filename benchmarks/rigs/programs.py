"""Small Python programs that run beside a measurement, in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_program(
    code: str, *arguments: str, inherited: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Run a program that prints `ready` when it has begun; afterwards it has ended.

    inherited: file descriptors of this process that it goes on with.
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, pass_fds=inherited
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
