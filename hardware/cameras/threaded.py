"""What every real camera does alike: a thread of its own opens it and waits for frames, `poll` collects them.

Life of a link: CONNECTING while the thread opens, READY with the first that is known of the camera, LOST or
REFUSED as the thread ends or falls silent, then CONNECTING again after a growing pause. A thread that hangs
in a foreign library is given up, and no second one is started beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from math import inf
from threading import Thread

from hardware.cameras.content import ContentWatch
from hardware.cameras.feed import Ended, Feed, Opened, Shot, Wanted
from hardware.cameras.interface import KEY, Frame, Identity, LinkState, Origin, Range, outside
from hardware.retry import RetryPause

_CLOSING_S = 1.0
"""How long `close` lets the thread finish; it is left behind when a library does not return."""


class RefusedError(Exception):
    """The camera is there, but not what the configuration asks for; one line, without the camera's name."""


class LostError(Exception):
    """The camera is not there, or no longer; one line, without the camera's name. again: a retry may help."""

    def __init__(self, text: str, again: bool = True) -> None:
        super().__init__(text)
        self.again = again


class ThreadedCamera(ABC):
    """A camera in a thread. Subclasses open it and feed its frames in `_run`.

    who: the beginning of every problem. silent_s: a camera that gives no frame for so long is lost.
    """

    def __init__(
        self,
        who: str,
        clock: Callable[[], float],
        wanted: Wanted,
        *,
        origin: Origin = Origin.REAL,
        silent_s: float = 2.0,
    ) -> None:
        self._who = who
        self._clock = clock
        self._wanted = wanted
        self._origin = origin
        self._silent_s = silent_s
        self._link = LinkState.CONNECTING
        self._problem: str | None = None
        self._opened: Opened | None = None
        self._feed: Feed | None = None
        self._thread: Thread | None = None
        self._open_from_s = -inf
        self._retry = RetryPause()
        self._heard_s = inf
        self._contents = ContentWatch()

    @property
    def key(self) -> str:
        return KEY

    @property
    def origin(self) -> Origin:
        return self._origin

    @property
    def link(self) -> LinkState:
        return self._link

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def identity(self) -> Identity | None:
        return self._opened.identity if self._opened else None

    @property
    def size_px(self) -> tuple[int, int] | None:
        return self._opened.size_px if self._opened else None

    @property
    def exposure_range_us(self) -> Range | None:
        return self._opened.exposure_range_us if self._opened else None

    @property
    def gain_range_db(self) -> Range | None:
        return self._opened.gain_range_db if self._opened else None

    def set_exposure_us(self, value: float) -> None:
        """Ask the thread to set it. Raises ValueError with the allowed range."""
        if wrong := outside("exposure", value, self.exposure_range_us, "us"):
            raise ValueError(f"{self._who}: {wrong}")
        self._want(replace(self._wanted, exposure_us=value))

    def set_gain_db(self, value: float) -> None:
        """Ask the thread to set it. Raises ValueError with the allowed range."""
        if wrong := outside("gain", value, self.gain_range_db, "dB"):
            raise ValueError(f"{self._who}: {wrong}")
        self._want(replace(self._wanted, gain_db=value))

    def poll(self, now_s: float) -> Frame | None:
        """Return the newest frame since the last poll, and open or reopen when that is due."""
        feed = self._feed
        if feed is None:
            self._start(now_s)
            return None
        if self._opened is None and feed.opened is not None:
            self._become_ready(feed.opened, now_s)
        taken = feed.take(now_s)
        if taken is not None:
            self._heard_s = now_s
            self._retry.reset()
            return _frame(*taken)
        if (ended := feed.ended) is not None:
            self._lose(ended, now_s)
        elif now_s - self._heard_s > self._silent_s:
            self._lose(Ended(f"no frame for {self._silent_s:g} s; check its cable"), now_s)
        return None

    def close(self) -> None:
        """Release the camera, waiting a moment for its thread."""
        self._let_go()
        self._link = LinkState.CLOSED
        self._problem = None
        self._open_from_s = inf
        if self._thread is not None:
            self._thread.join(_CLOSING_S)

    @abstractmethod
    def _run(self, feed: Feed) -> None:
        """Open the camera, tell so, and put frames until the feed is stopping; release it in any case.

        In the camera's thread. Raises LostError, RefusedError, or whatever the library in use raises.
        """

    def _start(self, now_s: float) -> None:
        if now_s < self._open_from_s or (self._thread is not None and self._thread.is_alive()):
            return
        self._feed = feed = Feed(self._wanted, self._contents)
        self._link = LinkState.CONNECTING
        # A library that never returns must not keep the program from ending.
        self._thread = Thread(target=self._work, args=(feed,), name=self._who, daemon=True)
        self._thread.start()

    def _work(self, feed: Feed) -> None:
        try:
            self._run(feed)
        except RefusedError as error:
            feed.end(Ended(str(error), refused=True))
        except LostError as error:
            feed.end(Ended(str(error), again=error.again))
        except Exception as error:
            # Whatever a foreign library raises ends this opening in words, not the thread in silence.
            text = " ".join(str(error).split()) or type(error).__name__
            feed.end(Ended(f"{text}; check its cable, then switch it off and on"))
        else:
            feed.end(Ended("has stopped; check its cable"))

    def _become_ready(self, opened: Opened, now_s: float) -> None:
        self._opened = opened
        self._link = LinkState.READY
        self._problem = None
        self._heard_s = now_s

    def _lose(self, ended: Ended, now_s: float) -> None:
        self._let_go()
        self._link = LinkState.REFUSED if ended.refused else LinkState.LOST
        self._problem = f"{self._who}: {ended.reason}"
        self._open_from_s = now_s + self._retry.take_s() if ended.again else inf

    def _let_go(self) -> None:
        if self._feed is not None:
            self._feed.stop()
        self._feed = None
        self._opened = None
        self._heard_s = inf

    def _want(self, wanted: Wanted) -> None:
        self._wanted = wanted
        if self._feed is not None:
            self._feed.want(wanted)


def _frame(shot: Shot, overrun: int) -> Frame:
    return Frame(
        taken_s=shot.taken_s,
        number=shot.number,
        dropped=shot.lost + overrun,
        exposure_us=shot.exposure_us,
        gain_db=shot.gain_db,
        content=shot.content.number,
        covered=shot.content.covered,
        image=shot.image,
    )
