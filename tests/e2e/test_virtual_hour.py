"""The virtual hour in short: all four real drivers at 100 Hz over the simulated wires, with light on."""

import pytest

from benchmarks.bench.virtual_hour import Hour, report, run

WHOLE = Hour(
    ticks=360_000,
    virtual_s=3600.0,
    wall_s=90.0,
    cpu_s=45.0,
    world_wall_s=20.0,
    poll_wall_s=20.0,
    not_ready_ticks=0,
    dark_ticks=0,
    dropped_bytes=0,
)


@pytest.mark.slow
def test_every_device_stays_ready_and_no_byte_is_lost():
    hour = run(3, seed=4)
    assert hour.ticks == 300
    assert abs(hour.virtual_s - 3.0) < 1e-6
    assert (hour.not_ready_ticks, hour.dark_ticks, hour.dropped_bytes) == (0, 0, 0)
    assert 0.0 < hour.world_wall_s + hour.poll_wall_s < hour.wall_s


def test_the_report_judges_time_and_wholeness():
    assert report(WHOLE) == 0
    assert report(WHOLE._replace(wall_s=90.1)) == 1
    assert report(WHOLE._replace(not_ready_ticks=1)) == 1
    assert report(WHOLE._replace(dark_ticks=1)) == 1
    assert report(WHOLE._replace(dropped_bytes=1)) == 1
