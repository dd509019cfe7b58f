"""The report's figures, verdict, missed periods, page and files, from a run that is made up."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.timing.timing_run_made import BEGAN_S, made_run
from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing import files, report, verdict
from tosca_kiosk.timing.page import page
from tosca_kiosk.timing.samples import COLUMNS, PARTS, SamplesError, column, read_rows, tick_ns, window
from tosca_kiosk.timing.statistics import spread_us
from tosca_kiosk.timing.witness import BARE_LOOP, Wakeups

LIMITS = TimingLimits()
NOTHING = Wakeups.of_one(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


def made(run, limits=LIMITS):
    return report.make(run, limits, None)


def judged(run, limits=LIMITS):
    return {each["what"]: each for each in made(run, limits)["judged"]}


# --- figures ------------------------------------------------------------------------------------------------


def test_percentiles_are_values_that_were_seen():
    spread = spread_us(np.arange(1, 1001) * 1000)
    assert spread == (500.0, 990.0, 999.0, 1000.0)


def test_a_tick_is_its_parts_without_the_simulated_world():
    rows = made_run().rows
    assert (tick_ns(rows) == rows[:, 5:].sum(axis=1)).all()
    assert "world" not in PARTS


def test_the_report_has_the_keys_of_the_command():
    keys = made(made_run())
    assert set(keys) >= {
        *("rate_hz", "seconds", "scheduling", "loads", "late_us", "tick_us", "missed"),
        *("missed_without_witness", "witness"),
    }
    assert set(keys["late_us"]) == set(keys["tick_us"]) == {"p50", "p99", "p999", "max"}
    assert set(keys["witness"]) == {"name", "p50", "p99", "p999", "max"}
    json.dumps(keys)


def test_rows_that_do_not_reach_over_the_window_are_refused():
    rows = made_run().rows
    with pytest.raises(SamplesError, match="did not tick"):
        window(rows, BEGAN_S - 5.0, BEGAN_S + 1.0)
    with pytest.raises(SamplesError, match="did not tick"):
        window(rows, BEGAN_S + 1.0, BEGAN_S + 100.0)


def test_a_window_begins_with_the_tick_before_it():
    found = column(window(made_run().rows, BEGAN_S + 1.0, BEGAN_S + 2.0), "woke")
    assert found[0] < (BEGAN_S + 1.0) * 1e9 <= found[1]
    assert found[-1] < (BEGAN_S + 2.0) * 1e9


def test_a_file_without_whole_rows_is_refused(tmp_path):
    path = tmp_path / "samples"
    np.zeros(len(COLUMNS) + 1, dtype=np.int64).tofile(path)
    with pytest.raises(SamplesError, match="are not rows"):
        read_rows(path)


# --- the verdict --------------------------------------------------------------------------------------------


def test_a_run_within_all_limits_holds():
    assert made(made_run())["verdict"] == verdict.HOLDS


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"late_us": 400.0}, "lateness p50, times the witness's"),
        ({"late_us": 400.0}, "lateness p99, times the witness's"),
        ({"part_us": 75.0}, "tick p50, of its period"),
        ({"part_us": 150.0}, "tick p99, of its period"),
        ({"missed_at": (500,)}, "missed periods the witness did not see"),
    ],
)
def test_each_limit_can_be_broken(changes, what):
    assert judged(made_run(**changes))[what]["verdict"] == verdict.OVER


@pytest.mark.parametrize(("rate_hz", "verdicts"), [(100, {verdict.HOLDS}), (1000, {verdict.OVER})])
def test_a_tick_is_judged_by_its_share_of_the_period(rate_hz, verdicts):
    """288 us are what a healthy machine needs at 100 Hz, where they are a thirtieth of the period."""
    run = made_run(part_us=41.2, rate_hz=rate_hz)
    found = [line for what, line in judged(run).items() if what.startswith("tick")]
    assert {line["verdict"] for line in found} == verdicts
    cost_us = made(run)["tick_us"]["p50"]
    assert cost_us == pytest.approx(288.0, abs=5.0)
    assert found[0]["value"] == round(cost_us * rate_hz / 1e4, 2)
    assert f"{cost_us} us of {1e6 / rate_hz}" in found[0]["why"]


def test_a_small_lateness_holds_whatever_the_witness_says():
    p99 = judged(made_run(late_us=40.0, witness_us=5.0))["lateness p99, times the witness's"]
    assert p99["value"] > LIMITS.late_p99_of_witness
    assert p99["verdict"] == verdict.HOLDS


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"standing": {"scheduling": "nice", "memory_locked": False, "priority": 0}}, "not under SCHED_FIFO"),
        ({"witness_name": BARE_LOOP}, "install cyclictest"),
        ({"witness": NOTHING}, "said nothing"),
    ],
)
def test_without_fifo_or_cyclictest_the_lateness_is_not_measured(changes, why):
    run = made_run(**changes)
    lines = judged(run)
    lateness = [line for what, line in lines.items() if not what.startswith("tick")]
    assert {line["verdict"] for line in lateness} == {verdict.NOT_MEASURED}
    assert all(why in line["why"] for line in lateness)
    assert made(run)["verdict"] == verdict.NOT_MEASURED
    assert "not measured" in page(run, made(run))


def test_the_tick_of_a_dark_run_is_not_judged():
    run = made_run()
    run.rows[:, COLUMNS.index("emitting")] = 0
    assert judged(run)["tick p50, of its period"]["verdict"] == verdict.NOT_MEASURED


# --- missed periods -----------------------------------------------------------------------------------------


def test_a_missed_period_tells_its_cause_and_what_ran_then():
    run = made_run(missed_at=(500, 1500))
    (first, second) = made(run)["missed_spans"]
    assert (first["periods"], first["slowest"], first["ran"]) == (2, "poll", {"cpu": "spinning"})
    assert second["ran"] == {"cpu": "spinning on"}
    assert made(run)["missed"] == 4
    assert made(run)["missed_without_witness"] == 4


def test_a_period_that_the_witness_missed_too_is_not_held_against_control():
    seen = made(made_run(missed_at=(500,), witness_late_at=(500,)))
    assert (seen["missed"], seen["missed_without_witness"]) == (2, 0)
    assert seen["missed_spans"][0]["witness_saw"]


# --- the files ----------------------------------------------------------------------------------------------


class Outside(HTMLParser):
    """Collects whatever a page would fetch."""

    def __init__(self):
        super().__init__()
        self.fetched, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "data", "action")]


def test_the_page_needs_nothing_from_outside():
    run = made_run(missed_at=(500,))
    text = page(run, report.make(run, LIMITS, made(run)))
    outside = Outside()
    outside.feed(text)
    assert outside.fetched == []
    assert not re.search(r"url\(|@import|https?:", text)
    assert outside.tags.count("svg") == 3
    assert "script" not in outside.tags


def test_the_page_shows_verdict_parts_and_missed_periods():
    run = made_run(missed_at=(500,))
    text = page(run, made(run))
    assert 'Verdict: <span class="over">over</span>' in text
    assert all(f">{part}</text>" in text for part in PARTS)
    assert "poll 25000.0 us" in text
    assert "cpu: spinning" in text


def test_a_page_of_a_run_without_a_witness_is_made():
    run = made_run(witness=NOTHING)
    assert page(run, made(run)).endswith("</html>\n")


def test_the_csv_holds_every_sample_of_control_and_witness(tmp_path):
    run = made_run()
    written = files.write(tmp_path / "new" / "folder", run, made(run))
    with written["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    ours = [row for row in rows if row["who"] == "control"]
    assert len(ours) == len(run.rows) - 1
    assert len(rows) - len(ours) == len(run.witness.late)
    assert float(ours[0]["late_us"]) == pytest.approx(run.rows[1, 1] / 1000, abs=0.051)
    assert json.loads(written["json"].read_text()) == made(run)
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        *("timing.csv", "timing.html", "timing.json"),
    ]


def test_a_report_that_cannot_be_made_leaves_the_older_one(tmp_path):
    run = made_run()
    files.write(tmp_path, run, made(run))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TypeError):
        files.write(tmp_path, run, made(run) | {"not json": object()})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert "is no folder" in files.folder_problem(file / "below")
    (tmp_path / "timing.json").mkdir()
    assert "is a folder" in files.folder_problem(tmp_path)
    assert files.folder_problem(tmp_path / "a" / "b") is None
