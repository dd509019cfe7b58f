"""`tosca-kiosk treat`: one simulated session without a screen, on the wall's clock or as fast as it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tosca_kiosk.cli.asking import told, told_option
from tosca_kiosk.cli.completion import patient_code, protocol_name, scenario_name, session_number, username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.folders import save_where_configured
from tosca_kiosk.cli.session_page import left_of
from tosca_kiosk.cli.simulated_session import Request, run_session
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.session import rest_or_why, session_result
from tosca_kiosk.storage import energies
from tosca_kiosk.storage.energies import Energies


@click.command()
@click.option(
    "--patient",
    required=True,
    metavar="CODE",
    shell_complete=patient_code,
    help="The patient's code, such as P-2026-0001.",
)
@click.option(
    "--tech", required=True, metavar="USER", shell_complete=username, help="The technician's username."
)
@click.option(
    "--protocol",
    metavar="FILE|NAME",
    shell_complete=protocol_name,
    help="A protocol file, or the name of a saved one.",
)
@click.option(
    "--rest-of",
    type=click.IntRange(min=1),
    metavar="N",
    shell_complete=session_number,
    help="In place of a protocol: finish the rest of session N, which ended early.",
)
@click.option("--site", metavar="TEXT", help="The treatment site.")
@told_option("--notes", "Notes before the treatment; nothing that names the patient.")
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    shell_complete=scenario_name,
    help="What happens to the simulated cart, and when: a file, or the name of a shipped one.",
)
@click.option("--seed", type=click.IntRange(0, 999_999), help="The simulated world's seed.")
@click.option("--fast", is_flag=True, help="Run on a virtual clock, as fast as the machine can.")
@workplace_command
def treat(
    workplace: Workplace,
    patient: str,
    tech: str,
    protocol: str | None,
    rest_of: int | None,
    site: str | None,
    notes: str | None,
    scenario: Path | None,
    seed: int | None,
    fast: bool,
) -> None:
    """Run one simulated session from connecting the devices to the record. Ctrl-C presses STOP.

    \b
    Examples:
      tosca-kiosk treat --patient P-2026-0001 --tech jane --protocol 'Constant 5 W, 60 s' --fast
      tosca-kiosk treat --patient P-2026-0001 --tech jane --protocol plan.json --site forearm --fast --json
      tosca-kiosk treat --patient P-2026-0001 --tech jane --protocol a.json --fast --scenario stop_loop_opened
      tosca-kiosk treat --patient P-2026-0001 --tech jane --rest-of 12 --notes --fast
    """
    if protocol is None and rest_of is None:
        raise click.UsageError("Missing option '--protocol', or '--rest-of' in its place.")
    if protocol is not None and rest_of is not None:
        raise click.UsageError("Give '--protocol' or '--rest-of', and not both.")
    request = Request(
        patient=patient,
        technician=tech,
        protocol=protocol,
        rest_of=rest_of,
        site=site,
        notes=told("--notes", notes),
        scenario=scenario,
        seed=seed,
        fast=fast,
    )
    result = run_session(workplace, request)
    workplace.answer(result, summary_text(result))
    save_where_configured(workplace)
    if result["status"] != "completed":
        _tell_rest(workplace, result["session_id"])
        say(f"tosca-kiosk: session {result['session_id']} was aborted: {result['abort_reason']}")
        raise SystemExit(1)


def _tell_rest(workplace: Workplace, session_id: int) -> None:
    """Say what is left of a session that ended early, and how it is finished."""
    with workplace.reading() as database, database.reading() as reader:
        rest, _ = rest_or_why(reader, session_result(reader, session_id))
    if rest is not None:
        say(f"Left of session {session_id}: {left_of(rest)}")


def _dose(result: dict[str, Any]) -> str:
    found = Energies(*(result[f"{name}_energy_joules"] for name in ("total", "commanded", "dose")))
    counted = f"{result['dose_energy_joules']:.2f} J"
    return f"{counted}. {energies.in_words(found)}" if found.differ else counted


def _deviation(row: dict[str, Any]) -> str:
    unit = "W" if row["action"] == CommandType.POWER_OVERRIDE else "mm"
    change = f"{row['old_value']:g} to {row['new_value']:g} {unit}"
    return f"{change} at {row['time_s']:.2f} s, by {row['user']}: {row['reason']}"


def summary_text(result: dict[str, Any]) -> str:
    """Return the summary for a person."""
    power = result["avg_power_watts"]
    rows = (
        ("Session", f"{result['session_id']} ({result['status']}), origin: {result['origin']}"),
        ("Folder", result["session_folder"]),
        (
            "Energy",
            f"{result['total_energy_joules']:.2f} J measured of {result['planned_energy_joules']:.2f} J",
        ),
        ("Commanded", f"{result['commanded_energy_joules']:.2f} J"),
        ("Dose", _dose(result)),
        ("True energy", f"{result['true_energy_joules']:.2f} J in the simulated world"),
        ("Laser on", f"{result['total_laser_on_time_seconds']:.2f} s"),
        (
            "Power",
            "no light" if power is None else f"{power:.2f} W mean, {result['max_power_watts']:.2f} W highest",
        ),
        ("Safety events", str(result["safety_events"])),
        ("Time", f"{result['simulated_seconds']:.1f} s simulated in {result['wall_seconds']:.1f} s"),
    )
    deviations = [("Override", _deviation(row)) for row in result["deviations"]]
    traces = sorted((Path(result["session_folder"]) / TRACES_NAME).glob("*.txt"))
    wire = [("Wire trace", trace) for trace in traces]
    return "\n".join(f"{name:<14}{value}" for name, value in (*rows, *deviations, *wire))
