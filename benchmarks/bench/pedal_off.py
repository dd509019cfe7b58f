"""From pedal up to light off, many times, by each of the two ways that do not trust each other.

    python -m benchmarks.bench.pedal_off --releases 1000 --seed 1

All times are of the virtual clock, from the instant at which the first contact leaves the pressed pair to
the first at which the world's own light is out and stays out. Releases come at random phases of the ticks,
of the board's status period and of whatever is on the wires; every cart of a campaign has its own seed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.light import DARK_W, DRIVER_S, GATE_S
from benchmarks.rigs.percentiles import percentile
from benchmarks.rigs.treating_cart import TreatingCart, treating_cart
from simulators.world import World

SAMPLE_S = 0.0001
RELEASES_A_CART = 20
LONGEST_HOLD_S = 0.5


class LightWatch:
    """Notes when the pedal was left and until when there was light. It only reads, so it changes nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._until_s = 0.0
        self.left_s: float | None = None
        self._dark_s = 0.0
        for contact in (world.pedal_no, world.pedal_nc):
            contact.subscribe(self._contact_moved)

    def begin(self) -> None:
        """Wait for the next time the contacts leave the pressed pair."""
        self.left_s = None

    @property
    def dark_after_s(self) -> float:
        """How long after the pedal was left the light was out for good, rounded up to the next sample."""
        assert self.left_s is not None, "the pedal was not released"
        return self._dark_s - self.left_s

    def stop(self) -> None:
        """Look no more."""
        self._until_s = 0.0

    def _contact_moved(self) -> None:
        world = self._world
        pressed = world.pedal_no.closed and not world.pedal_nc.closed
        if self.left_s is None and not pressed and not world.pedal.pressed:
            self.left_s = self._dark_s = world.kernel.now_s
            self._until_s = float("inf")
            self._sample()

    def _sample(self) -> None:
        kernel = self._world.kernel
        if self._world.true_power_w() >= DARK_W:
            self._dark_s = kernel.now_s + SAMPLE_S
        if kernel.now_s < self._until_s:
            kernel.after(SAMPLE_S, self._sample)


class Release(NamedTuple):
    """dark_after_s: from pedal up to light off. faults: what control latched because of the release."""

    dark_after_s: float
    faults: tuple[str, ...]


class Way(NamedTuple):
    """One way from the pedal to the dark, with what is broken so that it alone is left."""

    name: str
    limit_s: float
    watched_s: float
    gate_welded: bool
    host_silent: bool


WAYS = (
    Way("gate and host", GATE_S, 0.060, gate_welded=False, host_silent=False),
    Way("gate alone (host silent)", GATE_S, 0.060, gate_welded=False, host_silent=True),
    Way("host alone (gate welded)", DRIVER_S, 0.200, gate_welded=True, host_silent=False),
)
"""The loop bears a lateness of 100 ms and the board a silence of 250 ms: neither is what ends the light."""


def measure(way: Way, count: int, seed: int) -> list[Release]:
    """Release the pedal so many times, in as many carts as that takes."""
    return list(_releases(way, count, Random(seed)))


def _releases(way: Way, count: int, random: Random) -> Iterator[Release]:
    while count > 0:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            cart = stack.enter_context(treating_cart(folder, seed=random.randrange(1_000_000)))
            yield from _releases_of_one_cart(way, cart, random, min(RELEASES_A_CART, count))
        count -= RELEASES_A_CART


def _releases_of_one_cart(way: Way, cart: TreatingCart, random: Random, count: int) -> Iterator[Release]:
    watch = LightWatch(cart.world)
    for _ in range(count):
        cart.emit_for(random.randrange(int(LONGEST_HOLD_S / cart.period_s)))
        yield _release(way, cart, watch, random.random() * cart.period_s)


def _release(way: Way, cart: TreatingCart, watch: LightWatch, phase_s: float) -> Release:
    """Lift the foot phase_s after the coming tick and watch the light go."""
    world, gate = cart.world, cart.world.gate.contact
    world.advance(cart.clock.now_s())
    watch.begin()
    cart.hold_pedal = False
    world.kernel.at(cart.clock.now_s() + phase_s, world.pedal.release)
    if way.gate_welded:
        gate.fault = "closed"
    cart.run_ticks(1)
    if way.host_silent:
        cart.fall_silent(way.watched_s)
    else:
        cart.run_ticks(round(way.watched_s / cart.period_s))
    watch.stop()
    gate.fault = "ok"
    cart.hold_pedal = True
    return Release(watch.dark_after_s, cart.controller.state.faults)


def over_limit(way: Way, measured: list[Release]) -> list[Release]:
    """Return the releases after which there was light for longer than the way allows."""
    return [release for release in measured if not release.dark_after_s <= way.limit_s]


def table(results: dict[Way, list[Release]]) -> str:
    """Return the campaign's table, in milliseconds."""
    lines = [f"{'way':<26}{'releases':>9}{'p50 ms':>9}{'p95 ms':>9}{'worst ms':>10}{'limit ms':>10}"]
    for way, measured in results.items():
        delays_s = [release.dark_after_s for release in measured]
        p50, p95, worst, limit = (
            1000.0 * value
            for value in (percentile(delays_s, 0.5), percentile(delays_s, 0.95), max(delays_s), way.limit_s)
        )
        lines.append(f"{way.name:<26}{len(delays_s):>9}{p50:>9.1f}{p95:>9.1f}{worst:>10.1f}{limit:>10.0f}")
    return "\n".join(lines)


def _measure_with_progress(way: Way, count: int, seed: int) -> list[Release]:
    return list(tracked(_releases(way, count, Random(seed)), way.name, count))


def main() -> None:
    parser = command_line("bench.pedal_off", __doc__)
    parser.add_argument("--releases", type=int, default=1000, help="of each way (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.releases < 1:
        parser.error(f"--releases {options.releases}: 1 or more are needed")
    results = {way: _measure_with_progress(way, options.releases, options.seed) for way in WAYS}
    print(table(results))
    late = [way.name for way, measured in results.items() if over_limit(way, measured)]
    if late:
        raise SystemExit(f"over the limit: {', '.join(late)}")


if __name__ == "__main__":
    main()
