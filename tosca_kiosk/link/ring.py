"""The telemetry ring: what control publishes every tick, for whoever looks; a cell of 32 slots."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from tosca_kiosk.machine.latest_cell import SLOT_HEADER_BYTES, CellReader, CellWriter

SLOTS: Final = 32
SLOT_BYTES: Final = 16 * 1024
MAX_RECORD_BYTES: Final = SLOT_BYTES - SLOT_HEADER_BYTES

_MAGIC: Final = b"TOSCAtr2"
_PREFIX: Final = "telemetry-"


class RingError(Exception):
    """What is no telemetry ring, or is gone."""


class RingWriter(CellWriter):
    """Makes a new ring in a directory.

    Rings that a dead writer left in the directory are removed; whoever has one mapped keeps it. Raises
    OSError, which names the ring, when it cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        for left in directory.glob(_PREFIX + "*"):
            left.unlink(missing_ok=True)
        self.path = directory / (_PREFIX + secrets.token_hex(8))
        super().__init__(self.path, _MAGIC, slots=SLOTS, room_bytes=MAX_RECORD_BYTES)

    def close(self) -> None:
        """Remove the ring; readers keep what they have mapped."""
        self.path.unlink(missing_ok=True)
        super().close()


class RingReader(CellReader):
    """Reads the newest record. Raises RingError when there is no ring at the path."""

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path, _MAGIC)
        except (OSError, ValueError) as error:
            raise RingError(f"{path}: no telemetry ring ({error})") from error
