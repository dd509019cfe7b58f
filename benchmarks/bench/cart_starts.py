"""Each process of a running cart ended in turn, many times, and from there to a screen that is drawn again.

    python -m benchmarks.bench.cart_starts --times 10

The whole kiosk inside cage on its headless backend, simulated devices. What has to come back by itself does
while the others go on; after the supervisor's end nothing of it is left, and a fresh start finds its way.
Exit code 1 when one took too long; an AssertionError where one did not come back.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from statistics import median
from typing import Final, NamedTuple

from benchmarks.rigs.caged_kiosk import CHILDREN, CagedKiosk, caged_kiosk, missing, running
from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.running.supervisor import FROZEN_AFTER_S

LIMIT_S: Final = 15.0
"""A person waits for a screen that long without a call for help."""


class Way(NamedTuple):
    """How a process is ended. goes_too: what ends with it; by_hand: it comes back when asked for.

    exit_code: the run's own, where it ends with the process; None where the others go on. limit_s: from the
    signal to a screen that is drawn.
    """

    process: str
    number: signal.Signals
    goes_too: tuple[str, ...] = ()
    by_hand: bool = False
    exit_code: int | None = None
    limit_s: float = LIMIT_S

    @property
    def name(self) -> str:
        return f"{self.process} ended by {self.number.name}"


WAYS: Final = (
    Way("kiosk", signal.SIGKILL, goes_too=("cage",)),
    Way("kiosk", signal.SIGTERM, goes_too=("cage",)),
    Way("cage", signal.SIGKILL, goes_too=("kiosk",)),
    Way("cage", signal.SIGTERM, goes_too=("kiosk",)),
    Way("kiosk", signal.SIGSTOP, goes_too=("cage",), limit_s=FROZEN_AFTER_S + LIMIT_S),
    Way("cage", signal.SIGSTOP, goes_too=("kiosk",), limit_s=FROZEN_AFTER_S + LIMIT_S),
    Way("camera", signal.SIGKILL),
    Way("control", signal.SIGKILL, by_hand=True),
    Way("supervisor", signal.SIGKILL, goes_too=CHILDREN, exit_code=-signal.SIGKILL),
    Way("supervisor", signal.SIGTERM, goes_too=CHILDREN, exit_code=0),
)


def end_and_return(kiosk: CagedKiosk, way: Way) -> float:
    """End a process of a kiosk that is drawn; return how long it took until it was drawn again, in s."""
    before, clock = kiosk.drawn(), RealClock()
    gone = {way.process, *way.goes_too}
    kiosk.signal(way.process, way.number)
    if way.exit_code is not None:
        assert kiosk.ended() == way.exit_code
        kiosk.until("all of it has ended", lambda: not any(running(pid) for pid in before.values()))
        kiosk.start()
    elif way.by_hand:
        kiosk.until("it has ended", lambda: not running(before[way.process]))
        assert kiosk.pids.items() >= {(name, pid) for name, pid in before.items() if name not in gone}
        kiosk.ask_for_control()
    kiosk.until("another process in its place", lambda: not gone & _same(before, kiosk.pids))
    after = kiosk.drawn()
    assert {name for name in before if before[name] != after[name]} == gone
    return clock.now_s()


def _same(before: dict[str, int], now: dict[str, int]) -> set[str]:
    return {name for name, pid in before.items() if now.get(name) == pid}


def measure(times: int, ways: tuple[Way, ...] = WAYS) -> Iterator[tuple[Way, float]]:
    """Go through all ways so many times, in one data directory."""
    with caged_kiosk() as kiosk:
        kiosk.start()
        for way in ways * times:
            yield way, end_and_return(kiosk, way)


def main() -> None:
    parser = command_line("bench.cart_starts", __doc__)
    parser.add_argument("--times", type=int, default=10, help="for each way (default 10)")
    times = parser.parse_args().times
    if times < 1:
        parser.error("--times is 1 or more")
    if absent := missing():
        parser.error(f"{', '.join(absent)}: not here; sh configs/debian/install.sh packages-cart.txt")
    took = list(tracked(measure(times), "ended processes", times * len(WAYS)))
    rows = []
    for way in WAYS:
        seconds = [each_s for each, each_s in took if each is way]
        rows.append(Row(f"{way.name}: a screen again, median", median(seconds), None, "s"))
        rows.append(Row(f"{way.name}: worst of {times}", max(seconds), way.limit_s, "s"))
    raise SystemExit(judged(f"ended processes of a cart; machine load {machine_load()}", rows))


if __name__ == "__main__":
    main()
