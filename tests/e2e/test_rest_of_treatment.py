"""A treatment that ended early is finished as a plan of its own, which names its first part."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from tests.e2e.treat_bench import SIMULATED, protocol_text, rows, treated
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.session import RefusedError, open_rests, session_result, treatment_of
from tosca_kiosk.storage import StorageError, check, patients, protocols
from tosca_kiosk.storage.queries import PROTOCOL_USAGE
from tosca_kiosk.storage.session_parts import Parts

pytestmark = pytest.mark.slow

WHOLE_J = 4.0 * 3.0 + 2.0 * 5.0 + 4.0 * 5.0
STOP = "events:\n  - at: emission + {}s\n    stop_loop.closed: false\n"


@pytest.fixture(scope="module")
def data_dir(new_data_dir):
    return new_data_dir()


@pytest.fixture(scope="module")
def parts(data_dir, warm, tmp_path_factory):
    """A saved protocol of 10 s, stopped in its first step; its rest, stopped; and the rest of that."""
    folder = tmp_path_factory.mktemp("parts")
    plan = protocol_text((4.0, 3.0, 3.0, 3.0), (2.0, 5.0, 5.0, 3.0), (4.0, 4.0, 6.0, 3.0))
    with Workplace(SIMULATED, data_dir, as_json=True).record() as database, database.transaction(1) as made:
        protocols.add(made, "Three steps", "multi_step", plan, patients.get(made, "P-2026-0001").created_date)
    made = []
    for number, stop_s in enumerate((2.0, 3.0, None)):
        path = folder / f"{number}.yaml"
        path.write_text(f"name: Stop {number}\n{STOP.format(stop_s)}", encoding="utf-8")
        asked = {"config": warm, "scenario": path if stop_s else None, "rest_of": number or None}
        made.append(treated(data_dir, None if number else "Three steps", **asked))
    return made


def told(data_dir, *, of=lambda reader: None):
    with Workplace(SIMULATED, data_dir, as_json=True).reading() as database, database.reading() as reader:
        return of(reader)


def test_each_part_goes_on_where_the_one_before_ended(data_dir, parts):
    results = told(data_dir, of=lambda reader: [session_result(reader, number) for number in (1, 2, 3)])
    assert [one.session.status for one in results] == ["aborted", "aborted", "completed"]
    assert [one.parts for one in results] == [Parts(None, 2), Parts(1, 3), Parts(2, None)]
    clocks_s = [one.happened.treatment_clock_s for one in results]
    for before, after in pairwise(results):
        assert json.loads(after.session.protocol_data_snapshot)["steps"] == [
            {
                "step_number": step.number,
                "duration_seconds": step.duration_s,
                "power_start_watts": step.power_start_w,
                "power_end_watts": step.power_end_w,
                "ring_size_mm": step.ring_size_mm,
                "ramp_type": step.ramp.value,
            }
            for step in before.remainder.steps
        ]
    assert sum(clocks_s) == pytest.approx(10.0, abs=0.02)
    assert [one.remainder is None for one in results] == [False, False, True]
    assert len(results[1].plan.steps) == 3
    assert len(results[2].plan.steps) == 2, "the first step was given"


def test_all_parts_together_give_the_whole_plan_and_no_more(data_dir, parts):
    for number in (1, 2, 3):
        whole = told(
            data_dir, of=lambda reader, number=number: treatment_of(reader, session_result(reader, number))
        )
        assert [part.session.session_id for part in whole.parts] == [1, 2, 3]
        assert whole.whole_j == pytest.approx(WHOLE_J, rel=1e-6)
        assert whole.given_j <= 1.05 * WHOLE_J
        assert whole.given_j == pytest.approx(WHOLE_J, rel=0.1)


def test_the_rest_bears_its_first_part_in_its_name_and_counts_as_no_use_of_the_protocol(data_dir, parts):
    found = rows(data_dir, "SELECT protocol_name, protocol_id FROM sessions ORDER BY session_id")
    assert [row["protocol_name"] for row in found] == [
        "Three steps",
        "Three steps, rest of session 1",
        "Three steps, rest of session 2",
    ]
    assert [row["protocol_id"] is None for row in found] == [False, True, True]
    [used] = rows(data_dir, "SELECT usage_count FROM protocols WHERE protocol_name = 'Three steps'")
    assert used["usage_count"] == 1
    usage = told(data_dir, of=PROTOCOL_USAGE.ask)
    assert [one.row["usage_count"] for one in usage] == [one.row["actual_usage"] for one in usage]
    with Workplace(SIMULATED, data_dir, as_json=True).reading() as database:
        assert check(database).problems == ()


def test_what_has_no_rest_is_refused_by_what_is_in_the_way(data_dir, parts, warm):
    before = rows(data_dir, "SELECT count(*) AS n FROM sessions")
    refusals = {
        1: "session 1 has no rest to treat: session 2 was opened for it; the rest of that one",
        2: "session 2 has no rest to treat: session 3 was opened for it",
        3: "session 3 has no rest to treat: it is finished; plan a new session by its protocol",
    }
    for number, said in refusals.items():
        with pytest.raises(RefusedError, match=said):
            treated(data_dir, None, config=warm, rest_of=number)
    with pytest.raises(StorageError, match="no session has the number 9"):
        treated(data_dir, None, config=warm, rest_of=9)
    assert rows(data_dir, "SELECT count(*) AS n FROM sessions") == before
    assert told(data_dir, of=lambda reader: open_rests(reader, 1)) == ()
