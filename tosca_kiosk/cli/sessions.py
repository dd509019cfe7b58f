"""`sessions`: what was treated, and what is said of it later."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.asking import told, told_option
from tosca_kiosk.cli.changing import authorised_change, change_options
from tosca_kiosk.cli.completion import patient_code, session_number, username
from tosca_kiosk.cli.session_export import export
from tosca_kiosk.cli.session_page import as_object, left_of, page
from tosca_kiosk.cli.session_report import report
from tosca_kiosk.cli.since import since, since_option
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import open_rests, rest_or_why, session_result, treatment_of
from tosca_kiosk.storage import events, patients, users
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.queries import SESSIONS_OF_PATIENT
from tosca_kiosk.storage.session_amendments import note
from tosca_kiosk.storage.session_list import STATUSES, ListedSession, listed
from tosca_kiosk.storage.users import Role

_OF_PATIENT: Final = (
    "Session",
    "Started (UTC)",
    "Ended (UTC)",
    "Status",
    "Protocol",
    "Energy J",
    "Technician",
)
_EVENTS: Final = ("Time (UTC)", "Event", "Set W", "Measured W", "Ring mm", "Photodiode V")
"""As the common queries name their columns."""

_number = click.argument("number", metavar="N", type=click.IntRange(min=1), shell_complete=session_number)
_TEXTS: Final = {
    "treatment_site": "--site",
    "treatment_notes": "--notes",
    "post_treatment_notes": "--post-notes",
}
"""By column of the session's row: the option that says another text of it."""


@click.group()
def sessions() -> None:
    """List, show, amend, export and report treatment sessions."""


@sessions.command("list")
@click.option("--patient", metavar="CODE", shell_complete=patient_code, help="Those of this patient.")
@click.option(
    "--tech", metavar="USERNAME", shell_complete=username, help="Those that this technician has treated."
)
@click.option("--status", type=click.Choice(STATUSES), help="Those that are so; open: in progress or paused.")
@since_option
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many at most.")
@as_of_option
@workplace_command
def list_sessions(
    workplace: Workplace,
    patient: str | None,
    tech: str | None,
    status: str | None,
    since_text: str | None,
    limit: int,
    as_of: str | None,
) -> None:
    """List sessions, the newest first, with what is left of a patient's treatments that ended early.

    \b
    Examples:
      tosca-kiosk sessions list
      tosca-kiosk sessions list --patient P-2026-0001 --status aborted
      tosca-kiosk sessions list --status open --json
      tosca-kiosk sessions list --tech jane --since 7d --as-of '2026-11-30 14:05'
    """
    then = moment(as_of)
    from_time = since(since_text, then or utc_now())
    with workplace.reading(as_of=then) as database, database.reading() as reader:
        patient_id = None if patient is None else patients.get(reader, patient).patient_id
        found = listed(
            reader,
            patient_code=patient,
            tech_id=None if tech is None else users.named(reader, tech).tech_id,
            status=status,
            since=from_time,
            limit=limit,
        )
        rests = () if patient_id is None else open_rests(reader, patient_id)
    left = [
        {
            "session_id": rest.of_session,
            "remaining_seconds": rest.plan.duration_s,
            "remaining_joules": rest.plan.planned_energy_j,
        }
        for rest in rests
    ]
    lines = [f"Left of session {rest.of_session}: {left_of(rest)}" for rest in rests]
    workplace.answer(
        {"sessions": [_as_object(one) for one in found], "open_rests": left},
        "\n".join((_table(found), *lines)),
    )


@sessions.command()
@_number
@click.option("--events", "with_events", is_flag=True, help="Also every event of the treatment.")
@as_of_option
@workplace_command
def show(workplace: Workplace, number: int, with_events: bool, as_of: str | None) -> None:
    """Show all that the record says of session N.

    Both energies against the plan, parts, amendments, deviations, faults and who reset them, recordings, the
    calibrations in force then, how punctual control was, and the patient's other sessions.

    \b
    Examples:
      tosca-kiosk sessions show 12
      tosca-kiosk sessions show 12 --events --json
      tosca-kiosk sessions show 12 --as-of 2026-12-01
    """
    with workplace.reading(as_of=moment(as_of)) as database, database.reading() as reader:
        result = session_result(reader, number)
        treatment = treatment_of(reader, result)
        rest, no_rest = rest_or_why(reader, result)
        others = SESSIONS_OF_PATIENT.ask(reader, patient_id=result.session.patient_id)
        happened = events.of_session(reader, number) if with_events else []
    answer: dict[str, Any] = {
        **as_object(result, treatment),
        "no_rest": no_rest,
        "sessions_of_patient": [one.row for one in others],
    }
    parts = [page(result, treatment, rest)]
    if len(others) > 1:
        parts.append(table_text(_OF_PATIENT, _values(others), [one.marks for one in others]))
    if with_events:
        answer["events"] = [one.row for one in happened]
        rows = [(_seconds(time), *row) for time, *row in _values(happened)]
        parts.append(table_text(_EVENTS, rows, [one.marks for one in happened]))
    workplace.answer(answer, "\n\n".join(parts))


@sessions.command()
@_number
@told_option("--site", "Where was treated.")
@told_option("--notes", "Notes from before the treatment.")
@told_option("--post-notes", "Notes from after it.")
@change_options
@workplace_command
def amend(
    workplace: Workplace,
    number: int,
    site: str | None,
    notes: str | None,
    post_notes: str | None,
    tech: str | None,
    reason: str | None,
) -> None:
    """Say what holds now of the site or the notes of session N. Nothing that stands there is overwritten.

    A text that the session has none of yet goes into its row. From then on each is an amendment, beside the
    one before. Texts that are named without a value are asked for on a terminal; elsewhere standard input has
    a line for each, in the order site, notes, post-notes, behind the PIN's where one is needed.

    \b
    Examples:
      tosca-kiosk sessions amend 12 --post-notes --tech jane --reason 'seen the day after'
      printf 'left forearm\\n' | tosca-kiosk sessions amend 12 --site --tech jane --reason 'wrong side' --json
    """
    given = {"treatment_site": site, "treatment_notes": notes, "post_treatment_notes": post_notes}
    if all(value is None for value in given.values()):
        raise click.UsageError("give what holds now: --site, --notes or --post-notes")
    with workplace.record() as database:
        change = authorised_change(database, tech, reason, role=Role.TECHNICIAN, treated=f"session {number}")
        texts = {
            field: text for field, value in given.items() if (text := told(_TEXTS[field], value)) is not None
        }
        with database.transaction(change.tech_id, reason=change.reason) as transaction:
            amended = {
                field: note(
                    transaction,
                    number,
                    field,
                    text,
                    tech_id=change.tech_id,
                    reason=change.reason or "",
                    now=utc_now(),
                )
                for field, text in texts.items()
            }
    filled = [_TEXTS[field] for field, is_amendment in amended.items() if not is_amendment]
    beside = [_TEXTS[field] for field, is_amendment in amended.items() if is_amendment]
    lines = [
        *(f"Session {number}, {option}: noted." for option in filled),
        *(f"Session {number}, {option}: amended; what stood there stays." for option in beside),
    ]
    result = {"session_id": number, "noted": filled, "amended": beside}
    workplace.answer(result, "\n".join(lines))


def _values(found: list[Held]) -> list[tuple[Any, ...]]:
    return [tuple(one.row.values()) for one in found]


def _as_object(one: ListedSession) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(one).items() if name != "parts"}
    return {**fields, "rest_of": one.parts.rest_of, "finished_by": one.parts.finished_by}


def _table(found: list[ListedSession]) -> str:
    columns = (
        "Session",
        "Patient",
        "Started (UTC)",
        "Status",
        "Protocol",
        "Light s",
        "Dose J",
        "Technician",
        "Part",
    )
    rows = [
        (
            one.session_id,
            one.patient_code,
            one.start_time,
            one.status,
            one.protocol_name,
            _rounded(one.total_laser_on_time_seconds),
            _rounded(one.dose_joules),
            one.technician,
            _part(one),
        )
        for one in found
    ]
    return table_text(columns, rows, [one.odd for one in found])


def _part(one: ListedSession) -> str:
    parts = one.parts
    before = [] if parts.rest_of is None else [f"rest of session {parts.rest_of}"]
    after = [] if parts.finished_by is None else [f"finished by session {parts.finished_by}"]
    return ", ".join(before + after)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _seconds(time: Any) -> str:
    return "" if time is None else f"{time:%H:%M:%S.%f}"[:-3]


sessions.add_command(export)
sessions.add_command(report)
