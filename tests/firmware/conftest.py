"""The firmware on its emulated chip; without the compilers the tests here are skipped, saying so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.firmware.chip import SimulatedBoardChip
from benchmarks.firmware.host import Host
from tests.firmware.tools import build_or_skip


@pytest.fixture(scope="session")
def firmware_build() -> str:
    """Return what the build said."""
    return build_or_skip()


@pytest.fixture
def chip(firmware_build: str) -> Iterator[SimulatedBoardChip]:
    """Yield a board that has just been switched on, in lock-step."""
    with SimulatedBoardChip() as chip:
        yield chip


@pytest.fixture
def host(chip: SimulatedBoardChip) -> Host:
    """Return a host at this board, of which the board knows nothing yet."""
    return Host(chip)


@pytest.fixture
def treating(host: Host) -> Host:
    """Return a host whose board has motor, vibration, wish and pedal, and so the gate closed."""
    host.close_gate()
    return host
