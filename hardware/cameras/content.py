"""Whether a picture is a new one, and whether there is anything to be seen in it: by its pixels alone.

A sensor never takes the same picture twice, for light and electronics are noisy. A source that hands out a
picture that it has handed out before is dead behind its counter, whatever its counter and time say.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple
from zlib import crc32

import numpy as np

from hardware.cameras.interface import Image

REMEMBERED = 64
"""Pictures: two seconds, and twice the 32 buffers that Linux lends a driver, which may go round in them."""

BLACK_TO = 16
"""Grey level. Read noise at the highest gain stays under 4, and 16 is black where levels are video's."""
CLIPPED_FROM = 239
"""Grey level: as far from white."""
_ONE_IN = 1000
"""So many pixels in all may be beyond: hot ones, dust in the light, a reflection at the rim."""


class Content(NamedTuple):
    """number: how many new pictures came before this one; it stands where one was seen before.

    covered: it is black all over, or clipped all over, so that nobody can see anything in it.
    """

    number: int
    covered: bool


UNKNOWN = Content(0, True)
"""Of a picture that nobody has looked at."""


class ContentWatch:
    """Looks at every picture of one camera, in the order in which they come, however often it is reopened.

    Pictures are told apart by their CRC-32: of 64 different ones two look alike once in sixty million, and
    that picture then counts as one seen before, which is the safe side.
    """

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=REMEMBERED)
        self._number = -1

    def look(self, image: Image) -> Content:
        """Take the next picture."""
        digest = crc32(np.ascontiguousarray(image).data)
        if digest not in self._seen:
            self._seen.append(digest)
            self._number += 1
        return Content(self._number, is_covered(image))


def is_covered(image: Image) -> bool:
    """Return whether all pixels but one in a thousand are black, or all but as many clipped."""
    few = image.size // _ONE_IN
    return bool(np.count_nonzero(image > BLACK_TO) <= few or np.count_nonzero(image < CLIPPED_FROM) <= few)
