"""From a lost process to light off, many times: kiosk, camera and control, killed and stopped in turn.

    python -m benchmarks.bench.watchdogs --times 50 --carts 3

Real processes on the machine's clock. The simulated devices are a process of their own on pseudo-terminals,
so their world goes on; a judge asks it for its light every 2 ms. Times are the world's: from its last answer
before the signal to its first one without light. Exit code 1 when one is over its limit, or was not named.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from math import inf
from random import Random
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.progress import Progress

from benchmarks.rigs.cart_processes import CartProcesses, cart_processes, unhurried
from benchmarks.rigs.command_line import command_line, machine_load
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.machine.clock import RealClock


class Way(NamedTuple):
    """One way to lose a process. thaws_after_s: it goes on by itself then; source: what it is called."""

    name: str
    process: str
    number: signal.Signals
    source: str
    limit_s: float
    thaws_after_s: float | None = None


KILLED, STOPPED = signal.SIGKILL, signal.SIGSTOP
KIOSK_LOST_S, CONTROL_LOST_S, CAMERA_LOST_S = 0.5, 0.3, 1.2
"""The kiosk's heartbeat may be 400 ms old, control's 250 ms by the board's clock, a picture 1 s."""
WAYS = (
    Way("kiosk killed", "kiosk", KILLED, "kiosk_lost", KIOSK_LOST_S),
    Way("kiosk stopped", "kiosk", STOPPED, "kiosk_lost", KIOSK_LOST_S),
    Way("control killed", "control", KILLED, "board_fault_3", CONTROL_LOST_S),
    Way("control stopped", "control", STOPPED, "board_fault_3", CONTROL_LOST_S),
    # Over the loop's 100 ms and under the board's 250 ms: the loop's own watchdog alone ends the light.
    Way("control stopped for 150 ms", "control", STOPPED, "loop", CONTROL_LOST_S, thaws_after_s=0.15),
    Way("camera killed", "camera", KILLED, "camera", CAMERA_LOST_S),
    Way("camera stopped", "camera", STOPPED, "camera", CAMERA_LOST_S),
)
MOST_SPOILED = 10


class Loss(NamedTuple):
    """A process lost under light. found: what the next kiosk saw latched or refused.

    spoiled: what ended the light before, where it took more than one treatment.
    """

    way: Way
    dark_after_s: float
    found: tuple[str, ...]
    spoiled: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        return self.way.source in self.found


def measure(times: int, seed: int, ways: tuple[Way, ...] = WAYS) -> Iterator[Loss]:
    """Lose a process of one cart so many times in each way, at random phases of all heartbeats."""
    random = Random(seed)
    with cart_processes() as cart:
        cart.start_kiosk()
        for way in ways * times:
            yield lose(cart, way, random)


def lose(cart: CartProcesses, way: Way, random: Random) -> Loss:
    """Lose a process of a treating cart; afterwards all processes run again.

    Raises RuntimeError where the light ends again and again before anything was lost.
    """
    spoiled: list[str] = []
    while (dark_after_s := _dark_after_s(cart, way, random)) is None:
        spoiled += [each for each in cart.start_kiosk() if each != "kiosk_lost"]
        if len(spoiled) > MOST_SPOILED:
            raise RuntimeError(f"the cart does not treat: {', '.join(spoiled)}")
    if way.process == "camera":
        cart.start_camera()
    elif way.number is KILLED and way.process == "control":
        cart.start_control()
    else:
        cart.signal(way.process, signal.SIGCONT)
    return Loss(way, dark_after_s, tuple(cart.start_kiosk()), tuple(spoiled))


def _dark_after_s(cart: CartProcesses, way: Way, random: Random) -> float | None:
    """Treat and lose the process; return how long there was light, infinite where it stayed.

    None where the light ended, or never came, before the process was lost: a busy machine does that.
    """
    clock, lost = RealClock(), False

    def lose_it() -> None:
        nonlocal lost
        lost = True
        cart.signal(way.process, way.number)
        if way.thaws_after_s is not None:
            clock.sleep_until(clock.now_s() + way.thaws_after_s)
            cart.signal(way.process, signal.SIGCONT)

    try:
        cart.treat()
        clock.sleep_until(clock.now_s() + random.uniform(0.0, 0.2))
        with unhurried():
            return float(cart.judge.light_off_after_s(lose_it))
    except AssertionError:
        return inf if lost else None
    finally:
        cart.judge.release()


def report(losses: list[Loss]) -> int:
    """Print the table and every loss that was not named; return the exit code."""
    rows = []
    for way in dict.fromkeys(loss.way for loss in losses):
        ms = [1000.0 * loss.dark_after_s for loss in losses if loss.way is way]
        rows.append(Row(f"{way.name}: light off, median", median(ms), None, "ms"))
        rows.append(Row(f"{way.name}: worst of {len(ms)}", max(ms), 1000.0 * way.limit_s, "ms"))
    unnamed = [loss for loss in losses if not loss.named]
    for loss in unnamed:
        print(f"{loss.way.name}: {loss.way.source} was not found, but {', '.join(loss.found)}")
    rows.append(Row("causes that were not named", len(unnamed), 0, ""))
    spoiled = Counter(chain.from_iterable(loss.spoiled for loss in losses))
    rows += [Row(f"light that ended before, by {cause}", count, None, "") for cause, count in spoiled.items()]
    return judged(f"processes lost under light; machine load {machine_load()}", rows)


def main() -> None:
    parser = command_line("bench.watchdogs", __doc__)
    parser.add_argument("--times", type=int, default=50, help="for each way (default 50)")
    parser.add_argument("--carts", type=int, default=1, help="at the same time (default 1)")
    parser.add_argument("--only", default="", help="ways whose name begins so, such as control")
    parser.add_argument("--seed", type=int, default=1, help="of the heartbeats' phases (default 1)")
    options = parser.parse_args()
    ways = tuple(way for way in WAYS if way.name.startswith(options.only))
    if options.times < 1 or options.carts < 1 or not ways:
        parser.error("--times and --carts are 1 or more; --only begins kiosk, control or camera")
    shares = [
        options.times // options.carts + (n < options.times % options.carts) for n in range(options.carts)
    ]
    seeds = range(options.seed, options.seed + options.carts)
    console = Console(stderr=True)
    with (
        ThreadPoolExecutor(options.carts) as carts,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("lost processes", total=options.times * len(ways))

        def lost(share: int, seed: int) -> list[Loss]:
            losses = []
            for loss in measure(share, seed, ways):
                losses.append(loss)
                progress.advance(task)
            return losses

        losses = list(chain.from_iterable(carts.map(lost, shares, seeds)))
    raise SystemExit(report(losses))


if __name__ == "__main__":
    main()
