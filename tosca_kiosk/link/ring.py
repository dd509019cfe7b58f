"""The telemetry ring: one writer, many readers, shared memory, no lock and no waiting on either side.

A record is whole or not there: its slot's number is 0 while it is written, and a checksum seeded with the
number binds the bytes to it, so that no order in which a processor shows the stores lets a torn one pass.
Adler-32, for a CRC's tables are never in the cache when a tick comes: a third of the whole cost.
The memory is sealed, so that nobody can cut it under writer or reader (`sealed_memory`), and mapped
read-only by readers.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final
from zlib import adler32

from tosca_kiosk.machine.sealed_memory import SealedMemory, map_sealed

SLOTS: Final = 32
SLOT_BYTES: Final = 16 * 1024
MAX_RECORD_BYTES: Final = SLOT_BYTES - 16

_MAGIC: Final = int.from_bytes(b"TOSCAtr1", "little")
_HEADER_BYTES: Final = 64
_SIZE: Final = _HEADER_BYTES + SLOTS * SLOT_BYTES
_PREFIX: Final = "telemetry-"
_TRIES: Final = 3

# Offsets in words of 8 bytes: a word is stored and loaded in one piece.
_NEWEST: Final = 1
_FIRST_SLOT: Final = _HEADER_BYTES // 8
_SLOT_WORDS: Final = SLOT_BYTES // 8


class RingError(Exception):
    """What is no telemetry ring, or is gone."""


class RingWriter:
    """Makes a new ring in a directory and publishes records into it.

    Rings that a dead writer left in the directory are removed; whoever has one mapped keeps it. Raises
    OSError, which names the ring, when it cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        for left in directory.glob(_PREFIX + "*"):
            left.unlink(missing_ok=True)
        self.path = directory / (_PREFIX + secrets.token_hex(8))
        self._memory = SealedMemory(self.path, _SIZE)
        self._map = self._memory.map
        self._bytes = memoryview(self._map)
        self._words = self._bytes.cast("Q")
        self._number = 0
        self._words[0] = _MAGIC
        self._memory.show()

    def publish(self, record: bytes) -> bool:
        """Make a record the newest one; False, and nothing changed, when it is over MAX_RECORD_BYTES."""
        length = len(record)
        if length > MAX_RECORD_BYTES:
            return False
        words = self._words
        self._number = number = self._number + 1
        slot = _FIRST_SLOT + number % SLOTS * _SLOT_WORDS
        start = slot * 8 + 16
        words[slot] = 0
        self._map[start : start + length] = record
        words[slot + 1] = adler32(record, number & 0xFFFF_FFFF) << 32 | length
        words[slot] = number
        words[_NEWEST] = number
        return True

    def close(self) -> None:
        """Remove the ring; readers keep what they have mapped."""
        self.path.unlink(missing_ok=True)
        self._words.release()
        self._bytes.release()
        self._memory.close()


class RingReader:
    """Reads the newest record. Raises RingError when there is no ring at the path."""

    def __init__(self, path: Path) -> None:
        try:
            self._map, _ = map_sealed(path)
        except (OSError, ValueError) as error:
            raise RingError(f"{path}: no telemetry ring ({error})") from error
        self._bytes = memoryview(self._map)
        self._words = self._bytes.cast("Q")
        if len(self._map) != _SIZE or self._words[0] != _MAGIC:
            self.close()
            raise RingError(f"{path}: not a telemetry ring")

    @property
    def newest_number(self) -> int:
        """How many records have been published; 0 for none."""
        return self._words[_NEWEST]

    def newest(self) -> tuple[int, bytes] | None:
        """Return the newest record and its number, counted from 1; None when there is none whole."""
        words = self._words
        for _ in range(_TRIES):
            number = words[_NEWEST]
            if number == 0:
                return None
            slot = _FIRST_SLOT + number % SLOTS * _SLOT_WORDS
            seal = words[slot + 1]
            length = seal & 0xFFFF_FFFF
            if words[slot] != number or length > MAX_RECORD_BYTES:
                continue
            start = slot * 8 + 16
            record = bytes(self._bytes[start : start + length])
            if words[slot] == number and adler32(record, number & 0xFFFF_FFFF) == seal >> 32:
                return number, record
        return None

    def close(self) -> None:
        """Let the memory go."""
        self._words.release()
        self._bytes.release()
        self._map.close()
