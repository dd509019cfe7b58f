"""The short form of the backup's campaign: everything in it runs, on a few megabytes."""

from __future__ import annotations

import pytest

from benchmarks.bench.backup import measure, rows
from tosca_kiosk.storage.backup import SYNCED_BYTES

MEGABYTES = 2.5 * SYNCED_BYTES / 1e6


@pytest.mark.process
def test_a_backup_is_measured_beside_as_long_a_time_at_rest(tmp_path):
    found = list(measure(tmp_path, MEGABYTES, times=2))
    assert len(found) == 2
    for backup, rest in found:
        assert 0.0 < backup.took_s <= rest.took_s
    written = (tmp_path / "laser_control.db").stat().st_size
    assert 0.9 * MEGABYTES <= written / 1e6 <= 1.2 * MEGABYTES
    told = [row.what for row in rows(found, MEGABYTES)]
    assert {"time, median", "slowest sync of another file, median"} <= set(told)
    assert not (tmp_path / "backups").exists()
