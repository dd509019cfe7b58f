"""The shipped scenarios by their names: what happens to the simulated cart, when, and what one sees of it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from simulators.scenario import Mistake, Scenario, ScenarioError, load_scenario
from tosca_kiosk.config import bundled

_SEE: Final = "see tosca-kiosk scenarios list"


@dataclass(frozen=True)
class ShippedScenario:
    """A scenario that comes with the program. name: of its file, without .yaml.

    seen: the comment at its head, for a person: what has happened, and what is seen on the screen.
    """

    name: str
    scenario: Scenario
    seen: str

    @property
    def effect(self) -> str:
        """What it does, in one line."""
        return " ".join(self.scenario.description.split())


def shipped_scenarios() -> tuple[ShippedScenario, ...]:
    """Return all of them by name."""
    return tuple(_shipped(path) for path in sorted(bundled("scenarios").glob("*.yaml")))


def shipped_scenario(name: str) -> ShippedScenario:
    """Return one; ScenarioError naming the nearest where none has this name."""
    return _shipped(_file_of(name))


def scenario_file(given: Path) -> Path:
    """Return the file that is meant by a path, or by the name of a shipped scenario.

    What is no file and looks like a name has to be one: ScenarioError naming the nearest.
    """
    name = str(given)
    if given.exists() or given.suffix or "/" in name:
        return given
    return _file_of(name)


def _file_of(name: str) -> Path:
    if name not in _names():
        raise _unknown(name)
    return bundled("scenarios") / f"{name}.yaml"


def _names() -> list[str]:
    return sorted(path.stem for path in bundled("scenarios").glob("*.yaml"))


def _shipped(path: Path) -> ShippedScenario:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[: next(index for index, line in enumerate(lines) if not line.startswith("#"))]
    seen = "\n".join(line.removeprefix("#").strip() for line in head).strip()
    return ShippedScenario(name=path.stem, scenario=load_scenario(path), seen=seen)


def _unknown(name: str) -> ScenarioError:
    near = get_close_matches(name.lower(), _names(), n=1, cutoff=0.5)
    guess = f"; {near[0]} may be meant" if near else ""
    said = f"no scenario of this name is shipped{guess}; {_SEE}"
    return ScenarioError(Path(name), (Mistake(path="", line=None, text=said),))
