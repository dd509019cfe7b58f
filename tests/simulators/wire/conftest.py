"""The interlock board's cast: at rest, and with its gate closed."""

import pytest

from tests.simulators.wire.sim_board_rig import Rig


@pytest.fixture
def rig():
    return Rig()


@pytest.fixture
def firing(rig):
    rig.close_gate()
    return rig
