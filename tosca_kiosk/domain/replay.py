"""A journal decided again: `step` is pure, so what it said of the same inputs it must say once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import msgspec

from tosca_kiosk.domain.journal_lines import ChainReader, Summary, TickLine
from tosca_kiosk.domain.records import Inputs
from tosca_kiosk.domain.safety import Decision, step
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise

_MISSING = "nothing"


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
class Replay:
    """What deciding again found. difference: the first one; the replay ends there. whole: it had its end."""

    ticks: int
    session_s: float
    difference: Difference | None
    whole: bool


def decide_again(reader: ChainReader) -> Iterator[tuple[bytes, Decision]]:
    """Yield each tick line's JSON with what `step` decides of its inputs now, oldest first.

    Raises JournalError where the chain breaks, msgspec.DecodeError for a line that is no tick.
    """
    state, rules = State(), reader.header.rules
    for line in reader.ticks_json():
        decision = step(rules, state, _inputs_of_tick.decode(line).i)
        state = decision.state
        yield line, decision


def replay(reader: ChainReader) -> Replay:
    """Decide a journal again and compare every line bit for bit, and the summary at its end.

    Raises what `decide_again` raises.
    """
    state = State()
    for line, decision in decide_again(reader):
        tick = _inputs_of_tick.decode(line)
        decided = TickLine(tick.t, tick.i, decision.outputs, decision.events, decision.safety)
        again, state = _encoder.encode(decided), decision.state
        if again != line:
            path, recorded, now = _first_difference(_named(line), _named(again))
            # The header is line 1, so the first tick is line 2.
            return Replay(
                reader.ticks, tick.t, Difference(reader.ticks + 1, tick.t, path, recorded, now), False
            )
    return Replay(reader.ticks, state.now_s, _difference_of_summary(reader, state), reader.end is not None)


def _difference_of_summary(reader: ChainReader, state: State) -> Difference | None:
    if reader.end is None:
        return None
    # A reason from outside, as a session that was refused, is known to the end alone.
    recorded = reader.end.summary
    decided: Summary = summarise(state, recorded.abort_reason)
    if decided == recorded:
        return None
    both = (msgspec.to_builtins(recorded), msgspec.to_builtins(decided))
    path, old, new = _first_difference(*both)
    return Difference(reader.ticks + 2, state.now_s, f"summary.{path}", old, new)


def _named(line: bytes) -> Any:
    """Return a line as named fields, so that a difference has a name; records are arrays in the journal."""
    tick = msgspec.json.decode(line, type=TickLine)
    return {
        "t": tick.t,
        "o": msgspec.structs.asdict(tick.o),
        "e": [msgspec.structs.asdict(event) for event in tick.e],
        "s": [msgspec.structs.asdict(event) for event in tick.s],
        "line": line.decode(),
    }


def _first_difference(recorded: Any, decided: Any) -> tuple[str, Any, Any]:
    """Return the path of the first value that differs, and both values; they must differ."""
    if isinstance(recorded, dict) and isinstance(decided, dict):
        pairs = [(key, recorded.get(key, _MISSING), decided.get(key, _MISSING)) for key in recorded | decided]
    elif isinstance(recorded, list) and isinstance(decided, list):
        both = enumerate(zip_longest(recorded, decided, fillvalue=_MISSING))
        pairs = [(str(index), old, new) for index, (old, new) in both]
    else:
        return "", recorded, decided
    key, old, new = next(pair for pair in pairs if pair[1] != pair[2])
    below, old, new = _first_difference(old, new)
    return f"{key}.{below}" if below else key, old, new
