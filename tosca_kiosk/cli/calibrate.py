"""`calibrate`: a certificate into the record, a supervisor's word on it, and the certificate as a PDF."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from tosca_kiosk.calibration import deciding
from tosca_kiosk.calibration.certificate_file import read
from tosca_kiosk.calibration.importing import Imported, judged_certificate, store
from tosca_kiosk.cli.attended_calibration import run_at_cart
from tosca_kiosk.cli.calibration_record import Calibrated
from tosca_kiosk.cli.changing import authorised_change, change_options
from tosca_kiosk.cli.completion import calibration_number, scenario_name, username
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.judged import judgement_result, judgement_text
from tosca_kiosk.cli.meter_options import meter_options, meter_said
from tosca_kiosk.cli.simulated_calibration import METER, Request, run_calibration
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain.calibrating.procedures import PROCEDURES, ProcedureKind
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import calibration_standing as standings
from tosca_kiosk.storage.users import Role

_number = click.argument("number", metavar="N", type=click.IntRange(min=1), shell_complete=calibration_number)


@click.group()
def calibrate() -> None:
    """Bring calibrations into the record and into force. What is in force `calibrations list` tells.

    Each is judged; the columns, units and tolerances stand in tosca_kiosk/calibration/CERTIFICATES.md.
    """


@calibrate.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@change_options
@workplace_command
def import_file(workplace: Workplace, file: Path, tech: str | None, reason: str | None) -> None:
    """Judge the maker's certificate FILE, YAML or CSV, and store it; a supervisor confirms it then.

    A file with mistakes stores nothing. Measurements that fail are stored as failed, with exit code 1, and
    never come into force.

    \b
    Examples:
      tosca-kiosk calibrate import photodiode.yaml --tech jane
      tosca-kiosk calibrate import laser.csv --tech jane --reason 'Yearly calibration' --json
    """
    found = read(file)
    judgement = judged_certificate(found, str(file), workplace.config, utc_now())
    with workplace.beside() as database:
        change = authorised_change(database, tech, reason, role=Role.TECHNICIAN)
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            imported = store(transaction, found, judgement, str(file), change.tech_id)
    workplace.answer(_imported(imported), judgement_text(imported.validation))
    number = imported.calibration_id
    if judgement.passed:
        say(f"Stored as calibration {number}, not in force: tosca-kiosk calibrate confirm {number}")
        return
    say(f"tosca-kiosk: {file}: stored as calibration {number}, failed: {judgement.failures[0].text}")
    raise SystemExit(1)


@calibrate.command()
@_number
@change_options
@workplace_command
def confirm(workplace: Workplace, number: int, tech: str | None, reason: str | None) -> None:
    """Bring calibration N, which passed, into force. A supervisor may, by PIN, who did not bring it in.

    The one that was in force for the device stays as history. Refused while a session is open.

    \b
    Examples:
      tosca-kiosk calibrate confirm 7 --tech sue
      tosca-kiosk calibrate confirm 7 --tech sue --reason 'Compared with the paper' --json
    """
    with workplace.beside() as database:
        change = authorised_change(database, tech, reason, role=Role.SUPERVISOR)
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            decided = deciding.confirm(
                transaction,
                number,
                workplace.config,
                tech_id=change.tech_id,
                now=utc_now(),
                reason=change.reason,
            )
    saved = decided.saved
    result = {
        "calibration_id": number,
        "calibration_type": saved.calibration_type,
        "device_serial_number": saved.device_serial_number,
        "is_active": True,
        "replaced": decided.replaced,
    }
    before = "" if decided.replaced is None else f" in place of calibration {decided.replaced}"
    text = f"Calibration {number} is in force for {saved.device_serial_number}{before}."
    workplace.answer(result, text)


@calibrate.command()
@_number
@change_options
@workplace_command
def reject(workplace: Workplace, number: int, tech: str | None, reason: str | None) -> None:
    """Reject calibration N, which awaits confirmation, or take it out of force; the reason is needed.

    Without one in force the cart cannot be armed. Refused while a session is open.

    \b
    Examples:
      tosca-kiosk calibrate reject 7 --tech sue --reason 'The serial number on the paper is another one'
    """
    with workplace.beside() as database:
        change = authorised_change(
            database, tech, reason, role=Role.SUPERVISOR, treated=f"calibration {number}"
        )
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            decided = deciding.reject(
                transaction, number, tech_id=change.tech_id, now=utc_now(), reason=change.reason
            )
    was_in_force = decided.replaced is not None
    said = "is out of force; none is for its device" if was_in_force else "is rejected"
    result = {"calibration_id": number, "is_active": False, "was_in_force": was_in_force}
    workplace.answer(result, f"Calibration {number} {said}.")


@calibrate.command()
@_number
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    help="The new PDF file; one that is there already is left alone.",
)
@workplace_command
def certificate(workplace: Workplace, number: int, to: Path) -> None:
    """Write calibration N's certificate as a PDF: what was measured, how it was judged, who decided.

    \b
    Examples:
      tosca-kiosk calibrate certificate 7 --to calibration_7.pdf
      tosca-kiosk calibrate certificate 7 --to /media/stick/calibration_7.pdf --json
    """
    from tosca_kiosk.reports import certificate_pdf, refuse_taken, write_report  # noqa: PLC0415 - 0.2 s, for this alone

    refuse_taken(to)
    with workplace.reading() as database, database.reading() as reader:
        found = standings.one(reader, number, workplace.config, utc_now())
        content = certificate_pdf(reader, found)
    write_report(to, content)
    digest = sha256(content).hexdigest()
    result = {"calibration_id": number, "to": str(to), "bytes": len(content), "sha256": digest}
    workplace.answer(
        result, f"{to}: certificate of calibration {number}, {len(content)} bytes, SHA-256 {digest}"
    )


def _imported(imported: Imported) -> dict[str, Any]:
    return {"calibration_id": imported.calibration_id, "is_active": False} | judgement_result(
        imported.validation
    )


def _measuring(kind: ProcedureKind) -> click.Command:
    """Make the command that measures one kind."""
    procedure = PROCEDURES[kind]

    @click.command(kind)
    @click.option("--tech", required=True, metavar="USER", shell_complete=username, help="Who calibrates.")
    @click.option(
        "--scenario",
        type=click.Path(path_type=Path),
        metavar="FILE|NAME",
        shell_complete=scenario_name,
        help="What is wrong with the simulated cart, from the session's beginning.",
    )
    @click.option(
        "--at-cart",
        is_flag=True,
        help="By the control that runs, at this terminal: a held key arms. So it is with any real device.",
    )
    @meter_options
    @click.option("--seed", type=click.IntRange(0, 999_999), help="The simulated world's seed.")
    @click.option("--fast", is_flag=True, help="Run on a virtual clock, as fast as the machine can.")
    @workplace_command
    def measure(
        workplace: Workplace,
        tech: str,
        scenario: Path | None,
        seed: int | None,
        fast: bool,
        at_cart: bool,
        **meter: Any,
    ) -> None:
        said = meter_said(meter)
        if at_cart or workplace.config.real_ports:
            if scenario is not None or seed is not None or fast:
                raise click.UsageError("--scenario, --seed and --fast are for a cart that is simulated here.")
            done = run_at_cart(workplace, kind=kind, technician=tech, meter=said)
            result = done.as_result()
        else:
            request = Request(
                kind=kind, technician=tech, meter=said or METER, scenario=scenario, seed=seed, fast=fast
            )
            ran = run_calibration(workplace, request)
            done, result = ran.done, ran.as_result()
        workplace.answer(result, _page(done))
        if done.reasons:
            for reason in done.reasons:
                say(f"tosca-kiosk: calibrate {kind}: {reason}")
            raise SystemExit(1)
        if done.calibration_id is not None:
            number = done.calibration_id
            say(f"Stored as calibration {number}, not in force: tosca-kiosk calibrate confirm {number}")

    measure.help = (
        f"Measure {procedure.measures}.\n\n\b\nExamples:\n  tosca-kiosk calibrate {kind} --tech jane --fast\n"
        f"  tosca-kiosk calibrate {kind} --tech jane --fast --json"
    )
    return measure


def _page(done: Calibrated) -> str:
    """Return what was found, judged; of what was broken off only that it was."""
    if done.validation is not None:
        return judgement_text(done.validation)
    if not done.values:
        return f"Calibration session {done.session_id}: {done.summary.status}, nothing was judged."
    columns = ("Found", "Value", "Unit", "Low", "High", "Passed")
    rows = [
        (one.name, f"{one.value:.4g}", one.unit, one.low, one.high, "yes" if one.passed else "no")
        for one in done.values
    ]
    return table_text(columns, rows)


for _kind in PROCEDURES:
    calibrate.add_command(_measuring(_kind))
