"""Between a camera's own thread and `poll`: one feed for each time the camera is opened.

The thread hands over what it learns and takes the settings that are asked for; `poll` takes what is there.
A feed that was given up takes nothing any more, so a thread that hangs cannot disturb its successor.
"""

from __future__ import annotations

from collections import deque
from dataclasses import KW_ONLY, dataclass, replace
from threading import Condition

from hardware.cameras.content import UNKNOWN, Content, ContentWatch
from hardware.cameras.interface import Identity, Image, Range

_QUEUE = 8
"""Frames that wait for a poll: a quarter of a second; then the oldest is dropped and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is known of a camera once it is open. A range is None where that cannot be set."""

    identity: Identity
    size_px: tuple[int, int]
    exposure_range_us: Range | None
    gain_range_db: Range | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A frame as the thread has it. lost: by the camera, since it was opened. content: the feed's finding."""

    taken_s: float
    number: int
    lost: int
    exposure_us: float
    gain_db: float
    image: Image
    content: Content = UNKNOWN


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a feed has ended. refused: it is open and not what was asked for. again: opening it may help."""

    reason: str
    _: KW_ONLY
    refused: bool = False
    again: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Settings to make; None leaves what is."""

    exposure_us: float | None = None
    gain_db: float | None = None


class Feed:
    """wanted: the settings to make as soon as the camera is open.

    contents: of the camera, for a source that repeats itself does so over a reopening too. It looks in the
    camera's own thread.
    """

    def __init__(self, wanted: Wanted, contents: ContentWatch) -> None:
        self._contents = contents
        self._changed = Condition()
        self._wanted: Wanted | None = wanted
        self._shots: deque[Shot] = deque()
        self._overrun = 0
        self._stopping = False
        self.opened: Opened | None = None
        """Set once by the thread; read by poll."""
        self._ended: Ended | None = None

    # The thread's side.

    @property
    def stopping(self) -> bool:
        return self._stopping

    def open_as(self, opened: Opened) -> None:
        """Tell what was opened."""
        self.opened = opened

    def put(self, shot: Shot) -> None:
        """Hand over a frame as it was taken."""
        shot = self._looked_at(shot)
        with self._changed:
            self._shots.append(shot)
            if len(self._shots) > _QUEUE:
                self._shots.popleft()
                self._overrun += 1

    def put_ahead(self, shot: Shot) -> None:
        """Hand over a frame whose time will come, once there is room; return at once when it is stopping."""
        shot = self._looked_at(shot)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or len(self._shots) < _QUEUE)
            if not self._stopping:
                self._shots.append(shot)

    def _looked_at(self, shot: Shot) -> Shot:
        return replace(shot, content=self._contents.look(shot.image))

    def end(self, ended: Ended) -> None:
        """Nothing more will come."""
        with self._changed:
            self._ended = ended

    def take_wanted(self, wait_s: float = 0.0) -> Wanted | None:
        """Return the settings to make, None when there are none or when none have come in wait_s."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._wanted is not None, wait_s)
            wanted, self._wanted = self._wanted, None
            return wanted

    # The side of poll.

    def want(self, wanted: Wanted) -> None:
        """Ask for settings; the newest wins."""
        with self._changed:
            self._wanted = wanted
            self._changed.notify_all()

    def take(self, now_s: float) -> tuple[Shot, int] | None:
        """Return the newest frame whose time has come, and how many were passed over until now."""
        with self._changed:
            newest = None
            while self._shots and self._shots[0].taken_s <= now_s:
                self._overrun += newest is not None
                newest = self._shots.popleft()
            if newest is None:
                return None
            self._changed.notify_all()
            return newest, self._overrun

    @property
    def ended(self) -> Ended | None:
        """Why it has ended, once the last frame has been taken."""
        with self._changed:
            return None if self._shots else self._ended

    def stop(self) -> None:
        """Let the thread end as soon as it can; take nothing from it any more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
