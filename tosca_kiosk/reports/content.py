"""Everything that a report says, found in the record and the session's journal; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tosca_kiosk.domain.light import dose_limit_j
from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.summary import unconfirmed
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.reports import record_rows, texts
from tosca_kiosk.reports.account import Course
from tosca_kiosk.reports.interlocks import Bar
from tosca_kiosk.reports.light import Event, Gap, Span, Why, gaps, not_confirmed_ended, spans
from tosca_kiosk.reports.record_rows import Rows, SafetyLine
from tosca_kiosk.reports.samples import Sealed, Tell, UnusableJournalError, header_of, of_journal, of_rows
from tosca_kiosk.session import RefusedError, SessionResult, Treatment, session_result, treatment_of
from tosca_kiosk.storage import Reader, StorageError, patients, sessions, users
from tosca_kiosk.storage.heads import Head
from tosca_kiosk.storage.session_proof import newest_head_over


class JournalTold(NamedTuple):
    """What the session's journal tells beside its ticks. software, rules: None where it does not.

    problem: why its ticks are not used, empty where they are.
    """

    software: str | None = None
    rules: Rules | None = None
    problem: str = ""


class DoseLimit(NamedTuple):
    """A dose limit. from_s: since when it was in force, in session seconds."""

    from_s: float
    limit_j: float


@dataclass(frozen=True, slots=True)
class Content:
    """A session as a report shows it.

    treatment: all parts of it. born_year: the patient's, None where it is not known. names: full names of
    accounts, by username. plan: in force, with what was overridden. end_s: where the session's record
    ends, in session seconds. bars: of interlocks. course: None where nothing of it is recorded. anchor: the
    newest signed head that proves all of this session. calibration_interval_days: after which one is due,
    as the site has it now. odd_rows: events that another hand left unreadable.
    """

    result: SessionResult
    treatment: Treatment
    born_year: int | None
    names: dict[str, str]
    journal: JournalTold
    plan: Plan | None
    events: tuple[Event, ...]
    safety: tuple[SafetyLine, ...]
    light: tuple[Span, ...]
    end_s: float
    bars: tuple[Bar, ...]
    course: Course | None
    anchor: Head | None
    calibration_interval_days: int | None
    odd_rows: int

    @property
    def power_limit_w(self) -> float | None:
        """The limit in force, None where no journal tells it."""
        return None if self.journal.rules is None else self.journal.rules.power_limit_w

    @property
    def dose_limits(self) -> tuple[DoseLimit, ...]:
        """The dose limits, oldest first: an override changes the one in force; none where nobody knows it."""
        rules, plan = self.journal.rules, self.plan
        if rules is None or plan is None:
            return ()
        newest = Plan(protocol=plan.protocol)
        found = [DoseLimit(from_s=0.0, limit_j=dose_limit_j(rules, newest))]
        changes_s = [one.time_s for one in self.result.happened.deviations if one.override is not None]
        for from_s, override in zip(changes_s, plan.overrides, strict=False):
            newest = newest.overridden(override)
            limit_j = dose_limit_j(rules, newest)
            if limit_j != found[-1].limit_j:
                found.append(DoseLimit(from_s=from_s, limit_j=limit_j))
        return tuple(found)

    @property
    def light_unknown(self) -> bool:
        """Whether the record does not tell how much light there was."""
        return self.result.session.total_laser_on_time_seconds is None or self.result.given.measured_j is None

    @property
    def was_lit(self) -> bool:
        """Whether the record tells of any light."""
        lit_s = self.result.session.total_laser_on_time_seconds or 0.0
        return lit_s > 0.0 or self.result.given.at_least_j > 0.0

    @property
    def without_light(self) -> tuple[Gap, ...]:
        """The times without light, and those of which nobody knows."""
        why = Why.UNBEGUN if self.was_lit else Why.NONE
        if unconfirmed(self.result.session.abort_reason):
            why = Why.UNCONFIRMED
        elif self.light_unknown:
            why = Why.NOT_KNOWN
        return tuple(gaps(self.light, self.end_s, why))


def content_of(
    reader: Reader, data_dir: Path, session_id: int, calibration_interval_days: int | None, tell: Tell
) -> Content:
    """Find everything that a report says of a closed session.

    tell: hears how much of its journal is read, 0 to 1. Raises RefusedError for a session that is open,
    StorageError where there is none.
    """
    _refuse_open(reader, session_id)
    result = session_result(reader, session_id)
    treatment = treatment_of(reader, result)
    rows = _rows(reader, session_id)
    safety = record_rows.safety_lines(reader, session_id, result.session.start_time)
    journal, course = _course(reader, data_dir, result, spans(rows.events, rows.end_s), tell)
    recorded_s = max(rows.end_s, 0.0 if course is None else course.end_s)
    light = spans(rows.events, recorded_s)
    return Content(
        result=result,
        treatment=treatment,
        born_year=_born_year(reader, result),
        names=dict(_names(reader, result, rows.events)),
        journal=journal,
        plan=_plan(result),
        events=rows.events,
        safety=safety,
        light=not_confirmed_ended(light) if unconfirmed(result.session.abort_reason) else light,
        end_s=max(recorded_s, float(result.session.duration_seconds or 0)),
        bars=rows.watch.bars(record_rows.failures(rows.events, safety)),
        course=course,
        anchor=newest_head_over(reader, session_id),
        calibration_interval_days=calibration_interval_days,
        odd_rows=rows.odd,
    )


def _refuse_open(reader: Reader, session_id: int) -> None:
    session = sessions.get(reader, session_id)
    if session.status in sessions.OPEN_STATUSES:
        raise RefusedError(
            f"session {session_id} is still open ({session.status}); end it at the cart, or start the cart "
            "where it broke off, then repeat"
        )


def _rows(reader: Reader, session_id: int) -> Rows:
    try:
        return record_rows.treatment_rows(reader, session_id)
    except StorageError:
        return record_rows.NO_ROWS  # the result says why


def _course(
    reader: Reader, data_dir: Path, result: SessionResult, light: tuple[Span, ...], tell: Tell
) -> tuple[JournalTold, Course | None]:
    """Return what the journal tells, and the course from it; from the record's rows where it is not whole."""
    session, proof = result.session, result.proof
    told = JournalTold(problem=texts.JOURNAL_NEVER_TAKEN)
    if proof.head_hash is not None:
        sealed = Sealed(proof.ticks or 0, proof.head_hash, _header_digest(reader, session.session_id))
        try:
            journal = sessions.folder_of(session, data_dir) / JOURNAL_NAME
        except StorageError as error:
            told = JournalTold(problem=str(error))
        else:
            header = header_of(journal, sealed)
            software, rules = (None, None) if header is None else (header.software, header.rules)
            told = JournalTold(software=software, rules=rules)
            try:
                return told, of_journal(journal, sealed, rules or Rules(), light, tell)
            except UnusableJournalError as error:
                told = told._replace(problem=str(error))
    if result.happened.unread:
        return told, None
    course = of_rows(record_rows.samples(reader, session.session_id), light)
    return told, course if course.ticks else None


def _header_digest(reader: Reader, session_id: int) -> str | None:
    held = reader.held_one("session_journals", session_id=session_id)
    return None if held is None else held.row["header_digest"]


def _plan(result: SessionResult) -> Plan | None:
    """Return the plan in force at the end; as it was opened where nobody knows what was changed of it."""
    if result.in_force is not None or result.plan is None:
        return result.in_force
    return Plan(protocol=result.plan)


def _born_year(reader: Reader, result: SessionResult) -> int | None:
    born = patients.of_id(reader, result.session.patient_id).date_of_birth
    return None if born is None else born.year


def _names(reader: Reader, result: SessionResult, events: Iterable[Event]) -> Iterator[tuple[str, str]]:
    known = {fault.reset_by for fault in result.happened.faults}
    known |= {amendment.username for amendment in result.amendments}
    known |= {event.details.get("user") for event in events}
    for username in sorted(name for name in known if isinstance(name, str)):
        if (user := users.find(reader, username)) is not None:
            yield username, user.full_name
