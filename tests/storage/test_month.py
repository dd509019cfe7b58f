"""`benchmarks.bench.month`: what it reckons from a few sessions, and which backups it takes to be left."""

from __future__ import annotations

from benchmarks.bench.month import Sizes, kept_backups, rows


def test_left_are_the_newest_of_each_day_and_all_of_the_last(tmp_path):
    assert kept_backups(tmp_path, days=3, a_day=4) == [3, 7, 8, 9, 10, 11]


def test_a_month_is_the_record_its_folders_and_the_record_as_it_was_at_each_backup():
    sizes = Sizes(empty=10_000_000, added=1_000_000, journal=4_000_000, folder=5_000_000)
    found = {row.what: row.value for row in rows(sizes, [1, 2], sessions=3)}
    assert found["the month: the record"] == 0.013
    assert found["the sessions' folders"] == 0.015
    assert found["2 backups of the record"] == 0.023
    assert round(found["all of it"], 9) == 0.051
