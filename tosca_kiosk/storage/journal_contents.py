"""What stands in a session's journal, as far as it is whole, and how the session ended by it.

Of treatments and of sessions that calibrate alike: no row is written here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import ChainReader, End, JournalError, Summary, TickLine
from tosca_kiosk.domain.replay import decide_again
from tosca_kiosk.domain.rows import StepRows
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import left_in_light, summarise, unconfirmed
from tosca_kiosk.journal.tail import StillWrittenError, read_journal
from tosca_kiosk.storage import events
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.session_timing import TickTimes

CUT_SHORT = "the program ended before the session was closed"


class EventsOfTick(msgspec.Struct, frozen=True, gc=False):
    """What of a tick line becomes rows. t: session seconds; e, s: events and safety events."""

    t: float
    e: tuple[events.JournalTreatmentEvent, ...] = ()
    s: tuple[SafetyEvent, ...] = ()


events_of_tick = msgspec.json.Decoder(EventsOfTick).decode
_line = msgspec.json.Decoder(TickLine)
log = logging.getLogger("tosca_kiosk.storage.journal_contents")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. whole: the journal had its end, and nothing before it was broken.

    damage: what is wrong with the journal, in words, None where nothing is. mended: as in `Contents`.
    """

    session_id: int
    treatment_events: int
    safety_events: int
    ticks: int
    head_hash: str
    whole: bool
    summary: Summary
    damage: str | None = None
    mended: str | None = None
    work: Literal["treatment", "calibration"] = "treatment"

    @property
    def number(self) -> dict[str, int]:
        """The session's number under the name that it has in the table of its kind."""
        name = "calibration_session_id" if self.work == "calibration" else "session_id"
        return {name: self.session_id}


@dataclass(slots=True)
class Contents:
    """What stands in a journal, checked. ticks: those with events, by their numbers from 1. times: of all.

    broken: where it breaks, in words, None where it does not. mended: what of it one of its two copies no
    longer had, in words, None where both were the same.
    """

    content: bytes
    reader: ChainReader
    mended: str | None = None
    ticks: list[tuple[int, EventsOfTick]] = field(default_factory=list)
    times: TickTimes = field(default_factory=TickTimes)
    broken: str | None = None

    @property
    def end(self) -> End | None:
        """How the session ended, as the journal says; also where it breaks before that."""
        return self.reader.end or (None if self.broken is None else self.reader.end_by_itself())


class Found(NamedTuple):
    """All of a journal that disk and memory have. mended: as in `Contents`."""

    content: bytes
    mended: str | None


class Ending(NamedTuple):
    """How a session ended. tells_all: whether its record tells all of its light.

    left_in_light: the row that says so, with its session time, None where it was not.
    """

    summary: Summary
    tells_all: bool
    left_in_light: tuple[float, SafetyEvent] | None = None


def read(journal: Path) -> Found:
    """Return all of a journal. Raises StorageError while it is written, OSError for what cannot be read."""
    told: list[str] = []
    try:
        content = read_journal(journal, told.append)
    except StillWrittenError as error:
        raise StorageError(str(error)) from error
    for each in told:
        log.warning(each)
    return Found(content, "; ".join(told) or None)


def contents_of(content: bytes, mended: str | None = None) -> Contents:
    """Check a journal as far as it is whole. Raises JournalError where it breaks in its header."""
    contents = Contents(content, ChainReader(content), mended)
    try:
        for line in contents.reader.ticks_json():
            contents.times.take(line)
            if may_hold_events(line):
                contents.ticks.append((contents.reader.ticks, events_of_tick(line)))
    except (JournalError, msgspec.DecodeError) as error:
        contents.broken = _where(error, contents.reader)
    return contents


def may_hold_events(line: bytes) -> bool:
    """Say whether a tick has to be decoded for its events: most hold none, a few only look so."""
    return b'"e":[' in line or b'"s":[' in line


def ending(contents: Contents, known: Summary | None) -> Ending:
    """Return how the session ended: as its journal's end says, else as known, else by its last whole tick.

    An end is believed by itself, also where the journal breaks before it. Where every tick must be decided
    again and one cannot be, contents are broken there.
    """
    told = known if contents.end is None else contents.end.summary
    if told is not None and not unconfirmed(told.abort_reason):
        return Ending(told, tells_all=True)
    last = _decided_again(contents)
    row = None if last.row is None else (last.state.now_s, last.row)
    if told is not None:
        return Ending(told, tells_all=False, left_in_light=row)
    summary = summarise(last.state, CUT_SHORT)
    if contents.broken is not None:
        reason = f"{summary.abort_reason}; {damaged(contents.broken)}"
        summary = msgspec.structs.replace(summary, status="aborted", abort_reason=reason)
    tells_all = contents.broken is None and not unconfirmed(summary.abort_reason)
    return Ending(summary, tells_all=tells_all, left_in_light=row)


def damaged(broken: str) -> str:
    """Return the words of a session's reason for a journal that breaks there."""
    return f"its journal is damaged at {broken}"


def head_after(contents: Contents, ticks: int) -> str:
    """Return the digest of the tick line with this number, in hexadecimal."""
    reader = ChainReader(contents.content)
    for _ in reader.ticks_json():
        if reader.ticks == ticks:
            break
    return reader.head.hex()


def mended(session: str, how: str) -> SafetyEvent:
    """Return the line of the safety log for a journal that was mended from its two copies."""
    return noticed(
        "interlock_failure",
        f"The journal of {session} was mended from its two copies: {how}. Check disk and memory.",
        "record_mended",
        {"trigger_source": "journal_mended"},
    )


class _Last(NamedTuple):
    """What the last whole tick left. row: that the session was left in light, None where it was not."""

    state: State
    row: SafetyEvent | None = None


def _decided_again(contents: Contents) -> _Last:
    """Decide every tick again, which is exact, for the step is pure; return what the last whole one left."""
    reader, newest, state = ChainReader(contents.content), b"", State()
    try:
        for line, decision in decide_again(reader):
            newest, state = line, decision.state
    except (JournalError, msgspec.DecodeError) as error:
        contents.broken = _where(error, reader)
    if not left_in_light(state):
        return _Last(state)
    rows = StepRows(reader.header.rules, state, _line.decode(newest).i)
    rows.left_in_light()
    return _Last(state, rows.safety[0])


def _where(error: JournalError | msgspec.DecodeError, reader: ChainReader) -> str:
    if isinstance(error, JournalError):
        return str(error)
    return f"line {reader.ticks + 1}: not a tick of this program ({error})"
