"""A journal decided again: `step` is pure, so what it said of the same inputs it must say once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec

from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.journal_lines import (
    RULES_REVISION,
    ChainReader,
    Header,
    JournalError,
    Summary,
    TickLine,
)
from tosca_kiosk.domain.revisions import MISSING, AskedOnceDark, Intended, intended
from tosca_kiosk.domain.safety import Decision, step
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise


class _InputsOfTick(msgspec.Struct, frozen=True):
    t: float
    i: Inputs


_inputs_of_tick = msgspec.json.Decoder(_InputsOfTick)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a decision differs first. path: into the line, as `o.laser_output`; values as JSON has them."""

    line: int
    session_s: float
    path: str
    recorded: Any
    decided: Any


@dataclass(frozen=True, slots=True)
class Meant:
    """A difference from an older revision that is meant: where it is first, how often, and why."""

    first: Difference
    times: int
    why: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What deciding again found. difference: the first one that is not meant; the replay ends there.

    whole: it had its end. revision: of the rules that decided then. meant: what the present ones decide
    otherwise, and mean to; only a journal of older rules has any.
    """

    ticks: int
    session_s: float
    difference: Difference | None
    whole: bool
    revision: int = RULES_REVISION
    meant: tuple[Meant, ...] = ()


def decide_again(reader: ChainReader) -> Iterator[tuple[bytes, Decision]]:
    """Yield each tick line's JSON with what `step` decides of its inputs now, oldest first.

    Raises JournalError where the chain breaks, msgspec.DecodeError for a line that is no tick.
    """
    return decided_ticks(reader.header, reader.ticks_json())


def decided_ticks(header: Header, lines: Iterable[bytes]) -> Iterator[tuple[bytes, Decision]]:
    """Do the same for the tick lines of a journal with this header, from wherever they are read."""
    state, rules = State(), header.rules
    asked = AskedOnceDark(header.rules_revision)
    for line in lines:
        inputs = asked.inputs(rules, state, _inputs_of_tick.decode(line).i)
        decision = step(rules, state, inputs)
        state = decision.state
        yield line, decision


def replay(reader: ChainReader) -> Replay:
    """Decide a journal again and compare every line, bit for bit, and the summary at its end.

    A journal of an older revision of the rules is compared value by value: what differs must be meant.
    Raises what `decide_again` raises, and JournalError for rules that are newer than this program's.
    """
    revision = reader.header.rules_revision
    if revision > RULES_REVISION:
        raise JournalError(
            f"line 1: decided by rules {revision}, this program has rules {RULES_REVISION}; "
            "use the version of the program that wrote it"
        )
    state, meant = State(), _Meant(revision)
    for line, decision in decide_again(reader):
        tick = _inputs_of_tick.decode(line)
        decided = TickLine(tick.t, tick.i, decision.outputs, decision.events, decision.safety)
        again, state = _encoder.encode(decided), decision.state
        if again == line:
            continue
        # The header is line 1, so the first tick is line 2.
        for path, recorded, now in _differences(_named(line), _named(again)):
            difference = Difference(
                line=reader.ticks + 1, session_s=tick.t, path=path, recorded=recorded, decided=now
            )
            if not meant.take(difference):
                return Replay(
                    ticks=reader.ticks,
                    session_s=tick.t,
                    difference=difference,
                    whole=False,
                    revision=revision,
                    meant=meant.all,
                )
        if revision == RULES_REVISION:
            difference = Difference(
                line=reader.ticks + 1,
                session_s=tick.t,
                path="line",
                recorded=line.decode(),
                decided=again.decode(),
            )
            return Replay(reader.ticks, tick.t, difference, False)
    different = next((one for one in _of_summary(reader, state) if not meant.take(one)), None)
    return Replay(
        ticks=reader.ticks,
        session_s=state.now_s,
        difference=different,
        whole=reader.end is not None,
        revision=revision,
        meant=meant.all,
    )


class _Meant:
    """Takes the differences that are meant, one row for each reason and path."""

    def __init__(self, revision: int) -> None:
        self._revision = revision
        self._rows: dict[Intended, Meant] = {}

    @property
    def all(self) -> tuple[Meant, ...]:
        return tuple(self._rows.values())

    def take(self, difference: Difference) -> bool:
        row = intended(self._revision, difference.path, difference.recorded, difference.decided)
        if row is None:
            return False
        seen = self._rows.get(row)
        self._rows[row] = (
            Meant(difference, 1, row.why) if seen is None else Meant(seen.first, seen.times + 1, row.why)
        )
        return True


def _of_summary(reader: ChainReader, state: State) -> Iterator[Difference]:
    if reader.end is None:
        return
    # A reason from outside, as a session that was refused, is known to the end alone.
    recorded = reader.end.summary
    decided: Summary = summarise(state, recorded.abort_reason)
    both = (msgspec.to_builtins(recorded), msgspec.to_builtins(decided))
    for path, old, new in _differences(*both):
        yield Difference(
            line=reader.ticks + 2, session_s=state.now_s, path=f"summary.{path}", recorded=old, decided=new
        )


def _named(line: bytes) -> Any:
    """Return a line as named fields, so that a difference has a name; records are arrays in the journal."""
    tick = msgspec.json.decode(line, type=TickLine)
    return {
        "t": tick.t,
        "o": msgspec.structs.asdict(tick.o),
        "e": [msgspec.structs.asdict(event) for event in tick.e],
        "s": [msgspec.structs.asdict(event) for event in tick.s],
    }


def _differences(recorded: Any, decided: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the path of each value that differs, with both values."""
    if isinstance(recorded, dict) and isinstance(decided, dict):
        pairs = [(key, recorded.get(key, MISSING), decided.get(key, MISSING)) for key in recorded | decided]
    elif isinstance(recorded, list | tuple) and isinstance(decided, list | tuple):
        both = enumerate(zip_longest(recorded, decided, fillvalue=MISSING))
        pairs = [(str(index), old, new) for index, (old, new) in both]
    else:
        if recorded != decided:
            yield path, recorded, decided
        return
    for key, old, new in pairs:
        yield from _differences(old, new, f"{path}.{key}" if path else key)
