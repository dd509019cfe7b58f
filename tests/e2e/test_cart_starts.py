"""A cart inside cage, as the unit starts it: what is lost comes back, and a fresh start finds its way."""

from __future__ import annotations

import pytest

from benchmarks.bench.cart_starts import WAYS, end_and_return
from benchmarks.rigs.caged_kiosk import caged_kiosk, missing

SHORT = ("kiosk ended by SIGTERM", "cage ended by SIGKILL", "supervisor ended by SIGKILL")
"""Where cage hides what happened, takes the screen along, or could stay alone; `make long` has all."""

pytestmark = [
    pytest.mark.process,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"needs {', '.join(missing())}"),
]


def test_each_process_that_is_lost_is_started_again_and_cage_is_left_to_nobody():
    with caged_kiosk() as kiosk:
        kiosk.start()
        for way in WAYS:
            if way.name in SHORT:
                end_and_return(kiosk, way)
        log = (kiosk.data_dir / "log" / "supervisor.log").read_text(encoding="utf-8")
        assert "kiosk: ended" in log
        kiosk.close()
        assert kiosk.ended() == 0
