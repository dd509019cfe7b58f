"""The offscreen stage for everything that is drawn."""

import pytest

from tosca_kiosk.kiosk.main_loop import environment

environment.prepare(offscreen=True)


@pytest.fixture
def stage():
    """An empty dark window at rest."""
    from tests.kiosk.stage import the_stage  # noqa: PLC0415 -- tests without a picture need no window

    stage = the_stage()
    stage.reset()
    return stage
