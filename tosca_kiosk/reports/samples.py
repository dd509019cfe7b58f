"""Where a session's samples come from: its journal, read as a stream, or the rows that the record keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from tosca_kiosk.domain.calibration import PiecewiseLinear
from tosca_kiosk.domain.journal_lines import Header, JournalError, StreamedJournal
from tosca_kiosk.domain.light import LIGHT_SEEN_W
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.reports.account import Account, Course, Samples
from tosca_kiosk.reports.curves import Numbers
from tosca_kiosk.reports.light import Span

_BLOCK: Final = 2000
"""So many ticks are decoded at once."""

Tell = Callable[[float], object]


class UnusableJournalError(Exception):
    """A journal that does not tell what was recorded; the text says why, for the report."""


class Sealed(NamedTuple):
    """What the record holds of a session's journal: its ticks, its newest hash and that of its first line."""

    ticks: int
    head: str
    header: str | None


# What of a tick line the curves need; the first fields of the journal's own records, in their order. What
# stands behind them is skipped undecoded, which makes an hour of ticks a matter of a second.


class _Board(msgspec.Struct, frozen=True, array_like=True, gc=False):
    measured_s: float
    pedal_pressed: bool
    stop_loop_closed: bool
    gate_closed: bool
    gate_wanted: bool
    motor_on: bool
    vibration_healthy: bool
    photodiode_v: float


class _Laser(msgspec.Struct, frozen=True, array_like=True, gc=False):
    output_on: bool
    output_asked_s: float
    set_current_ma: float
    set_asked_s: float


class _Stage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    measured_s: float
    position_um: float
    target_um: float
    index_known: bool


class _Inputs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    now_s: float
    late_s: float
    overrun_s: float
    board: _Board | None
    laser: _Laser | None
    tec: msgspec.Raw
    stage: _Stage | None


class _Outputs(msgspec.Struct, frozen=True, array_like=True, gc=False):
    laser_output: bool
    laser_current_ma: float


class _Tick(msgspec.Struct, frozen=True, gc=False):
    t: float
    i: _Inputs
    o: _Outputs


_ticks = msgspec.json.Decoder(_Tick).decode_lines


def header_of(journal: Path, sealed: Sealed) -> Header | None:
    """Return the first line of a session's journal, None where it is not the one that was recorded."""
    try:
        with journal.open("rb") as lines:
            streamed = StreamedJournal(lines)
    except (OSError, JournalError):
        return None
    digest = streamed.header_digest
    known = sealed.header is None or (digest is not None and digest.hex() == sealed.header)
    return streamed.header if known else None


def of_journal(journal: Path, sealed: Sealed, rules: Rules, light: tuple[Span, ...], tell: Tell) -> Course:
    """Return the course of a session from every tick of its journal, each checked by the journal's chain.

    tell: hears how far that is, 0 to 1. Raises UnusableJournalError where it is not what was recorded.
    """
    account = Account(light)
    try:
        with journal.open("rb") as lines:
            streamed = StreamedJournal(lines)
            for ticks in _blocks(streamed.ticks_json(sealed.ticks)):
                account.add(_samples(ticks, rules))
                tell(streamed.ticks / max(sealed.ticks, 1))
    except OSError as error:
        raise UnusableJournalError(error.strerror or str(error)) from error
    except (JournalError, msgspec.DecodeError) as error:
        raise UnusableJournalError(str(error)) from error
    if streamed.ticks < sealed.ticks:
        raise UnusableJournalError(
            streamed.broken or f"it is cut after {streamed.ticks} of {sealed.ticks} ticks"
        )
    if streamed.head.hex() != sealed.head:
        raise UnusableJournalError("its last line is not the one that was recorded")
    return account.course(from_journal=True, ticks=streamed.ticks)


class Row(NamedTuple):
    """A row of treatment events as a sample. t_s: session seconds."""

    t_s: float
    measured_w: float | None
    commanded_w: float | None
    ring_mm: float | None


def of_rows(rows: Iterable[Row], light: tuple[Span, ...]) -> Course:
    """Return the course of a session from the rows that the record keeps of it."""
    account, found, count = Account(light), iter(rows), 0
    while block := list(islice(found, _BLOCK)):
        t_s, measured_w, commanded_w, ring_mm = (_column(block, name) for name in Row._fields)
        asked = np.zeros(t_s.shape, bool)
        for span in light:
            asked |= (t_s >= span.on_s) & (t_s < span.off_s)
        samples = Samples(
            t_s=t_s,
            measured_w=measured_w,
            commanded_w=commanded_w,
            ring_mm=ring_mm,
            asked=asked,
            off=~asked,
            dark=~asked,
        )
        account.add(samples)
        count += len(block)
    return account.course(from_journal=False, ticks=count)


def _column(rows: list[Row], name: str) -> Numbers:
    values = (getattr(row, name) for row in rows)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _blocks(lines: Iterator[bytes]) -> Iterator[list[_Tick]]:
    while block := list(islice(lines, _BLOCK)):
        yield _ticks(b"\n".join(block))


def _samples(ticks: list[_Tick], rules: Rules) -> Samples:
    """Return a block of ticks as samples; without calibrations no power and no ring is known."""
    boards = [tick.i.board for tick in ticks]
    stages = [tick.i.stage for tick in ticks]
    voltage_v = np.array([np.nan if board is None else board.photodiode_v for board in boards])
    position_um = np.array(
        [stage.position_um if stage is not None and stage.index_known else np.nan for stage in stages]
    )
    current_ma = np.array([tick.o.laser_current_ma for tick in ticks])
    asked = np.array([tick.o.laser_output for tick in ticks])
    unknown = np.full(len(ticks), np.nan)
    known = rules.calibrations
    if known is None:
        measured_w, set_w, ring_mm = unknown, unknown, unknown
    else:
        measured_w = _power_w(known.photodiode.curve, voltage_v)
        set_w = np.where(current_ma > 0.0, _power_w(known.power.curve, current_ma), 0.0)
        ring_mm = _continued(known.ring.curve, position_um)
    return Samples(
        t_s=np.array([tick.t for tick in ticks]),
        measured_w=measured_w,
        commanded_w=np.where(asked, set_w, 0.0),
        ring_mm=ring_mm,
        asked=asked,
        off=np.array([_is_off(tick.i.laser) for tick in ticks]),
        dark=np.array([board is not None and not board.gate_closed for board in boards])
        & (measured_w < LIGHT_SEEN_W),
    )


def _is_off(laser: _Laser | None) -> bool:
    return laser is not None and not laser.output_on and laser.set_current_ma == 0.0


def _power_w(curve: PiecewiseLinear, values: Numbers) -> Numbers:
    return np.maximum(_continued(curve, values), 0.0)


def _continued(curve: PiecewiseLinear, values: Numbers) -> Numbers:
    """Return y at each x as `PiecewiseLinear.continued` does, the first and the last segment going on."""
    xs, ys, slopes = np.array(curve.xs), np.array(curve.ys), np.array(curve.slopes)
    segment = np.clip(np.searchsorted(xs, values, side="right") - 1, 0, len(slopes) - 1)
    return np.asarray(ys[segment] + (values - xs[segment]) * slopes[segment])
