"""The board's driver at each kind of board; without the firmware's compilers the chip's half is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.firmware.boards import BOARD_KINDS
from tests.firmware.tools import build_or_skip
from tests.hardware.board_rig import Rig, rig


@pytest.fixture(
    params=[
        pytest.param(kind, marks=pytest.mark.process if kind == "firmware" else ()) for kind in BOARD_KINDS
    ]
)
def wired(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Yield a driver that was not polled yet."""
    if request.param == "firmware":
        build_or_skip()
    with rig(request.param) as made:
        yield made


@pytest.fixture
def ready(wired: Rig) -> Rig:
    """Return a driver whose link is ready."""
    wired.connect()
    return wired


@pytest.fixture
def treating(ready: Rig) -> Rig:
    """Return a driver that treats: the gate is closed."""
    ready.treat()
    ready.take_sent()
    return ready
