"""`sessions`: what was treated, and what is said of it later."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import click

from tosca_kiosk.cli.session_export import export
from tosca_kiosk.cli.session_page import as_object, left_of, page
from tosca_kiosk.cli.since import since, since_option
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError, open_rests, session_result, treatment_of
from tosca_kiosk.storage import Reader, patients, users
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.queries import EVENTS_OF_SESSION, SESSIONS_OF_PATIENT
from tosca_kiosk.storage.session_list import STATUSES, ListedSession, listed

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

_number = click.argument("number", metavar="N", type=click.IntRange(min=1))


@click.group()
def sessions() -> None:
    """List, show, amend and export treatment sessions."""


@sessions.command("list")
@click.option("--patient", metavar="CODE", help="Those of this patient.")
@click.option("--tech", metavar="USERNAME", help="Those that this technician has treated.")
@click.option("--status", type=click.Choice(STATUSES), help="Those that are so; open: in progress or paused.")
@since_option
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many at most.")
@workplace_command
def list_sessions(
    workplace: Workplace,
    patient: str | None,
    tech: str | None,
    status: str | None,
    since_text: str | None,
    limit: int,
) -> None:
    """List sessions, the newest first, with what is left of a patient's treatments that ended early.

    \b
    Examples:
      tosca-kiosk sessions list
      tosca-kiosk sessions list --patient P-2026-0001 --status aborted
      tosca-kiosk sessions list --status open --json
      tosca-kiosk sessions list --tech jane --since 7d
    """
    from_time = since(since_text, utc_now())
    with workplace.reading() as database, database.reading() as reader:
        patient_id = None if patient is None else patients.get(reader, patient).patient_id
        found = listed(
            reader,
            patient_code=patient,
            tech_id=None if tech is None else _technician(reader, tech),
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
    lines = [f"Left of session {rest.of_session}: {left_of(rest.of_session, rest.plan)}" for rest in rests]
    workplace.answer(
        {"sessions": [_as_object(one) for one in found], "open_rests": left},
        "\n".join((_table(found), *lines)),
    )


@sessions.command()
@_number
@click.option("--events", "with_events", is_flag=True, help="Also every event of the treatment.")
@workplace_command
def show(workplace: Workplace, number: int, with_events: bool) -> None:
    """Show all that the record says of session N.

    Both energies against the plan, parts, amendments, deviations, faults and who reset them, recordings, the
    calibrations in force then, how punctual control was, and the patient's other sessions.

    \b
    Examples:
      tosca-kiosk sessions show 12
      tosca-kiosk sessions show 12 --events --json
    """
    with workplace.reading() as database, database.reading() as reader:
        told = session_result(reader, number)
        treatment = treatment_of(reader, number)
        others = SESSIONS_OF_PATIENT.ask(reader, patient_id=told.session.patient_id)
        events = EVENTS_OF_SESSION.ask(reader, session_id=number) if with_events else []
    result: dict[str, Any] = {
        **as_object(told, treatment),
        "sessions_of_patient": [one.row for one in others],
    }
    parts = [page(told, treatment)]
    if len(others) > 1:
        parts.append(table_text(_OF_PATIENT, _values(others), [one.marks for one in others]))
    if with_events:
        result["events"] = [one.row for one in events]
        rows = [(_seconds(time), *row) for time, *row in _values(events)]
        parts.append(table_text(_EVENTS, rows, [one.marks for one in events]))
    workplace.answer(result, "\n\n".join(parts))


def _values(found: list[Held]) -> list[tuple[Any, ...]]:
    return [tuple(one.row.values()) for one in found]


def _technician(reader: Reader, username: str) -> int:
    user = users.find(reader, username)
    if user is None:
        raise RefusedError(f"no user is named {username!r}; see tosca-kiosk users list")
    return user.tech_id


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
