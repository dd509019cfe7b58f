"""The rest of a treatment that ended early: a plan of its own, which names its first part.

A rest that itself ended early has a rest; the parts of one treatment are followed from the first to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import NAME_LENGTH
from tosca_kiosk.domain.remainder import named_rest
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.domain.site_limits import looser_than_design
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.session_result import SessionResult, session_result
from tosca_kiosk.storage import Reader, session_parts, sessions

DOSE_MARGIN: Final = Limits().dose_margin
"""What all parts may give together, as a part of the whole plan: as one session's dose may of its plan."""

_BY_ITS_PROTOCOL: Final = "treat by a protocol of your own choice"


@dataclass(frozen=True, slots=True)
class OpenRest:
    """What is left of a treatment that ended early. parts: its sessions so far, the first one first.

    given_j: the larger energies of all parts together; whole_j: what the whole plan gives.
    """

    plan: Protocol
    parts: tuple[SessionResult, ...]
    given_j: float
    whole_j: float

    @property
    def of_session(self) -> int:
        """The session that ended early."""
        return self.parts[-1].session.session_id

    def within(self, idle: Rules) -> Rules:
        """Return the rules without a session with the dose margin that is left for the rest.

        Raises RefusedError where none is.
        """
        return _within(idle, self.of_session, self.given_j, self.whole_j, self.plan)


@dataclass(frozen=True, slots=True)
class Treatment:
    """A treatment in parts, the first one first. given_j: the larger energies of all parts together.

    whole_j: what the whole plan gives: each part as far as it went, and all of the last. None: not known.
    """

    parts: tuple[SessionResult, ...]
    given_j: float | None
    whole_j: float | None


def treatment_of(reader: Reader, told: SessionResult) -> Treatment:
    """Return all parts of the treatment that a session is one of. Raises StorageError as session_result."""
    own = told.session.session_id
    parts = tuple(
        told if number == own else session_result(reader, number)
        for number in session_parts.chain_of(reader, own)
    )
    *earlier, last = parts
    planned = [*(part.planned_so_far_j for part in earlier), last.planned_j]
    return Treatment(
        parts=parts,
        given_j=_sum([part.given.larger_j for part in parts]),
        whole_j=_sum(planned),
    )


def rest_of(reader: Reader, told: SessionResult) -> OpenRest:
    """Return what is left of a session that ended early, as a plan that names it.

    Raises RefusedError where it has no rest that may be treated: what is in the way and what to do.
    """
    session_id = told.session.session_id
    if (problem := _problem(told)) is not None:
        raise RefusedError(f"session {session_id} has no rest to treat: {problem}")
    parts, plan = treatment_of(reader, told).parts, told.remainder
    given_j, done_j = _given_and_done_j(parts)
    if plan is None:
        raise RefusedError(f"session {session_id} has no rest to treat: all of its plan was given")
    if given_j is None or done_j is None:
        unknown = ", ".join(
            str(part.session.session_id)
            for part in parts
            if part.given.larger_j is None or part.planned_so_far_j is None
        )
        raise RefusedError(
            f"session {session_id} has no rest to treat: nobody knows how much light session {unknown} gave; "
            f"{_BY_ITS_PROTOCOL}"
        )
    whole_j = done_j + plan.planned_energy_j
    if given_j + plan.planned_energy_j > DOSE_MARGIN * whole_j:
        raise RefusedError(
            f"session {session_id} has no rest to treat: {given_j:.1f} J were given and its rest is "
            f"{plan.planned_energy_j:.1f} J, together over {DOSE_MARGIN:g} times the whole plan of "
            f"{whole_j:.1f} J; {_BY_ITS_PROTOCOL}"
        )
    named = named_rest(plan, session_id, NAME_LENGTH)
    return OpenRest(plan=named, parts=parts, given_j=given_j, whole_j=whole_j)


def rules_of_part(reader: Reader, session_id: int, idle: Rules, plan: Protocol) -> Rules:
    """Return the rules without a session with the dose margin that is left for a session of this plan.

    Of one that finishes no rest they are the same. Raises StorageError, and RefusedError where nothing is
    left, or nobody knows what the parts before it gave.
    """
    before = session_parts.of_session(reader, session_id).rest_of
    if before is None:
        return idle
    numbers = session_parts.chain_of(reader, before)
    parts = [session_result(reader, number) for number in numbers[: numbers.index(before) + 1]]
    given_j, done_j = _given_and_done_j(parts)
    if given_j is None or done_j is None:
        raise RefusedError(f"session {session_id}: nobody knows how much light the parts before it gave")
    return _within(idle, before, given_j, done_j + plan.planned_energy_j, plan)


def rest_or_why(reader: Reader, told: SessionResult) -> tuple[OpenRest | None, str]:
    """Return what is left of a session that ended early, else why it has no rest that may be treated."""
    try:
        return rest_of(reader, told), ""
    except RefusedError as error:
        return None, str(error)


def open_rests(reader: Reader, patient_id: int) -> tuple[OpenRest, ...]:
    """Return what is left of a patient's treatments that ended early, the newest first."""
    theirs = [one for one in sessions.for_patient(reader, patient_id) if one.status == "aborted"]
    found = [rest_or_why(reader, session_result(reader, one.session_id))[0] for one in theirs]
    return tuple(rest for rest in found if rest is not None)


def _within(idle: Rules, session_id: int, given_j: float, whole_j: float, plan: Protocol) -> Rules:
    """Tighten the margin so that a session's rest and all parts before it keep to that of the whole plan."""
    margin, rest_j = idle.limits.dose_margin, plan.planned_energy_j
    if not rest_j > 0.0:
        return idle
    left = min(margin, (margin * whole_j - given_j) / rest_j)
    limits = msgspec.structs.replace(idle.limits, dose_margin=left)
    if looser_than_design(limits):
        raise RefusedError(
            f"session {session_id} has no rest to treat: {given_j:.1f} J were given, and all parts may give "
            f"no more than {margin:g} times the whole plan of {whole_j:.1f} J; {_BY_ITS_PROTOCOL}"
        )
    return msgspec.structs.replace(idle, limits=limits)


def _problem(told: SessionResult) -> str | None:
    """Say why a session has no rest, as far as it says so itself; None where it may have one."""
    session = told.session
    light = told.given.larger_j != 0.0 or told.happened.treatment_clock_s != 0.0
    problems = (
        (
            session.status in sessions.OPEN_STATUSES,
            f"it is {session.status}; close it first, then plan what is left",
        ),
        (session.status == "completed", "it is finished; plan a new session by its protocol"),
        (
            told.parts.finished_by is not None,
            f"session {told.parts.finished_by} was opened for it; the rest of that one is what may be left",
        ),
        (bool(told.happened.unread), told.happened.unread),
        (
            told.in_force is None,
            f"its row or its events do not tell its plan; run tosca-kiosk db check, and {_BY_ITS_PROTOCOL}",
        ),
        (
            told.given.larger_j is None or told.happened.treatment_clock_s is None,
            f"its record breaks off, so nobody knows how much light it gave; {_BY_ITS_PROTOCOL}",
        ),
        (
            not light and told.parts.rest_of is None,
            "it gave no light, so all of it is left; treat by its protocol",
        ),
    )
    return next((text for applies, text in problems if applies), None)


def _given_and_done_j(parts: Sequence[SessionResult]) -> tuple[float | None, float | None]:
    """Return what parts gave, and what of their plans they went through, in joules; None: not known."""
    return _sum([part.given.larger_j for part in parts]), _sum([part.planned_so_far_j for part in parts])


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known, 0.0) if len(known) == len(values) else None
