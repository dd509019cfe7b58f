"""Work on the record that nobody waits for: what fails is shown, and tried again until it is done."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

AGAIN_AFTER_S: Final = 5.0

Job = Callable[[], Any]
Done = Callable[[Any], None]
Refused = Callable[[str], None]
Ask = Callable[[Job, Done, Refused], None]


@dataclass(eq=False, slots=True)
class _Errand:
    """One piece of work. again_s: when it is tried again, None while it is under way; failure: why it is."""

    what: str
    job: Job
    done: Done
    refused: Refused
    wanted: Callable[[], bool]
    ready: Callable[[], bool]
    again_s: float | None = None
    failure: str | None = None


class Errands:
    """Keeps each errand until it is done or no longer wanted. Call `turn` every turn.

    ask: runs a job and calls one of both others, later, in this thread (Desk.ask).
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._kept: dict[Hashable, _Errand] = {}
        self._now_s = 0.0

    @property
    def failures(self) -> tuple[str, ...]:
        """What has failed and not been done yet, each with its reason."""
        return tuple(
            dict.fromkeys(f"{one.what}: {one.failure}" for one in self._kept.values() if one.failure)
        )

    def run(
        self,
        key: Hashable | None,
        what: str,
        job: Job,
        done: Done,
        *,
        refused: Refused = lambda text: None,
        wanted: Callable[[], bool] = lambda: True,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """Do job now, and again while it fails and is wanted; one of the same key takes its place.

        key: None for one whose place none takes. what: for a person, what has failed then. refused: called
        with the reason at each failure. ready: whether it may be tried again now, or must wait for more.
        """
        errand = _Errand(what=what, job=job, done=done, refused=refused, wanted=wanted, ready=ready)
        key = id(errand) if key is None else key
        self._kept[key] = errand
        self._begin(key, errand)

    def forget(self, key: Hashable) -> None:
        """Try it no more."""
        self._kept.pop(key, None)

    def turn(self, now_s: float) -> None:
        """Try again what is due, and forget what nobody wants any more."""
        self._now_s = now_s
        for key, errand in list(self._kept.items()):
            if errand.again_s is None:
                continue
            if not errand.wanted():
                del self._kept[key]
            elif now_s >= errand.again_s and errand.ready():
                self._begin(key, errand)

    def _begin(self, key: Hashable, errand: _Errand) -> None:
        errand.again_s = None

        def done(result: Any) -> None:
            if self._kept.get(key) is errand:
                del self._kept[key]
            errand.done(result)

        def refused(text: str) -> None:
            errand.failure, errand.again_s = text, self._now_s + AGAIN_AFTER_S
            errand.refused(text)

        self._ask(errand.job, done, refused)
