"""What `sessions show` tells of one session: as an object for a program, as a page for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from tosca_kiosk.cli.tables import printable, table_text
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.session import OpenRest, SessionResult, Treatment
from tosca_kiosk.storage import anchors, energies
from tosca_kiosk.storage.session_amendments import Amendment


class Table(NamedTuple):
    """Rows under their columns; odd: of each row, what in it is no value of its column."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    odd: Sequence[Sequence[str]] = ()


Facts = Iterator[tuple[str, object]]

_TEXTS: Final = {
    "treatment_site": "Site",
    "treatment_notes": "Notes before",
    "post_treatment_notes": "Notes after",
}


def as_object(told: SessionResult, treatment: Treatment) -> dict[str, Any]:
    """Return all that the record says of a session."""
    remainder, technician = told.remainder, told.technician
    return {
        **{name: value for name, value in asdict(told.session).items() if name != "odd"},
        "odd": told.session.odd,
        "patient_code": told.patient_code,
        "technician": None if technician is None else technician.username,
        "technician_name": None if technician is None else technician.full_name,
        "origin": told.proof.origin,
        "planned_energy_joules": told.planned_j,
        "commanded_energy_joules": told.given.commanded_j,
        "dose_joules": told.given.larger_j,
        "treatment_clock_seconds": told.happened.treatment_clock_s,
        "remainder": None if remainder is None else json.loads(to_json(remainder)),
        "remaining_seconds": None if remainder is None else remainder.duration_s,
        "remaining_joules": None if remainder is None else remainder.planned_energy_j,
        "rest_of": told.parts.rest_of,
        "finished_by": told.parts.finished_by,
        "treatment": {
            "sessions": [part.session.session_id for part in treatment.parts],
            "dose_joules": treatment.given_j,
            "planned_energy_joules": treatment.whole_j,
        },
        "timing": None if told.timing is None else asdict(told.timing),
        "amendments": [asdict(one) for one in told.amendments],
        "deviations": deviations(told),
        "faults": [asdict(one) for one in told.happened.faults],
        "safety_events": told.happened.safety_events,
        "events_unread": told.happened.unread,
        "recordings": [asdict(one) for one in told.recordings],
        "calibrations": [asdict(one) for one in told.calibrations],
        "calibrations_unknown": told.calibrations_unknown,
        "journal_head": told.proof.head_hash,
        "journal_ticks": told.proof.ticks,
        "journal_whole": told.proof.whole,
        "imported_date": told.proof.imported,
        "anchor": None if told.proof.signed is None else anchors.line_of(told.proof.signed),
    }


def deviations(told: SessionResult) -> list[dict[str, Any]]:
    """Return what operators changed of the plan in force, oldest first."""
    return [
        {name: value for name, value in asdict(one).items() if name != "override"}
        for one in told.happened.deviations
    ]


def page(told: SessionResult, treatment: Treatment, rest: OpenRest | None) -> str:
    """Return the page for a person. rest: what is left to be treated."""
    facts = "\n".join(
        f"{name:<16}{'' if value is None else printable(str(value))}"
        for name, value in _facts(told, treatment, rest)
    )
    return "\n\n".join(part for part in (facts, *_tables(told)) if part)


def left_of(rest: OpenRest) -> str:
    """Return what is left, and the command that finishes it."""
    plan = rest.plan
    command = f"tosca-kiosk treat --rest-of {rest.of_session}"
    return f"{plan.duration_s:.1f} s, {plan.planned_energy_j:.1f} J: {command}"


def _facts(told: SessionResult, treatment: Treatment, rest: OpenRest | None) -> Facts:
    session, technician = told.session, told.technician
    yield "Session", f"{session.session_id}, {session.status}, origin: {told.proof.origin or 'not known'}"
    yield "Patient", told.patient_code
    yield (
        "Technician",
        "no account" if technician is None else f"{technician.full_name} ({technician.username})",
    )
    yield "Protocol", session.protocol_name
    yield (
        "Started (UTC)",
        "not known" if session.start_time is None else f"{session.start_time:%Y-%m-%d %H:%M:%S}",
    )
    if session.end_time is not None:
        yield "Ended (UTC)", f"{session.end_time:%Y-%m-%d %H:%M:%S}, after {session.duration_seconds} s"
    if session.abort_reason is not None:
        yield "Aborted", session.abort_reason
    yield from _written(told)
    yield from _light(told)
    yield from _parts(told, treatment, rest)
    yield from _record(told)
    for odd in session.odd:
        yield "Odd value", odd


def _written(told: SessionResult) -> Facts:
    """Yield site and notes: what stands in the row, and behind it each amendment in its order."""
    for field, name in _TEXTS.items():
        original = getattr(told.session, field)
        amendments = [one for one in told.amendments if one.field == field]
        if original or amendments:
            yield name, original or "nothing at first"
        for one in amendments:
            yield "  amended", _amended(one)


def _amended(one: Amendment) -> str:
    when = "nobody knows when" if one.amended_date is None else f"{one.amended_date:%Y-%m-%d %H:%M:%S} UTC"
    return f"{one.amendment} ({one.username or 'nobody known'}, {when}: {one.reason})"


def _light(told: SessionResult) -> Facts:
    session, planned_j = told.session, told.planned_j
    planned = "" if planned_j is None else f" Planned {planned_j:.1f} J."
    yield "Energy", energies.in_words(told.given) + planned
    if session.total_laser_on_time_seconds is not None:
        yield "Laser on", f"{session.total_laser_on_time_seconds:.2f} s"
    if session.avg_power_watts is not None:
        yield "Power", f"{session.avg_power_watts:.2f} W mean, {session.max_power_watts or 0.0:.2f} W highest"
    timing = told.timing
    yield (
        "Punctuality",
        "not known"
        if timing is None
        else f"{timing.ticks} ticks, {timing.late_ticks} late, the worst by {timing.worst_late_ms:.2f} ms",
    )


def _parts(told: SessionResult, treatment: Treatment, rest: OpenRest | None) -> Facts:
    """Yield what this session is a part of, and what is left."""
    if told.parts.rest_of is not None:
        yield "Part", f"rest of session {told.parts.rest_of}"
    if told.parts.finished_by is not None:
        yield "Part", f"finished by session {told.parts.finished_by}"
    if rest is not None:
        yield "Left", left_of(rest)
    if len(treatment.parts) > 1:
        numbers = ", ".join(str(part.session.session_id) for part in treatment.parts)
        yield (
            "All parts",
            f"{_joules(treatment.given_j)} of {_joules(treatment.whole_j)} (sessions {numbers})",
        )


def _record(told: SessionResult) -> Facts:
    yield "Folder", told.session.session_folder_path
    yield "Safety events", told.happened.safety_events
    if told.happened.unread:
        yield "Events", told.happened.unread
    if told.calibrations_unknown:
        yield "Calibrations", told.calibrations_unknown
    if told.proof.signed is not None:
        yield "Anchor", anchors.line_of(told.proof.signed)


def _tables(told: SessionResult) -> Iterator[str]:
    for columns, rows, odd in (_deviations(told), _faults(told), _recordings(told), _calibrations(told)):
        if rows:
            yield table_text(columns, rows, odd)


def _deviations(told: SessionResult) -> Table:
    rows = [
        (one.time_s, one.action, one.old_value, one.new_value, one.reason, one.user)
        for one in told.happened.deviations
    ]
    return Table(("Deviation at s", "Action", "From", "To", "Reason", "By"), rows)


def _faults(told: SessionResult) -> Table:
    rows = [
        (
            one.time_s,
            one.event_type,
            one.source,
            one.severity,
            one.description,
            one.reset_s,
            one.reset_by or (None if one.reset_s is None else "at the cart"),
            one.reset_reason,
        )
        for one in told.happened.faults
    ]
    columns = ("Fault at s", "Event", "Source", "Severity", "What", "Reset at s", "By", "Reason")
    return Table(columns, rows)


def _recordings(told: SessionResult) -> Table:
    rows = [(one.recording_type, one.file_path, one.file_size_bytes, one.sha256) for one in told.recordings]
    return Table(("Recording", "File", "Bytes", "SHA-256"), rows, [one.odd for one in told.recordings])


def _calibrations(told: SessionResult) -> Table:
    rows = [
        (one.calibration_id, one.device_serial_number, one.calibration_type, one.calibration_date)
        for one in told.calibrations
    ]
    columns = ("Calibration", "Device", "Kind", "Made (UTC)")
    return Table(columns, rows, [one.odd for one in told.calibrations])


def _joules(energy_j: float | None) -> str:
    return "an unknown energy" if energy_j is None else f"{energy_j:.1f} J"
