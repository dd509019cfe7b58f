"""Small Python programs that run beside a measurement, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ENDS_WITH_STARTER = """
import signal, sys
from tosca_kiosk.machine.realtime import end_with_parent
if not end_with_parent(int(sys.argv.pop(1)), signal.SIGKILL):
    sys.exit(1)
"""
"""Most of them never end by themselves, and whoever started one may be killed."""


@contextmanager
def running_program(
    code: str, *arguments: str, inherited: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """Run a program that prints `ready` when it has begun; afterwards it has ended.

    inherited: file descriptors of this process that it goes on with.
    """
    command = [sys.executable, "-c", _ENDS_WITH_STARTER + code, str(os.getpid()), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=inherited) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
