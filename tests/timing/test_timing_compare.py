"""Two reports beside each other: what got worse is said, and noise is not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timing.timing_run_made import COMPUTER, made_run
from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing import report
from tosca_kiosk.timing.compare import CompareError, changes, read_report, unlike
from tosca_kiosk.timing.page import page
from tosca_kiosk.timing.samples import COLUMNS
from tosca_kiosk.timing.text import compared
from tosca_kiosk.timing.witness import BARE_LOOP


def made(**changed):
    return report.make(made_run(**changed), TimingLimits(), None)


def worse(old, new):
    return {each.what for each in changes(old, new) if each.worse}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_noise_alone_makes_nothing_worse(first, second):
    assert worse(made(seed=first), made(seed=second)) == set()


def test_a_later_loop_got_worse_and_its_tick_did_not():
    found = worse(made(seed=1), made(seed=2, late_us=90.0))
    assert found == {f"lateness {part}, times the witness's" for part in ("p50", "p99", "p999", "max")}


def test_a_machine_that_is_slower_for_the_witness_too_is_no_worse_loop():
    assert worse(made(seed=1), made(seed=2, late_us=75.0, witness_us=60.0)) == set()


def test_a_dearer_tick_got_worse():
    found = worse(made(seed=1), made(seed=2, part_us=16.0))
    assert {"tick p50", "tick p99", "tick: poll p50", "tick: step p99"} <= found
    assert not any(what.startswith("lateness") for what in found)


@pytest.mark.parametrize("part", ["p999", "max"])
def test_a_tail_that_grew_got_worse_and_the_middle_did_not(part):
    """Three ticks of every tenth of the run take 2 ms longer: too few for its p99."""
    run = made_run(seed=2)
    run.rows[5::67, COLUMNS.index("step")] += 2_000_000 if part == "p999" else 0
    run.rows[9::199, COLUMNS.index("step")] += 3_000_000
    found = worse(made(seed=1), report.make(run, TimingLimits(), None))
    assert f"tick {part}" in found
    assert "tick p50" not in found


def test_a_better_run_is_no_worse():
    assert worse(made(seed=1, late_us=60.0, part_us=16.0), made(seed=2)) == set()


@pytest.mark.parametrize(("ticks", "is_worse"), [((500,), False), ((500, 700, 900), True)])
def test_one_missed_span_may_be_chance_and_three_are_not(ticks, is_worse):
    found = worse(made(seed=1), made(seed=1, missed_at=ticks))
    assert ("missed periods the witness did not see" in found) is is_worse


def test_a_report_that_was_written_is_read(tmp_path):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(made()))
    assert read_report(path, 100, ("cpu",))["rate_hz"] == 100


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "\x00", '{"format": "tosca-kiosk timing 1"}', "[" * 100_000]
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(CompareError, match=r"old\.json: is no timing report") as refused:
        read_report(path, 100, ("cpu",))
    assert "\n" not in str(refused.value)


def test_a_report_that_is_damaged_inside_is_refused(tmp_path):
    old = made()
    old["blocks"]["poll"]["p50"] = "fast"
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    with pytest.raises(CompareError, match="is no timing report"):
        read_report(path, 100, ("cpu",))


def test_a_report_of_an_older_program_is_compared_by_what_it_tells(tmp_path):
    old = made(seed=1)
    for key in ("computer", "late_of_witness", "tick_percent", "unlike"):
        del old[key]
    for blocks in old["blocks"].values():
        del blocks["p999"], blocks["max"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    new = made(seed=2, part_us=16.0)
    found = {each.what: each for each in changes(read_report(path, 100, ("cpu",)), new)}
    assert found["tick p50"].worse
    assert found["tick max"][2:4] == (old["tick_us"]["max"], new["tick_us"]["max"])
    assert {each.old for each in unlike(old, new)} == {"not told"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"computer": COMPUTER._replace(cores=2)}, "processor cores 2 then, 4 now"),
        ({"computer": COMPUTER._replace(processor="B")}, "processor B then, A processor now"),
        ({"computer": COMPUTER._replace(kernel="5.10.0")}, "kernel 5.10.0 then, 6.1.0 PREEMPT_RT now"),
        ({"computer": COMPUTER._replace(python="3.13.1")}, "Python 3.13.1 then, 3.11.2 now"),
        (
            {"standing": {"scheduling": "nice", "memory_locked": False, "priority": 0}},
            "scheduling class nice then, fifo now; priority 0 then, 50 now; locked memory no then, yes now",
        ),
        ({"witness_name": BARE_LOOP}, "witness bare Python loop then, cyclictest now"),
    ],
)
def test_what_differs_in_the_machines_is_said(changed, said):
    new = report.make(made_run(seed=2), TimingLimits(), made(seed=1, **changed))
    assert f"may come from that: {said}." in compared(new)
    assert said in page(made_run(seed=2), new)


def test_like_machines_are_said_too():
    assert "like machines" in compared(report.make(made_run(seed=2), TimingLimits(), made(seed=1)))


def test_two_kinds_of_witness_do_not_judge_lateness():
    assert worse(made(seed=1, witness_name=BARE_LOOP), made(seed=2, late_us=60.0)) == set()


def test_a_report_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CompareError, match="cannot be read"):
        read_report(tmp_path / "none.json", 100, ("cpu",))


@pytest.mark.parametrize(("rate_hz", "loads"), [(1000, ("cpu",)), (100, ("ui",)), (100, ())])
def test_runs_of_another_rate_or_load_are_not_compared(tmp_path, rate_hz, loads):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(made()))
    with pytest.raises(CompareError, match="measure alike to compare"):
        read_report(path, rate_hz, loads)
