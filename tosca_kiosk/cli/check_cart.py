"""`tosca-kiosk check-cart`: what is looked at every morning before the first patient, within a minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from tosca_kiosk.attended.keys import NoTerminalError
from tosca_kiosk.attended.reaching import NotReachedError
from tosca_kiosk.calibration.courses import course
from tosca_kiosk.cli.calibration_trend import course_lines, course_result
from tosca_kiosk.cli.check_at_cart import check_at_cart
from tosca_kiosk.cli.checked import Checked
from tosca_kiosk.cli.completion import scenario_name, username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.simulated_check import Request, run_check
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.control.self_test import Outcome
from tosca_kiosk.session import RefusedError

_COLUMNS = ("Device", "Found", "Value", "Unit", "Low", "High", "Passed")


@click.command("check-cart")
@click.option(
    "--tech", required=True, metavar="USER", shell_complete=username, help="The technician's username."
)
@click.option("--no-light", is_flag=True, help="Leave the one point of light out.")
@click.option(
    "--at-cart",
    is_flag=True,
    help="By the control that runs for this data directory, at this terminal; so always with real devices.",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    shell_complete=scenario_name,
    help="What is wrong with the simulated cart, from the beginning of the check.",
)
@click.option("--seed", type=click.IntRange(0, 999_999), help="The simulated world's seed.")
@click.option("--fast", is_flag=True, help="Run on a virtual clock, as fast as the machine can.")
@workplace_command
def check_cart(
    workplace: Workplace,
    tech: str,
    no_light: bool,
    at_cart: bool,
    scenario: Path | None,
    seed: int | None,
    fast: bool,
) -> None:
    """Check the cart of a morning: self-test, stage and 1 s of about 1 W. Exit code 1 with each reason.

    What it finds is kept; `calibrations trend NAME` shows where it goes. It takes a minute at most. Without
    calibrations in force, and with --no-light, there is no light.

    At a cart control runs already: tosca-kiosk run --without-kiosk. A held space bar arms, any other key is
    STOP. What passed is the self-test that a session asks for.

    \b
    Examples:
      tosca-kiosk check-cart --tech jane --fast
      tosca-kiosk check-cart --tech jane --no-light --fast --json
      tosca-kiosk check-cart --tech jane --fast --scenario pickoff_dirty
      tosca-kiosk check-cart --tech jane --config /etc/tosca-kiosk/cart.yaml
    """
    request = Request(technician=tech, light=not no_light, scenario=scenario, seed=seed, fast=fast)
    if at_cart or workplace.config.real_ports:
        checked = _at_cart(workplace, request)
    else:
        checked = run_check(workplace, request)
    with workplace.reading() as database:
        courses = (
            [] if checked.session_id is None else [course(database, one.row.name) for one in checked.found]
        )
    result = _result(checked) | {"trends": [course_result(one) for one in courses]}
    workplace.answer(result, _table(checked))
    for line in _lines(checked):
        say(line)
    for one in courses:
        if one.trend.per_year is not None:
            for line in course_lines(one):
                say(line)
    if not checked.passed:
        raise SystemExit(1)


def _at_cart(workplace: Workplace, request: Request) -> Checked:
    if request.fast or request.seed is not None or request.scenario is not None:
        raise RefusedError("--fast, --seed and --scenario are for a simulated cart in this process alone")
    try:
        return check_at_cart(workplace, request.technician, light=request.light)
    except (NoTerminalError, NotReachedError) as error:
        raise RefusedError(str(error)) from error


def _result(checked: Checked) -> dict[str, Any]:
    return {
        "passed": checked.passed,
        "reasons": list(checked.reasons),
        "calibration_session_id": checked.session_id,
        "checks": [
            {"device": one.device, "check": one.check, "result": str(one.outcome), "reason": one.reason}
            for one in checked.results
        ],
        "values": [
            {
                "name": one.row.name,
                "device": one.row.device,
                "value": one.value,
                "unit": one.row.unit,
                "low": one.low,
                "high": one.high,
                "passed": one.passed,
            }
            for one in checked.found
        ],
        "no_light_because": checked.dark,
        "seconds": round(checked.seconds, 3),
    }


def _table(checked: Checked) -> str:
    return table_text(
        _COLUMNS,
        [
            (one.row.device, one.row.what, f"{one.value:.4g}", one.row.unit, one.low, one.high, one.passed)
            for one in checked.found
        ],
    )


def _lines(checked: Checked) -> Iterator[str]:
    if checked.results:
        tested = sum(one.outcome is Outcome.PASSED for one in checked.results)
        yield f"Self-test: {tested} of {len(checked.results)} checks passed"
    if checked.dark is not None:
        yield f"No light was made: {checked.dark}"
    for reason in checked.reasons:
        yield f"tosca-kiosk: {reason}"
    word = "passed" if checked.passed else "failed"
    kept = "" if checked.session_id is None else f", calibration session {checked.session_id}"
    yield f"The check {word} after {checked.seconds:.0f} s{kept}."
