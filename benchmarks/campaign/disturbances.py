"""What is not as it should be: causes that stand, each since when, and parts of the cart that are not whole.

A scenario tells what it changes in the world; nothing here asks the cart.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from benchmarks.campaign.causes import LOST_BY, PARTS, RECOVERY_S
from benchmarks.campaign.lost_ways import LOSING, Loss
from benchmarks.campaign.plan import neutral
from simulators.kernel import Kernel

DEAD_STRENGTH = 0.1


class Disturbances:
    """Of one world from its beginning.

    since: the causes that stand. whole_s: by part, from when on it counts as whole again. ever: the parts
    that were disturbed at any time. lost: the settings that have taken a way to darkness.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.since: dict[str, float] = {"no session": 0.0}
        self.whole_s = dict.fromkeys(PARTS, -inf)
        self.ever: set[str] = set()
        self.lost: dict[str, Loss] = {}
        self._began: dict[str, float] = {}
        self._disturbing: dict[str, set[str]] = {part: set() for part in PARTS}
        self._board_late_s = 0.0

    @property
    def _now_s(self) -> float:
        return self._kernel.now_s

    def began_s(self, cause: str) -> float | None:
        """Return when a cause last began; None where it never has."""
        return self._began.get(cause)

    def set(self, cause: str, stands: bool) -> None:
        """Note that a cause stands, or does no more; one that stands keeps its beginning."""
        if stands:
            if cause not in self.since:
                self.since[cause] = self._began[cause] = self._now_s
        else:
            self.since.pop(cause, None)

    def is_whole(self, parts: Iterable[str]) -> bool:
        """Whether all these parts have been undisturbed for long enough."""
        now_s = self._now_s
        return all(self.whole_s[part] <= now_s for part in parts)

    def changed(self, path: str, value: Any) -> None:
        """Note a setting that a scenario has changed."""
        usual = neutral(path)
        if path == "board.wire.delay_s":
            self._board_late_s = value
        for part, prefixes in PARTS.items():
            if path.startswith(prefixes):
                self._disturb(part, path, usual is not None and value == usual, usual is None)
        if path in LOST_BY:
            self._count_lost()
        self.lost.pop(path, None)
        if (path, value) in LOSING:
            self.lost[path] = Loss(self._now_s, path, LOSING[path, value])
        if path == "smoothing.accelerometer_present":
            self.set("accelerometer gone", not value)
        elif path == "smoothing.strength":
            self.set("smoothing dead", value < DEAD_STRENGTH)

    def host_silent(self, silent: bool) -> None:
        """Note that control does not tick, or does again."""
        self.ever.add("host")
        self.set("host silent", silent)
        self.whole_s["host"] = inf if silent else self._now_s + RECOVERY_S

    def _disturb(self, part: str, path: str, over: bool, once: bool) -> None:
        self.ever.add(part)
        disturbing = self._disturbing[part]
        if over:
            disturbing.discard(path)
        elif not once:
            disturbing.add(path)
        self.whole_s[part] = inf if disturbing else self._now_s + RECOVERY_S

    def _count_lost(self) -> None:
        disturbing = set().union(*self._disturbing.values())
        lost = {LOST_BY[path] for path in disturbing & LOST_BY.keys()}
        if disturbing & {"board.unplugged", "board.wire.stalled"}:
            lost |= {"board lost", "board deaf"}
        for cause in set(LOST_BY.values()):
            self.set(cause, cause in lost)
        # What a late line still holds is heard after the cut.
        if self.since.get("board deaf") == self._now_s:
            self.since["board deaf"] += self._board_late_s
