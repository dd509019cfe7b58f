"""From the command to the first screen, and from a touch to the first frame of the next screen.

    python -m benchmarks.bench.kiosk_start --starts 5 --ways 3

Real processes on an Xvfb. A start counts from the command to the round of the main loop that finds the first
frame drawn, and to the first sign-in that can be touched (that is looked for every 50 ms). A change counts
from the finger's lift, as keys act on it, or from its touch on STOP, to the round that finds the new
screen's first frame drawn: up to a frame more than the eye sees. Exit code 1 when one is over its limit.
"""

from __future__ import annotations

import sys
from collections import defaultdict

from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.running_kiosk import (
    PATIENT,
    PIN,
    PROTOCOL,
    TAP_S,
    TECHNICIAN,
    RunningKiosk,
    running_kiosk,
)

FIRST_SCREEN_S = 3.0
CHANGE_MS = 200.0
Changes = defaultdict[str, list[float]]


def main() -> int:
    parser = command_line("bench.kiosk_start", __doc__)
    parser.add_argument("--starts", type=int, default=5, help="how often the kiosk is started (default 5)")
    parser.add_argument("--ways", type=int, default=3, help="ways through all screens (default 3)")
    options = parser.parse_args()
    first_s: list[float] = []
    usable_s: list[float] = []
    changes_ms: Changes = defaultdict(list)
    for start in range(options.starts):
        with running_kiosk() as kiosk:
            first_s.append(kiosk.first_drawn_s - kiosk.started_s)
            usable_s.append(kiosk.usable_s - kiosk.started_s)
            for _ in range(options.ways if start == 0 else 0):
                go(kiosk, changes_ms)
    rows = [
        Row("start, first frame, worst", max(first_s), FIRST_SCREEN_S, "s"),
        Row("start, sign-in can be touched, worst", max(usable_s), FIRST_SCREEN_S, "s"),
        *(Row(f"{change}, worst", max(each), CHANGE_MS, "ms") for change, each in changes_ms.items()),
    ]
    return judged(f"{options.starts} starts, {options.ways} ways through all screens", rows)


def go(kiosk: RunningKiosk, changes_ms: Changes) -> None:
    """Go through all screens once, from the sign-in and back to it."""

    def change(key: str, screen: str, *, on_touch: bool = False) -> None:
        before = kiosk.screen()
        changes_ms[f"{before} to {screen}"].append(1000.0 * changed_s(kiosk, key, screen, on_touch))

    kiosk.tap(TECHNICIAN)
    for digit in PIN[:-1]:
        kiosk.tap(digit)
    change(PIN[-1], "patients")
    change("Safety log", "safety_log")
    change("Back", "patients")
    kiosk.tap(PATIENT)
    change("Protocol", "protocols")
    change("Back", "patients")
    kiosk.tap(PATIENT)
    change("Protocol", "protocols")
    kiosk.tap(PROTOCOL)
    change("Treatment", "treatment")
    if not kiosk.telemetry().stage_homed:
        kiosk.tap("HOME STAGE")
    kiosk.panel.target("HOLD TO ARM", 30.0)
    change("STOP", "fault", on_touch=True)
    kiosk.wait(0.3)
    change("RESET", "treatment")
    kiosk.tap("End session")
    change("END", "summary")
    change("Done", "patients")
    change("lock", "login")


def changed_s(kiosk: RunningKiosk, key: str, screen: str, on_touch: bool) -> float:
    """Touch a key; return how long after it the screen's first frame was drawn."""
    kiosk.aim(key)
    began_s = kiosk.now_s()
    kiosk.hand.down()
    if not on_touch:
        kiosk.wait(TAP_S)
        began_s = kiosk.now_s()
        kiosk.hand.up()
    kiosk.wait(0.5)  # looking takes the screen's time
    drawn_s = kiosk.until(lambda seen: seen["screen"] == screen and seen["first_drawn_s"])
    if on_touch:
        kiosk.hand.up()
    return float(drawn_s) - began_s


if __name__ == "__main__":
    sys.exit(main())
