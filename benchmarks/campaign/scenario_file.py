"""A treatment that broke a rule, written down: a scenario and a protocol for `treat`, and its journal."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from benchmarks.campaign.plan import Treatment, treatment
from benchmarks.campaign.treatments import Outcome
from simulators.settable import SETTABLE
from tosca_kiosk.domain.protocol import Protocol


def write_finding(folder: Path, outcome: Outcome) -> Path:
    """Write scenario, protocol and journal of a violation; return the scenario's path."""
    folder.mkdir(parents=True, exist_ok=True)
    one = treatment(outcome.seed)
    (folder / f"{one.seed}.jsonl").write_bytes(outcome.journal)
    protocol = folder / f"{one.seed}.json"
    protocol.write_text(json.dumps(protocol_document(one.batch.protocol), indent=2), encoding="utf-8")
    scenario = folder / f"{one.seed}.yaml"
    scenario.write_text(_heading(one, outcome, protocol) + scenario_text(one, outcome), encoding="utf-8")
    return scenario


def _heading(one: Treatment, outcome: Outcome, protocol: Path) -> str:
    told = [
        f"{violation.rule}, at {violation.at_s:.4f} s: {violation.detail}" for violation in outcome.violations
    ]
    host = [
        f"{fault.path} {fault.value} at {fault.at_s:.4f} s"
        for fault in one.faults
        if not _settable(fault.path)
    ]
    lines = [
        *told,
        "The very same treatment, with its technician and the computer's own faults, once more:",
        f"    python -m benchmarks.campaign --repeat {one.seed}",
        "Its faults and its pedal, with the commands of an unattended operator (warm: true):",
        f"    tosca-kiosk treat --fast --seed {one.batch.world_seed} --protocol {protocol.name}"
        f" --scenario {one.seed}.yaml ...",
        *(f"Not in a scenario: {fault}" for fault in host),
    ]
    return "".join(f"# {line}\n" for line in lines)


def scenario_text(one: Treatment, outcome: Outcome) -> str:
    """Return the YAML of a treatment's faults and of what the technician did to pedal and red button."""
    offset_s = outcome.began_s
    changes = [
        (offset_s + fault.at_s, fault.path, fault.value) for fault in one.faults if _settable(fault.path)
    ]
    changes += [(act.at_s, act.path, act.value) for act in outcome.acts]
    events = [
        {"at": f"{at_s:.6f}s", path: value} for at_s, path, value in sorted(changes, key=lambda row: row[0])
    ]
    document = {"name": f"campaign {one.seed}", "events": events}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _settable(path: str) -> bool:
    return path in SETTABLE


def protocol_document(protocol: Protocol) -> dict[str, object]:
    """Return a protocol as its file has it."""
    document: dict[str, object] = {
        "version": "1.0",
        "protocol_name": protocol.name,
        "steps": [
            {
                "step_number": step.number,
                "duration_seconds": step.duration_s,
                "power_start_watts": step.power_start_w,
                "power_end_watts": step.power_end_w,
                "ring_size_mm": step.ring_size_mm,
                "ramp_type": str(step.ramp),
            }
            for step in protocol.steps
        ],
    }
    if protocol.max_power_w is not None:
        document["safety_limits"] = {"max_power_watts": protocol.max_power_w}
    return document
