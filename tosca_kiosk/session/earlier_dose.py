"""Light that a patient had before: what must be shown, and asked about, before another session is opened."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from tosca_kiosk.domain.setting_table import EARLIER_DOSE_KEY
from tosca_kiosk.domain.site_limits import site_limits
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED, unconfirmed
from tosca_kiosk.storage import Database, energies, sessions, settings
from tosca_kiosk.storage.clock_evidence import (
    SLACK,
    Reading,
    Wrong,
    doubt,
    last_set_forward,
    newest_row,
    readings,
)
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.energies import UNKNOWN, Energies
from tosca_kiosk.storage.sessions import Session

RECENT = timedelta(hours=24)

_NEVER, _FOREVER = (time.replace(tzinfo=UTC) for time in (datetime.min, datetime.max))


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """A session whose light counts. start_utc: as its row says, right or not; None where it tells no time.

    goes_on: whether the next session goes on from it, so that it counts however old it is.
    """

    session_id: int
    start_utc: datetime | None
    status: str
    energies: Energies
    abort_reason: str | None = None
    goes_on: bool = False

    @property
    def ending(self) -> str:
        """How it ended, for a person: its status, or that nobody knows whether its light has ended."""
        return LIGHT_NOT_CONFIRMED if unconfirmed(self.abort_reason) else self.status


@dataclass(frozen=True, slots=True)
class EarlierDose:
    """The patient's light that is not provably older than 24 h, the newest session first.

    asked_above_j: the site's setting; so much light is shown without a question.
    """

    sessions: tuple[EarlierSession, ...] = ()
    asked_above_j: float = 0.0

    @property
    def energy_j(self) -> float:
        """The sum of the larger energies; of a session of which not all is known, as much as is."""
        return sum((session.energies.at_least_j for session in self.sessions), 0.0)

    @property
    def unknown(self) -> int:
        """How many of the sessions have given nobody knows how much."""
        return sum(session.energies.larger_j is None for session in self.sessions)

    @property
    def must_ask(self) -> bool:
        """Whether a person must be asked: for more than the site lets pass, and always for the unknown."""
        return self.unknown > 0 or self.energy_j > self.asked_above_j


def earlier_dose(
    database: Database, patient_id: int, now: datetime, counted: frozenset[int] = frozenset()
) -> EarlierDose:
    """Return the patient's light of the last 24 h, and all that the record cannot prove to be older.

    counted: sessions whose light counts however old it is: the parts of a treatment that goes on.

    The wall clock may have been wrong at any time, so a session's time alone proves nothing. A session is
    provably older than 24 h when it is closed, its row tells both its times, its end lies more than 24 h
    before `now`, and a witness stands behind it: a later session, of anyone (it has a higher number and was
    opened after this one was closed). None is its own: a clock that was slow and has been put right since
    would hide the newest session. The witness started more than 24 h before `now` too, and:

    - No row written after it has an earlier time than one before that row, and `now` is not earlier than any
      of them: the clock has run without a visible step back since.
    - Where a row written before it has a later time, the clock had gone back before it. It may have been slow
      then and been put right since, by one step forward that hides between two sessions: so the longest time
      between two starts of sessions since, or from the last one to `now`, is taken off its age first.

    Rows are the starts of sessions, the audit's rows and those of the safety log that are of no session, each
    in the order of their numbers (see clock_evidence). SLACK is allowed to each, and added to the 24 h. So a
    session that is open, lies in the future or was written while the clock was seen to be off counts as
    recent, as does the newest of all, and a step back makes all before it recent until the clock has run for
    24 h without another.

    While the clock itself cannot be right (over a year ahead, or before the program's release), and for 24 h
    after the kiosk saw it being set forward, nothing is provably older.

    What it cannot see: a clock that was slow and is set forward while no kiosk runs. The next kiosk sees it
    if the machine has run on since the newest session (see clock_witness). Where it was started again nothing
    tells how long it was off: a hardware clock is set along with the other, or is what was wrong. Then there
    is no trace unless the record has seen the clock go back, which it has if some row of a right clock is
    younger, at the session, than the clock was slow. A database put back from a backup does not know what
    came after. Sessions known to have had no light are left out.

    Raises StorageError, and SiteLimitError for a setting out of its range.
    """
    with database.reading() as reader:
        found = sorted(sessions.for_patient(reader, patient_id), key=lambda session: -session.session_id)
        trusted = bool(found) and not _set_forward(reader, now)
        witness = newest_witness(readings(reader), now) if trusted else 0
        doubtful = [
            session
            for session in found
            if session.session_id in counted or not _provably_older(session, witness, now)
        ]
        given = energies.of_sessions(reader, tuple(session.session_id for session in doubtful))
        asked_above_j = _asked_above_j(settings.values(reader))
    earlier = [
        EarlierSession(
            session.session_id,
            session.start_time,
            session.status,
            given.get(session.session_id, UNKNOWN),
            session.abort_reason,
            goes_on=session.session_id in counted,
        )
        for session in doubtful
    ]
    return EarlierDose(tuple(one for one in earlier if one.energies.larger_j != 0.0), asked_above_j)


def _provably_older(session: Session, witness: int, now: datetime) -> bool:
    start, end = session.start_time, session.end_time
    if start is None or end is None or session.status not in sessions.CLOSED_STATUSES:
        return False
    if session.session_id >= witness:
        return False
    latest = max(start, end)
    return now - latest > RECENT + SLACK


def _set_forward(reader: Reader, now: datetime) -> bool:
    """Whether the clock may have skipped hours: what was set back is seen by the order of the rows."""
    doubted = doubt(now, newest_row(reader))
    skipped = last_set_forward(reader)
    return (doubted is not None and doubted.wrong is not Wrong.BEHIND) or (
        skipped is not None and now - skipped <= RECENT + SLACK
    )


def newest_witness(sources: tuple[tuple[Reading, ...], ...], now: datetime) -> int:
    """Return the highest number of a session that can be a witness (see earlier_dose), 0 where none can.

    sources: as clock_evidence.readings gives them, starts of sessions first.
    """
    everything = [reading for source in sources for reading in source]
    highest_before, lowest_since = _highest_before(everything), _lowest_since(everything)
    unbroken_after = max(_last_before_a_step(source, now) for source in sources)
    later, longest = now, timedelta(0)
    for start in reversed(sources[0]):
        number, time = start.after, start.time
        if number <= unbroken_after or time is None:
            break
        later, longest = time, max(longest, later - time)
        may_hide = longest if highest_before(number) > time + SLACK else timedelta(0)
        if now - time > RECENT + SLACK + may_hide and lowest_since(number) >= time - SLACK:
            return number
    return 0


def _last_before_a_step(source: tuple[Reading, ...], now: datetime) -> int:
    """Return the newest session that may have been opened before the clock's last step back, 0 for none."""
    lowest = now
    for reading in reversed(source):
        if reading.time is None or reading.time > lowest + SLACK:
            return reading.not_after
        lowest = min(lowest, reading.time)
    return 0


def _highest_before(everything: list[Reading]) -> Callable[[int], datetime]:
    """Return what gives the latest time in rows from before a session's start."""
    known = sorted((r.not_after, r.time) for r in everything if r.time is not None)
    numbers = [number for number, _ in known]
    highest = list(accumulate((time for _, time in known), max, initial=_NEVER))
    return lambda number: highest[bisect_left(numbers, number)]


def _lowest_since(everything: list[Reading]) -> Callable[[int], datetime]:
    """Return what gives the earliest time in rows from a session's start on."""
    known = sorted((r.after, r.time) for r in everything if r.time is not None)
    numbers = [number for number, _ in known]
    lowest = list(accumulate((time for _, time in reversed(known)), min, initial=_FOREVER))
    return lambda number: lowest[len(known) - bisect_left(numbers, number)]


def _asked_above_j(values: dict[str, settings.Value]) -> float:
    setting = values.get(EARLIER_DOSE_KEY, 0.0)
    site_limits({EARLIER_DOSE_KEY: setting})
    assert isinstance(setting, int | float)
    return float(setting)
