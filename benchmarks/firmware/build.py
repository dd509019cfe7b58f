"""Builds the interlock board's firmware and the programs that try it, into build/firmware (not in git)."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "hardware" / "firmware" / "interlock_board"
HARNESS = Path(__file__).parent / "harness"
BUILD = ROOT / "build" / "firmware"
TOOLS = ("make", "gcc", "g++", "pkg-config", "avr-g++", "avr-size", "avr-objcopy", "avr-nm")
SIMAVR_HEADER = Path("/usr/include/simavr/sim_avr.h")
PACKAGES = "configs/debian/packages-test.txt"


def missing_tools() -> list[str]:
    """Return the names of the programs and headers that a build needs and this machine lacks."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return missing if SIMAVR_HEADER.exists() else [*missing, str(SIMAVR_HEADER)]


@cache
def build() -> str:
    """Build what is not up to date, one process at a time; return what the compilers and size check said.

    Raises RuntimeError with their words where one fails, the firmware's size among the reasons.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return "".join(_make(folder) for folder in (FIRMWARE, HARNESS))


def _make(folder: Path, *variables: str) -> str:
    command = ["make", "--no-print-directory", "-C", str(folder), f"BUILD={BUILD}", *variables]
    # Make's own variables would hand this one the job server and the flags of a `make test` around it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{folder.name}: the build failed\n{done.stdout}{done.stderr}")
    return done.stdout


def sizes() -> dict[str, int]:
    """Return the bytes that the built firmware takes: flash, and RAM for its variables."""
    words = ["avr-size", "-A", str(BUILD / "interlock_board.elf")]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    by_section = {
        words[0]: int(words[1]) for words in map(str.split, lines) if len(words) == 3 and words[1].isdigit()
    }
    ram = sum(by_section.get(name, 0) for name in (".data", ".bss", ".noinit"))
    return {"flash": by_section[".text"] + by_section[".data"], "ram": ram}


def symbols() -> dict[str, int]:
    """Return the built firmware's symbols, without their namespaces, and their addresses on the chip."""
    words = ["avr-nm", "-C", str(BUILD / "interlock_board.elf")]
    lines = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    named = (line.split(maxsplit=2) for line in lines)
    data_space = 0x800000  # where the linker keeps RAM
    return {
        words[2].split("::")[-1].removesuffix("()"): int(words[0], 16) % data_space
        for words in named
        if len(words) == 3 and words[1] in "tTbBdD"
    }
