"""Running treatments: a batch prepares its cart once, and a forked process goes on from there for each."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from benchmarks.campaign.cart import Act, Cart, campaign_cart
from benchmarks.campaign.findings import Lit, Violation
from benchmarks.campaign.lost_ways import ENDLESS_S
from benchmarks.campaign.monitor import KEY_OFF_S
from benchmarks.campaign.plan import TREATMENTS_A_BATCH, Treatment, batch, treatment
from benchmarks.campaign.technician import Technician
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainReader, EventsOfTick, TickLine
from tosca_kiosk.domain.light import dose_j
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.domain.safety import step
from tosca_kiosk.domain.state import Phase, State

T = TypeVar("T")
CLOSES_S = 0.05
END_S = 0.3
"""After the pedal was let go and the treatment paused, the light must be out within this."""

_tick_line = msgspec.json.Decoder(TickLine)
_events = msgspec.json.Decoder(EventsOfTick)
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the monitor found. worst_s: by cause and way, from the end of its own time to the dark.

    journal: of a treatment that broke a rule. began_s: session time at which its faults count from.
    """

    seed: int
    violations: tuple[Violation, ...]
    lit: tuple[Lit, ...]
    simulated_s: float
    faults: tuple[str, ...]
    """What control latched, for the report alone."""
    ended: dict[str, int] = field(default_factory=dict)
    worst_s: dict[tuple[str, str], float] = field(default_factory=dict)
    journal: bytes = b""
    began_s: float = 0.0
    acts: tuple[Act, ...] = ()
    endless: str | None = None
    """What lost both ways to darkness before any proof; the light went on."""
    excess_j: float | None = None
    """True energy beyond what was counted, where nothing whole could tell it."""


class LostChildError(RuntimeError):
    """A treatment's process ended without an outcome; the text names its seed."""


def run_seeds(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Run treatments, in the order of their seeds."""
    wanted: dict[int, list[int]] = {}
    for seed in sorted(seeds):
        wanted.setdefault(seed // TREATMENTS_A_BATCH, []).append(seed)
    for number, of_batch in wanted.items():
        yield from run_batch(number, [treatment(seed) for seed in of_batch])


def run_batch(number: int, treatments: list[Treatment]) -> Iterator[Outcome]:
    """Prepare the batch's cart and run its treatments, each in a process of its own from there on."""
    with campaign_cart(batch(number)) as cart:
        cart.prepare()
        yield from _forked_treatments(cart, [one for one in treatments if one.from_ready])
        armed = [one for one in treatments if not one.from_ready]
        if armed:
            cart.arm()
            yield from _forked_treatments(cart, armed)


def _forked_treatments(cart: Cart, treatments: list[Treatment]) -> Iterator[Outcome]:
    if not treatments:
        return
    lines = cart.journal.lines
    begun = _replayed(cart.journal.content, State(), 1)
    if begun is None:
        raise LostChildError(f"batch {cart.batch.number}: its journal is decided otherwise")
    for one in treatments:
        yield forked(lambda one=one: _run(cart, one, begun, lines), one.seed)  # type: ignore[misc]


def forked(work: Callable[[], T], seed: int) -> T:
    """Do work in a fork of this process and return its result. Raises LostChildError."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            gc.disable()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(_result_of(work), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    if not content:
        raise LostChildError(f"seed {seed}: its process ended without an outcome")
    result = pickle.loads(content)  # our own child wrote it
    if isinstance(result, BaseException):
        raise LostChildError(f"seed {seed}: {result!r}") from result
    return result  # type: ignore[no-any-return]


def _result_of(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:
        return RuntimeError(repr(error))


def _run(cart: Cart, one: Treatment, begun: State, lines: int) -> Outcome:
    began_s = cart.clock.now_s()
    for fault in one.faults:
        cart.plan_fault(fault)
    cart.run(Technician(cart, one.random("technician"), one.duration_s).treat())
    cart.run(_end(cart))
    monitor = cart.monitor
    monitor.finish(_recorded(cart), dose_j(cart.controller.state))
    violations = list(monitor.violations)
    if not _decides_alike(cart.journal.content, one, begun, lines):
        violations.append(Violation("replay decides otherwise", cart.clock.now_s(), ""))
    return Outcome(
        one.seed,
        tuple(violations),
        tuple(monitor.lit),
        cart.clock.now_s() - began_s,
        cart.controller.state.faults,
        monitor.ended,
        monitor.worst_s,
        cart.journal.content if violations else b"",
        began_s - cart.opened_s,
        tuple(cart.acts),
        monitor.endless,
        monitor.excess_j,
    )


def _end(cart: Cart) -> Iterator[None]:
    cart.world.pedal.release()
    if cart.controller.state.phase in (Phase.ARMED, Phase.TREATING):
        cart.tell(CommandType.PAUSE)
    yield from cart.wait(END_S)
    if cart.world.true_power_w() > 0.0:
        yield from cart.wait(ENDLESS_S)
    # The technician wants an end, whatever is known of the light; then a supervisor gives his word.
    cart.tell(CommandType.CLOSE_SESSION)
    yield from cart.wait(CLOSES_S)
    if cart.controller.state.session_open and cart.world.true_power_w() > 0.0:
        yield from cart.wait(KEY_OFF_S)
        cart.tell(CommandType.CONFIRM_KEY_OFF, "technician")
        cart.tell(CommandType.CONFIRM_KEY_OFF, "supervisor")
        yield from cart.wait(CLOSES_S)


def _recorded(cart: Cart) -> list[tuple[float, float]]:
    """Return the intervals of light that the journal tells of, in the world's time."""
    intervals: list[tuple[float, float]] = []
    on_s: float | None = None
    for line in cart.journal.content.split(b"\n")[1:]:
        if b'"laser_o' not in line:
            continue
        tick = _events.decode(line)
        for event in tick.e:
            if event.event_type == "laser_on":
                on_s = cart.opened_s + tick.t
            elif event.event_type == "laser_off" and on_s is not None:
                intervals.append((on_s, cart.opened_s + tick.t))
                on_s = None
    if on_s is not None:
        intervals.append((on_s, cart.clock.now_s()))
    return intervals


# --- replay -------------------------------------------------------------------------------------------------


def _decides_alike(content: bytes, one: Treatment, begun: State, lines: int) -> bool:
    """Whether a journal is decided again bit for bit; what a batch shares, in its first treatment alone."""
    if one.seed % TREATMENTS_A_BATCH == 0:
        found = replay(ChainReader(content))
        return found.difference is None
    return _replayed(content, begun, lines) is not None


def _replayed(content: bytes, state: State, lines: int) -> State | None:
    """Decide again what follows the first lines, from the state at their end; None where it differs.

    The chain is checked from its beginning. Raises JournalError where it breaks.
    """
    reader = ChainReader(content)
    rules = reader.header.rules
    for number, line in enumerate(reader.ticks_json(), start=2):
        if number <= lines:
            continue
        tick = _tick_line.decode(line)
        decision = step(rules, state, tick.i)
        state = decision.state
        again = TickLine(tick.t, tick.i, decision.outputs, decision.events, decision.safety)
        if _encoder.encode(again) != line:
            return None
    return state
