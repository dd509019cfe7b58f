"""On what a run was measured: figures of unlike computers are no comparison of two programs."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Final, NamedTuple

_CPUINFO: Final = Path("/proc/cpuinfo")
# In the order of how well they name it: x86 has the first, boards with ARM one of the others or none.
_NAMES: Final = ("model name", "Model", "Hardware")


class Computer(NamedTuple):
    """cores: that a program may use. kernel: its release, and how it may be preempted."""

    architecture: str
    cores: int
    processor: str
    system: str
    kernel: str
    python: str


def this_computer() -> Computer:
    """Return what this program runs on."""
    preemption = re.search(r"PREEMPT\w*", platform.version())
    return Computer(
        architecture=platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        processor=_processor(),
        system=platform.system(),
        kernel=" ".join([platform.release(), *([preemption[0]] if preemption else [])]),
        python=platform.python_version(),
    )


def in_words(computer: Computer) -> str:
    """Return one line."""
    return (
        f"{computer.processor} ({computer.architecture}), {computer.cores} cores, "
        f"{computer.system} {computer.kernel}, Python {computer.python}"
    )


def _processor() -> str:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "processor not told"
    told = dict(reversed([[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]))
    return next((told[name] for name in _NAMES if told.get(name)), "processor not told")
