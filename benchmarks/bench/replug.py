"""Pull each device's USB cable out of a treating cart and put it back, many times, at random moments.

    python -m benchmarks.bench.replug --times 200 --seed 1

The real drivers on pseudo-terminals, found by serial number, on a virtual clock. Only the world's own light
is judged. A cart of its own seed takes every device in every phase once, in random order; the first is
built from --seed, so that `--seed S --times 20` repeats a miss that names seed S. Exit code 1 on a miss.

Three ways: alone; swapped, where another cable is out meanwhile and is put back first, so that its device
gets the freed port name; kept on, where the laser's interlock plug is bridged in that instant, so that
nothing ends the light before the laser is found again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

from benchmarks.bench.replug_trial import (
    ALONE,
    BACK_WITHIN_S,
    DARK_WITHIN_S,
    FOUND_DARK_WITHIN_S,
    KEPT_ON,
    LIT,
    OWN_ROW,
    PHASES,
    SWAPPED,
    Replug,
    Trial,
    close_record_of,
)
from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.plugged_cart import new_record, plugged_cart
from benchmarks.rigs.sessions import CartStuckError

CASES = tuple(product(OWN_ROW, PHASES))


def measure(times: int, seed: int, cases: tuple[tuple[str, str], ...] = CASES) -> Iterator[Replug]:
    """Replug so many times, in as many carts as that takes."""
    with tempfile.TemporaryDirectory(prefix="tosca-replug-") as folder:
        data_dir = Path(folder, "data")
        data_dir.mkdir()
        new_record(data_dir)
        while times > 0:
            place = Path(folder, f"cart-{seed}")
            place.mkdir()
            yield from _replugs_of_one_cart(data_dir, place, seed, cases[:times])
            times, seed = times - len(cases), seed + 1


def _replugs_of_one_cart(
    data_dir: Path, place: Path, seed: int, cases: tuple[tuple[str, str], ...]
) -> Iterator[Replug]:
    random = Random(seed)
    planned = [Replug(seed, key, phase, _way(random, key, phase)) for key, phase in cases]
    random.shuffle(planned)
    with plugged_cart(data_dir, place, seed) as cart:
        cart.open_session()
        for replug in planned:
            try:
                Trial(cart, replug, random).run()
            except CartStuckError as error:
                replug.misses.append(str(error))
                yield replug
                return
            yield replug
        close_record_of(cart, planned[-1])


def _way(random: Random, key: str, phase: str) -> str:
    ways = [ALONE, SWAPPED, SWAPPED]
    if key == "laser" and phase in LIT:
        ways += [KEPT_ON, KEPT_ON]
    return random.choice(ways)


def report(replugs: list[Replug]) -> int:
    """Print every miss and the table; return the exit code."""
    for replug in replugs:
        for miss in replug.misses:
            print(f"MISS {replug}: {miss}")
    rows = []
    for key, limit_s in DARK_WITHIN_S.items():
        dark_s = [
            each.dark_after_s for each in replugs if each.key == key and each.lit and each.way != KEPT_ON
        ]
        if dark_s:
            what = f"{key}: cable out to light off, worst of {len(dark_s)} under light"
            rows.append(Row(what, 1000.0 * max(dark_s), 1000.0 * limit_s, "ms"))
    found_s = [each.dark_after_s for each in replugs if each.way == KEPT_ON]
    if found_s:
        what = f"laser kept on: found again to light off, worst of {len(found_s)}"
        rows.append(Row(what, 1000.0 * max(found_s), 1000.0 * FOUND_DARK_WITHIN_S, "ms"))
    count = len(replugs)
    by_supervisor = sum(each.reset_by == "supervisor" for each in replugs)
    rows += [
        Row(
            "cable in to every device ready, worst",
            max(each.back_after_s for each in replugs),
            BACK_WITHIN_S,
            "s",
        ),
        Row("faults that name the device", sum(each.named for each in replugs), count, "", floor=True),
        Row("back under another name", sum(each.other_name for each in replugs), count, "", floor=True),
        Row("another device under the old name meanwhile", sum(each.took_over for each in replugs), None, ""),
        Row("reset by a technician, the others by a supervisor", count - by_supervisor, None, ""),
        Row("treated again in the same session", sum(each.resumed for each in replugs), None, ""),
        Row("misses", sum(len(each.misses) for each in replugs), 0, ""),
    ]
    return judged(f"{count} times unplugged and replugged", rows)


def main() -> None:
    parser = command_line("bench.replug", __doc__)
    parser.add_argument("--times", type=int, default=200, help="replugs (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the first cart (default 1)")
    options = parser.parse_args()
    if options.times < 1:
        parser.error(f"--times {options.times}: 1 or more are needed")
    replugs = tracked(measure(options.times, options.seed), "replugs", options.times)
    raise SystemExit(report(list(replugs)))


if __name__ == "__main__":
    main()
