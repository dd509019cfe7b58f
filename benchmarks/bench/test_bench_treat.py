"""A whole session without a screen: simulated seconds a second of the wall, and of this processor.

    pytest benchmarks/bench/test_bench_treat.py --benchmark-enable

Without --benchmark-enable the ramp lasts 2 s.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from time import process_time

from tosca_kiosk.cli.simulated_session import Request, run_session
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.storage import patients

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
RAMP_S = 90.0


def test_treat_fast(benchmark, tmp_path, capsys):
    """A 90 s ramp from the devices' start to the imported record, as fast as it goes."""
    ramp_s = RAMP_S if benchmark.enabled else 2.0
    began_s = process_time()
    results = benchmark.pedantic(partial(treat_ramp, tmp_path, ramp_s), rounds=1)
    cpu_s = process_time() - began_s

    assert results["status"] == "completed"
    simulated_s = results["simulated_seconds"]
    speed = {
        "simulated_s_per_wall_s": round(simulated_s / results["wall_seconds"], 1),
        "simulated_s_per_cpu_s": round(simulated_s / cpu_s, 1),
    }
    benchmark.extra_info.update(speed)
    if benchmark.enabled:
        with capsys.disabled():
            print(f"\ntreat --fast, {simulated_s} s simulated: {speed}")


def treat_ramp(data_dir, ramp_s):
    workplace = Workplace(bundled("simulated.yaml"), data_dir, as_json=True)
    with workplace.record() as database, database.transaction(1) as transaction:
        patient = patients.add(transaction, NOW)
    ramp = Protocol("ramp", "", (Step(1, ramp_s, 2.0, 8.0, 3.0, RampType.LINEAR),))
    protocol = data_dir / "ramp.json"
    protocol.write_text(to_json(ramp, named=True), encoding="utf-8")
    return run_session(workplace, Request(patient.patient_code, "admin", str(protocol), fast=True))
