"""What the end-to-end tests share: the command as a process and in this one, its journal, its rows."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tosca_kiosk.cli import simulated_session
from tosca_kiosk.cli.progress import Progress
from tosca_kiosk.cli.simulated_session import Request, run_session
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.journal_lines import ChainReader, TickLine
from tosca_kiosk.domain.safety import Decision, step
from tosca_kiosk.domain.state import Beam, State
from tosca_kiosk.storage import DATABASE_NAME

PATIENT = "P-2026-0001"
TECHNICIAN = "tech01"
SIMULATED = bundled("simulated.yaml")
COMMAND = (sys.executable, "-m", "tosca_kiosk")
MOST_TICKS = 50_000
DARK_WITHIN_S = 0.1
"""From a scenario's change to true darkness: the board's status period, a tick, the driver's line."""
BARE_ENVIRONMENT = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}


def arguments(data_dir: Path, protocol: str | Path, *more: str | Path) -> list[str]:
    """Return the arguments of a treat of the cast."""
    named = ("treat", "--patient", PATIENT, "--tech", TECHNICIAN, "--protocol", protocol)
    return [*map(str, named), "--data-dir", str(data_dir), *map(str, more)]


def start(*words: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start tosca-kiosk in a process of its own, with nobody at its standard input."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"env": BARE_ENVIRONMENT, **options},
    )


@dataclass(frozen=True)
class Finished:
    """What a process left: its exit code and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; anything else beside it is an error."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found


def finish(process: subprocess.Popen[str]) -> Finished:
    """Wait for a process and collect what it wrote; one that hangs is killed."""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=60)
        except BaseException:
            process.kill()
            raise
    return Finished(process.returncode, stdout, stderr)


def run(*words: str | Path, **options: Any) -> Finished:
    """Run tosca-kiosk in a process of its own."""
    return finish(start(*words, **options))


def protocol_text(*steps: tuple[float, float, float, float], ramp: str = "linear") -> str:
    """Return a protocol file of steps (duration_s, start_w, end_w, ring_mm)."""
    rows = [
        {
            "step_number": number,
            "duration_seconds": duration_s,
            "power_start_watts": start_w,
            "power_end_watts": end_w,
            "ring_size_mm": ring_mm,
            "ramp_type": ramp,
        }
        for number, (duration_s, start_w, end_w, ring_mm) in enumerate(steps, start=1)
    ]
    return json.dumps({"version": "1.0", "steps": rows})


def config_text(**changes: Any) -> str:
    """Return the shipped simulated configuration with values changed by path (`devices__laser__model`)."""
    document = yaml.safe_load(SIMULATED.read_text("utf-8"))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = document
        for key in parents:
            place = place[key]
        place[last] = value
    return yaml.safe_dump(document)


# --- in this process ------------------------------------------------------------------------------------


@dataclass
class Treated:
    """A session run in this process: what treat prints, and what the simulated world knew at every tick."""

    data_dir: Path
    result: dict[str, Any] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    world_s: list[float] = field(default_factory=list)
    true_power_w: list[float] = field(default_factory=list)
    true_energy_j: list[float] = field(default_factory=list)
    true_ring_mm: list[float] = field(default_factory=list)
    world: Any = None

    @property
    def journal(self) -> Path:
        return Path(self.result["session_folder"]) / "journal.jsonl"

    @property
    def session(self) -> dict[str, Any]:
        [row] = rows(self.data_dir, "SELECT * FROM sessions WHERE session_id = ?", self.result["session_id"])
        return row

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Return the session's treatment events of these types, in order."""
        sql = "SELECT * FROM treatment_events WHERE session_id = ? ORDER BY event_id"
        found = rows(self.data_dir, sql, self.result["session_id"])
        return [row for row in found if row["event_type"] in types]

    def safety_log(self) -> list[dict[str, Any]]:
        sql = "SELECT * FROM safety_log WHERE session_id = ? ORDER BY log_id"
        return rows(self.data_dir, sql, self.result["session_id"])


def treated(
    data_dir: Path, protocol: str | Path | None, *, config: Path = SIMULATED, **request: Any
) -> Treated:
    """Run `treat --fast` in this process, watching the simulated world."""
    seen = Treated(data_dir)
    named = None if protocol is None else str(protocol)
    asked = Request(PATIENT, TECHNICIAN, named, **{"fast": True, **request})
    with pytest.MonkeyPatch.context() as patch:
        _watch(patch, seen)
        seen.result = run_session(Workplace(config, data_dir, as_json=True), asked)
    return seen


def _watch(patch: pytest.MonkeyPatch, seen: Treated) -> None:
    make_cart = simulated_session.simulated_cart

    @contextmanager
    def watched_cart(*arguments: Any) -> Any:
        with make_cart(*arguments) as cart:
            seen.world = cart.world
            yield cart

    class Watcher(Progress):
        def show(self, decision: Decision) -> None:
            assert len(seen.decisions) < MOST_TICKS, f"the session does not end: {decision.state}"
            seen.decisions.append(decision)
            seen.world_s.append(seen.world.kernel.now_s)
            seen.true_power_w.append(seen.world.true_power_w())
            seen.true_energy_j.append(seen.world.true_energy_j())
            seen.true_ring_mm.append(seen.world.ring_size_mm())

    patch.setattr(simulated_session, "simulated_cart", watched_cart)
    patch.setattr(simulated_session, "Progress", Watcher)


# --- what is left behind --------------------------------------------------------------------------------


def rows(data_dir: Path, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """Return rows as any SQLite tool reads them."""
    with closing(sqlite3.connect(data_dir / DATABASE_NAME)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]


def tick_lines(journal: Path) -> list[bytes]:
    """Return the journal's lines but for its first and its last."""
    return journal.read_bytes().splitlines()[1:-1]


_ticks = msgspec.json.Decoder(TickLine)


@dataclass(frozen=True)
class Tick:
    """One journalled tick and what deciding it again gave."""

    line: bytes
    again: bytes
    inputs: Any
    outputs: Any
    events: tuple[Any, ...]
    state: State


@cache
def decided_again(journal: Path) -> tuple[ChainReader, list[Tick]]:
    """Read a journal and take every recorded step again from its inputs alone."""
    reader, state, ticks = ChainReader(journal.read_bytes()), State(), []
    for line in reader.ticks_json():
        tick = _ticks.decode(line)
        decision = step(reader.header.rules, state, tick.i)
        state = decision.state
        again = TickLine(tick.i.now_s, tick.i, decision.outputs, decision.events, decision.safety)
        ticks.append(Tick(line, msgspec.json.encode(again), tick.i, tick.o, tick.e, state))
    assert ticks
    return reader, ticks


def emitting(state: State) -> bool:
    return state.beam is Beam.EMITTING


def scenario(name: str) -> Path:
    return bundled(f"scenarios/{name}.yaml")


def until_light(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert any("LASER EMITTING" in line for line in process.stderr)


def details(row: dict[str, Any]) -> Any:
    return json.loads(row["event_details"])


def session_rows(data_dir: Path) -> list[dict[str, Any]]:
    return rows(data_dir, "SELECT * FROM sessions ORDER BY session_id")


def event_types(data_dir: Path, session_id: int = 1) -> list[str]:
    sql = "SELECT event_type FROM treatment_events WHERE session_id = ? ORDER BY event_id"
    return [row["event_type"] for row in rows(data_dir, sql, session_id)]
