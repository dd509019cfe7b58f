"""When the newest new picture in shared memory was taken; the record beside it, without the picture.

Control asks every tick and never needs a picture, so that nothing here loads numpy. The memory is a cell
(`machine.latest_cell`) with the pixels as its body. A writer makes his own and puts the link to it in place
of the last one's: readers look now and then whether that has happened.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple

from tosca_kiosk.machine.latest_cell import CellReader

SLOTS: Final = 3
CLOCK_SLACK_S: Final = 0.001
"""A frame may seem this much newer than the moment at which it is looked at."""
LOOK_AGAIN_S: Final = 0.1
"""So often it is looked whether the path still leads to the memory that is read."""

MAGIC: Final = b"TOSCAfr2"

PackedRecord = struct.Struct("<QdQd??2xIIIdd")
"""The fields of a FrameRecord, in its order."""


class FrameRecord(NamedTuple):
    """What is known of a frame. taken_s: the system's monotonic clock, the same in every process.

    content: grows with every picture that was not there before. content_s: when the newest new one was
    taken, so that of a source that repeats itself number and taken_s go on and these two stand. covered:
    black or clipped all over. simulated: it does not show this cart. exposure_us, gain_db: NaN where the
    camera does not tell.
    """

    number: int
    taken_s: float
    content: int
    content_s: float
    simulated: bool
    covered: bool
    dropped: int
    width_px: int
    height_px: int
    exposure_us: float
    gain_db: float


def taken_by(now_s: float, taken_s: float) -> bool:
    """Whether a frame can have been taken by now; one without a time, NaN, cannot."""
    return taken_s - now_s <= CLOCK_SLACK_S


class FrameAge:
    """When the newest new picture was taken: what control asks every tick.

    A frame whose number or content is the last one's is not new, whatever its time says; one without a time,
    or taken in the future, is none. Nothing is raised: where there is no camera process, there is no new
    frame. problem: why there is no picture at all, where the path no longer leads to a camera process that
    lives or lived; None while it does, and before there was one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: CellReader | None = None
        self._publication = 0
        self._looked_s = -LOOK_AGAIN_S
        self._number: int | None = None
        self.record: FrameRecord | None = None
        """The newest valid frame, None before the first."""
        self.problem: str | None = None

    @property
    def covered(self) -> bool:
        """Whether nobody can see anything in the newest frame; True where there is none."""
        return self.record is None or self.problem is not None or self.record.covered

    def look(self, now_s: float) -> bool:
        """Take in what is new at now_s, on the system's monotonic clock; return whether a frame is."""
        if not 0.0 <= now_s - self._looked_s < LOOK_AGAIN_S:
            self._looked_s = now_s
            self._look_for_memory()
        memory = self._memory
        return memory is not None and self.problem is None and self._take(memory, now_s)

    def newest_s(self, now_s: float) -> float | None:
        """Return when the newest new picture was taken; None before the first, and in a problem."""
        self.look(now_s)
        return None if self.record is None or self.problem is not None else self.record.content_s

    def close(self) -> None:
        """Let the memory go."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _take(self, memory: CellReader, now_s: float) -> bool:
        if memory.newest_number == self._publication:
            return False
        found = memory.newest()
        if found is None or len(found[1]) != PackedRecord.size:
            return False
        publication, record = found[0], FrameRecord(*PackedRecord.unpack(found[1]))
        if record.number == self._number:
            self._publication = publication
            return False
        if not (taken_by(now_s, record.taken_s) and taken_by(now_s, record.content_s)):
            return False
        self._publication, self._number, self.record = publication, record.number, record
        return True

    def _look_for_memory(self) -> None:
        """Take what the path leads to now, where that is another memory, and say where it leads to none.

        A link that dangles is a camera process's that has ended: its last picture ages.
        """
        known = self._memory
        try:
            status = self._path.stat()
            if known is not None and known.identity == (status.st_dev, status.st_ino):
                self.problem = None
                return
            found = CellReader(self._path, MAGIC)
        except (OSError, ValueError) as error:
            dangles = isinstance(error, FileNotFoundError) and self._path.is_symlink()
            self.problem = None if known is None or dangles else f"the camera's memory was lost: {error}"
            return
        self.close()
        self.problem = None
        self._memory, self._publication, self._number = found, 0, None
