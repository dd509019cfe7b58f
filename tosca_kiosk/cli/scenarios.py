"""`scenarios`: what may happen to the simulated cart, and the check of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from simulators.scenario import Mistake, Scenario, ScenarioError, load_scenario
from tosca_kiosk.cli.completion import scenario_name
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.running.scenarios import ShippedScenario, shipped_scenario, shipped_scenarios


@click.group()
def scenarios() -> None:
    """List, show and check what may happen to the simulated cart: `treat --scenario NAME|FILE`."""


@scenarios.command("list")
@workplace_command
def list_scenarios(workplace: Workplace) -> None:
    """List the shipped scenarios with their effect.

    \b
    Examples:
      tosca-kiosk scenarios list
      tosca-kiosk scenarios list --json
    """
    found = shipped_scenarios()
    rows = [(one.name, one.effect) for one in found]
    workplace.answer({"scenarios": [_listed(one) for one in found]}, table_text(("Name", "Effect"), rows))


@scenarios.command()
@click.argument("name", shell_complete=scenario_name)
@workplace_command
def show(workplace: Workplace, name: str) -> None:
    """Show the shipped scenario NAME: what a technician sees, and what happens when.

    \b
    Examples:
      tosca-kiosk scenarios show stop_loop_opened
      tosca-kiosk scenarios show pedal_pauses --json
    """
    found = shipped_scenario(name)
    result = _listed(found) | {"seen": found.seen, "events": _events(found.scenario)}
    rows = [
        (event["at"], path, json.dumps(value))
        for event in result["events"]
        for path, value in event["set"].items()
    ]
    table = table_text(("When", "What is set", "To"), rows)
    workplace.answer(result, f"{found.scenario.name}\n{found.effect}\n\n{found.seen}\n\n{table}")


@scenarios.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@workplace_command
def check(workplace: Workplace, file: Path) -> None:
    """Check FILE; exit code 1 names every mistake by its line and path.

    \b
    Examples:
      tosca-kiosk scenarios check mine.yaml
      tosca-kiosk scenarios check mine.yaml --json
    """
    try:
        scenario = load_scenario(file)
    except ScenarioError as error:
        result = {"file": str(file), "ok": False, "error": str(error), "errors": _mistakes(error.mistakes)}
        workplace.answer(result, "\n".join(map(str, error.mistakes)))
        say(f"tosca-kiosk: {file}: mistakes: {len(error.mistakes)}, the first: {error.mistakes[0]}")
        raise SystemExit(1) from error
    events = _events(scenario)
    count = "1 event" if len(events) == 1 else f"{len(events)} events"
    workplace.answer(
        {"file": str(file), "ok": True, "errors": [], "name": scenario.name, "events": events},
        f"{file}: {scenario.name!r} is a scenario of {count}.",
    )


def _listed(one: ShippedScenario) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.scenario.name,
        "effect": one.effect,
        "presses_pedal": one.scenario.presses_pedal,
    }


def _events(scenario: Scenario) -> list[dict[str, Any]]:
    return [{"at": event.at, "set": dict(event.changes)} for event in scenario.events]


def _mistakes(mistakes: tuple[Mistake, ...]) -> list[dict[str, Any]]:
    return [mistake._asdict() for mistake in mistakes]
