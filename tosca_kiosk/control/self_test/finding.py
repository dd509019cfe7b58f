"""What a judgement says and how a sample is asked; the judgements themselves are a file for each device.

They are pure: from evidence alone. Each says what was found in words a technician reads, and passes only on
data that is there and fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from hardware.arroyo.names import error_text
from tosca_kiosk.control.self_test.evidence import Evidence, Sample
from tosca_kiosk.domain.state import State

DARK_STATE: Final = State()
"""The safety machine's when nothing is going on: what its predicates are asked with."""


class Finding(NamedTuple):
    """What a judgement says. whole: the text names the device and what to do by itself."""

    passed: bool
    reason: str
    whole: bool = False


Judge = Callable[[Evidence], Finding]


def always(evidence: Evidence, holds: Callable[[Sample], bool]) -> bool:
    """Return whether something held in every sample, and there were some."""
    return bool(evidence.all) and all(holds(sample) for sample in evidence.all)


def any_bits(values: Iterable[int]) -> int:
    """Return the bits that were set in any of the values."""
    bits = 0
    for value in values:
        bits |= value
    return bits


def error_queue(codes: Iterable[int], found_at_start: tuple[str, ...]) -> Finding:
    """Judge an Arroyo's error queue. What it held before the test is told, and fails nothing."""
    named = ", ".join(error_text(code) for code in dict.fromkeys(codes))
    before = f"; at the start it held: {', '.join(found_at_start)}" if found_at_start else ""
    return Finding(not named, f"{named or 'empty'}{before}")
