"""Drawn worlds calibrated from nothing by the commands, each judged by what its world truly is.

    python -m benchmarks.bench.calibrations --seeds 100 --first 1

For each seed: photodiode, laser, verified power, motor, dark level and stage are measured, what passes is
confirmed, and each curve is compared with the world's true one, within the tolerance that the judging states.
One line a seed that failed, and a line of all.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
import yaml
from click.testing import CliRunner

from simulators.physics.profiles import steady_state_power_curve
from simulators.world import World
from tosca_kiosk.cli.main import main
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    PhotodiodeCalibration,
    PiecewiseLinear,
    PowerCalibration,
    parse_calibration,
)
from tosca_kiosk.storage import DATABASE_NAME, Database, calibrations

KINDS: Final = ("dark", "motor", "stage", "photodiode", "laser", "power")
_CURVES: Final = {"photodiode": PHOTODIODE, "laser": POWER}
_SETPOINT_C: Final = 25.0
_CHECKED_W: Final = (1.0, 2.0, 4.0, 6.0, 8.0)


class Outcome(NamedTuple):
    """What came of a seed. worst_percent: by kind, of the power that the curve tells; problems: in words."""

    seed: int
    worst_percent: dict[str, float]
    problems: tuple[str, ...]


def calibrated(seed: int, folder: Path) -> Outcome:
    """Calibrate the drawn world of a seed from a record without calibrations."""
    config = yaml.safe_load(bundled("simulated.yaml").read_text(encoding="utf-8"))
    config["simulation"] |= {"true_constants": "drawn", "seed": seed, "warm": True}
    path = folder / "cart.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    here = ("--config", str(path), "--data-dir", str(folder / "data"))
    bare = ("--config", str(bundled("cart.yaml")), "--data-dir", str(folder / "data"))
    _run("db", "init", *bare)
    for name, role in (("jane", "technician"), ("sue", "supervisor")):
        _run("users", "add", name, "--full-name", name, "--role", role, *bare)
    problems = []
    for kind in KINDS:
        made = CliRunner().invoke(main, ["calibrate", kind, "--tech", "jane", "--fast", *here])
        if made.exit_code != 0:
            problems.append(f"{kind}: {made.output.strip().splitlines()[-1]}")
            break
        if kind in _CURVES:
            _run("calibrate", "confirm", _newest(folder, kind), "--tech", "sue", *here)
    worst = {} if problems else _worst(seed, folder)
    problems += [f"{kind}: {off:.2f} % off" for kind, off in worst.items() if off > _allowed(kind)]
    return Outcome(seed, worst, tuple(problems))


def _allowed(kind: str) -> float:
    return 5.0 if kind == "photodiode" else 10.0


def _run(*words: str) -> None:
    done = CliRunner().invoke(main, list(words))
    if done.exit_code != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.output}")


def _newest(folder: Path, kind: str) -> str:
    with Database.read_only(folder / "data" / DATABASE_NAME) as database:
        found = calibrations.history(database, _CURVES[kind])
    return str(max(one.calibration_id for one in found))


def _worst(seed: int, folder: Path) -> dict[str, float]:
    """Return how far each curve's power is from the world's true one, in per cent, at the worst power."""
    world = World(seed, drawn=True, warm=True)
    truth = world.true_constants()
    curve = steady_state_power_curve(world.diode.profile, _SETPOINT_C, points=200)
    steady = PiecewiseLinear(xs=tuple(x for x, _ in curve), ys=tuple(y for _, y in curve))
    worst: dict[str, Any] = {}
    with Database.read_only(folder / "data" / DATABASE_NAME) as database:
        rows = {kind: calibrations.history(database, name)[0] for kind, name in _CURVES.items()}
    photodiode = parse_calibration(PHOTODIODE, rows["photodiode"].calibration_data, "", "")
    laser = parse_calibration(POWER, rows["laser"].calibration_data, "", "")
    assert isinstance(photodiode, PhotodiodeCalibration)
    assert isinstance(laser, PowerCalibration)
    for power_w in _CHECKED_W:
        told_w = photodiode.power_w(truth["photodiode.volt_per_watt"] * power_w + truth["photodiode.dark_v"])
        worst["photodiode"] = max(worst.get("photodiode", 0.0), 100.0 * abs(told_w / power_w - 1.0))
        if power_w <= laser.curve.ys[-1]:
            given_w = steady.continued(laser.current_ma(power_w))
            worst["laser"] = max(worst.get("laser", 0.0), 100.0 * abs(given_w / power_w - 1.0))
    return worst


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many worlds.")
@click.option("--first", default=1, show_default=True, help="The first one's seed.")
def run(seeds: int, first: int) -> None:
    """Calibrate so many drawn worlds, and say how near their truth it comes."""
    outcomes = []
    for seed in range(first, first + seeds):
        with tempfile.TemporaryDirectory() as folder:
            outcomes.append(calibrated(seed, Path(folder)))
        for problem in outcomes[-1].problems:
            click.echo(f"seed {seed}: {problem}")
    good = [one for one in outcomes if not one.problems]
    for kind in _CURVES:
        offs = sorted(one.worst_percent[kind] for one in good)
        if offs:
            told = f"{offs[len(offs) // 2]:.2f} % (median), {offs[-1]:.2f} % at most"
            click.echo(f"{kind}: worst power off by {told}")
    click.echo(f"{len(good)} of {len(outcomes)} worlds calibrated within tolerance")
    raise SystemExit(len(good) != len(outcomes))


if __name__ == "__main__":
    run()
