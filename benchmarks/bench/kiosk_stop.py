"""From a finger on STOP to light off in the world, by the real processes, with one core loaded.

    python -m benchmarks.bench.kiosk_stop --tries 50
    python -m benchmarks.bench.kiosk_stop --short

While treating the screen is bare or has the list of alarms open, in turn: nothing else can be open then.
Light is the world's own, asked every 2 ms; a try counts from the last answer before the finger, in the
world's time. Under every other layer no light can be; there a try counts from the finger to control's fault.
Exit code 1 when one is over its limit.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from random import Random
from statistics import median

from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.percentiles import percentile
from benchmarks.rigs.running_kiosk import RunningKiosk, loaded_core, running_kiosk

P95_MS = 100.0
WORST_MS = 250.0
SHORT_TRIES = 10
Found = dict[str, list[float]]


def main() -> int:
    parser = command_line("bench.kiosk_stop", __doc__)
    parser.add_argument("--tries", type=int, default=50, help="with light (default 50)")
    parser.add_argument("--layer-tries", type=int, default=5, help="for each layer without (default 5)")
    parser.add_argument("--short", action="store_true", help=f"{SHORT_TRIES} tries with light, 1 a layer")
    parser.add_argument("--idle", action="store_true", help="without the load, to compare")
    parser.add_argument("--seed", type=int, default=1, help="of the touches' phases (default 1)")
    options = parser.parse_args()
    tries = SHORT_TRIES if options.short else options.tries
    layer_tries = 1 if options.short else options.layer_tries
    random = Random(options.seed)
    with running_kiosk() as kiosk:
        kiosk.sign_in()
        with nullcontext() if options.idle else loaded_core():
            dark = layers_of_patients(kiosk, layer_tries, random)
            kiosk.open_session()
            light = stops_while_treating(kiosk, tries, random)
            dark |= layers_of_session(kiosk, layer_tries, random)
    rows = []
    for what, found in {"light off, all": [ms for each in light.values() for ms in each], **light}.items():
        rows.append(Row(f"{what} ({len(found)}): median", median(found), None, "ms"))
        rows.append(Row(f"{what}: p95", percentile(found, 0.95), P95_MS, "ms"))
        rows.append(Row(f"{what}: worst", max(found), WORST_MS, "ms"))
    for what, found in dark.items():
        rows.append(Row(f"in control, {what} ({len(found)}): worst", max(found), WORST_MS, "ms"))
    return judged(f"STOP by touch, {'no load' if options.idle else 'one core loaded'}", rows)


def stops_while_treating(kiosk: RunningKiosk, tries: int, random: Random) -> Found:
    """STOP a treatment so many times; return milliseconds to light off by what was open."""
    found: Found = {"light off, bare screen": [], "light off, list of alarms": []}
    for number in range(tries):
        what = [*found][number % len(found)]
        kiosk.arm()
        if what.endswith("alarms"):
            kiosk.open_alarms()
        kiosk.aim("STOP")
        kiosk.treat()
        kiosk.wait(random.uniform(0.3, 0.6))
        found[what].append(1000.0 * kiosk.judge.light_off_after_s(kiosk.hand.down))
        kiosk.hand.up()
        kiosk.release()
        kiosk.reset()
    return found


def layers_of_patients(kiosk: RunningKiosk, tries: int, random: Random) -> Found:
    """STOP under what covers the patients."""
    return {
        "bare patients": stops(kiosk, tries, random),
        "keyboard": stops(kiosk, tries, random, ("Search",)),
        "form of a new patient": stops(kiosk, tries, random, ("New patient",), ("Cancel",)),
    }


def layers_of_session(kiosk: RunningKiosk, tries: int, random: Random) -> Found:
    """STOP under what covers an open session."""
    asked = stops(kiosk, tries, random, ("End session",), ("Back",))
    locked = []
    for _ in range(tries):
        kiosk.tap("lock")
        kiosk.panel.wait_screen("login")
        locked.append(stop_ms(kiosk, random))
        kiosk.reset_by_pin()
        kiosk.panel.wait_screen("treatment")
    return {"question whether to end": asked, "locked": locked}


def stops(
    kiosk: RunningKiosk,
    tries: int,
    random: Random,
    opened_by: tuple[str, ...] = (),
    closed_by: tuple[str, ...] = (),
) -> list[float]:
    """STOP under a layer so many times; return milliseconds to control's fault."""
    found = []
    for _ in range(tries):
        for key in opened_by:
            kiosk.tap(key)
        found.append(stop_ms(kiosk, random))
        kiosk.reset()
        kiosk.until(lambda seen: seen["screen"] != "fault")
        for key in closed_by:
            kiosk.tap(key)
    return found


def stop_ms(kiosk: RunningKiosk, random: Random) -> float:
    """Touch STOP; return milliseconds until control is in its fault."""
    kiosk.aim("STOP")
    kiosk.wait(random.uniform(0.3, 0.6))
    began_s = kiosk.now_s()
    kiosk.hand.down()
    tick = kiosk.until_control(lambda tick: tick.phase == "fault")
    kiosk.hand.up()
    return 1000.0 * (tick.mono_s - began_s)


if __name__ == "__main__":
    sys.exit(main())
