"""The newest of something in shared memory: one writer, many readers, no lock and no waiting on either side.

The memory is sealed, so that nobody can cut it under writer or reader (`sealed_memory`), and readers map it
read-only. It holds a few slots, written in turn, so that only a reader that takes longer than all the others
last reads in vain. A record is whole or not there: its slot's number is 0 while it is written, and a checksum
seeded with the number binds the bytes to it, so that no order in which a processor shows the stores lets a
torn one pass. Behind the record a slot may hold a body, such as a picture's pixels, which the number alone
guards, for it would take too long to sum.

Adler-32, for a CRC's tables are never in the cache when a tick comes: a third of the whole cost of a record
(`python -m pytest benchmarks/test_bench_ring.py --benchmark-enable`).
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final
from zlib import adler32

from tosca_kiosk.machine.sealed_memory import Identity, SealedMemory, map_sealed

HEADER_BYTES: Final = 64
SLOT_HEADER_BYTES: Final = 16
_TRIES: Final = 3

# Words of 8 bytes: a word is stored and loaded in one piece.
_MAGIC: Final = 0
_NEWEST: Final = 1
_SLOT_BYTES: Final = 2


class CellWriter:
    """Makes a cell of so many slots, each with room for so many bytes, and leads the path to it by `show`.

    map: all of the memory, for bodies. Raises OSError, which names the path, when it cannot be made.
    """

    def __init__(self, path: Path, magic: bytes, *, slots: int, room_bytes: int) -> None:
        self._room_bytes = -(-room_bytes // 8) * 8
        self.slot_bytes = SLOT_HEADER_BYTES + self._room_bytes
        self._slots = slots
        self._memory = SealedMemory(path, HEADER_BYTES + slots * self.slot_bytes)
        self.map: mmap.mmap = self._memory.map
        self._words = memoryview(self.map).cast("Q")
        self._number = 0
        self._words[_SLOT_BYTES] = self.slot_bytes
        self._words[_MAGIC] = int.from_bytes(magic, "little")
        self._memory.show()

    @property
    def in_place(self) -> bool:
        """Whether the path still leads here, so that a reader who comes now finds it."""
        return self._memory.in_place

    def publish(self, record: bytes) -> bool:
        """Make a record the newest one; False, and nothing changed, when there is no room for it."""
        if len(record) > self._room_bytes:
            return False
        self.begin()
        self.seal(record)
        return True

    def begin(self) -> int:
        """Take the next slot and return where its record begins in `map`; its body may be written now."""
        self._number = number = self._number + 1
        start = HEADER_BYTES + number % self._slots * self.slot_bytes
        self._words[start // 8] = 0
        return start + SLOT_HEADER_BYTES

    def seal(self, record: bytes) -> None:
        """Write the record of the slot that was begun and make it the newest one."""
        number, length = self._number, len(record)
        start = HEADER_BYTES + number % self._slots * self.slot_bytes
        words, word = self._words, start // 8
        self.map[start + SLOT_HEADER_BYTES : start + SLOT_HEADER_BYTES + length] = record
        words[word + 1] = adler32(record, number & 0xFFFF_FFFF) << 32 | length
        words[word] = number
        words[_NEWEST] = number

    def close(self) -> None:
        """Let the memory go; whoever has it mapped keeps the newest record, which ages."""
        self._words.release()
        self._memory.close()


class CellReader:
    """Reads a cell. identity: of the memory behind the path.

    Raises OSError or ValueError where there is none.
    """

    def __init__(self, path: Path, magic: bytes) -> None:
        self._map, self.identity = self._mapped(path)
        self._words = memoryview(self._map).cast("Q")
        self._slot_bytes = self._words[_SLOT_BYTES]
        room = len(self._map) - HEADER_BYTES
        known = self._words[_MAGIC] == int.from_bytes(magic, "little")
        fits = SLOT_HEADER_BYTES <= self._slot_bytes <= room and not (
            room % self._slot_bytes or self._slot_bytes % 8
        )
        if not (known and fits):
            self.close()
            raise ValueError(f"{path}: other shared memory than was expected")
        self._slots = room // self._slot_bytes

    @staticmethod
    def _mapped(path: Path) -> tuple[mmap.mmap, Identity]:
        mapped, identity = map_sealed(path)
        if len(mapped) < HEADER_BYTES or len(mapped) % 8:
            mapped.close()
            raise ValueError(f"{path}: other shared memory than was expected")
        return mapped, identity

    @property
    def newest_number(self) -> int:
        """How many records have been published; 0 for none."""
        return self._words[_NEWEST]

    def newest(self) -> tuple[int, bytes] | None:
        """Return the newest record and its number, counted from 1; None when there is none whole."""
        for _ in range(_TRIES):
            number = self._words[_NEWEST]
            if number == 0:
                return None
            record = self._record(number)
            if record is not None:
                return number, record
        return None

    def _record(self, number: int) -> bytes | None:
        words, start = self._words, HEADER_BYTES + number % self._slots * self._slot_bytes
        word = start // 8
        seal = words[word + 1]
        length = seal & 0xFFFF_FFFF
        if words[word] != number or length > self._slot_bytes - SLOT_HEADER_BYTES:
            return None
        first = start + SLOT_HEADER_BYTES
        record = self._map[first : first + length]
        whole = words[word] == number and adler32(record, number & 0xFFFF_FFFF) == seal >> 32
        return record if whole else None

    def body(self, number: int, offset: int, size: int) -> bytes | None:
        """Return bytes of a slot, from `offset` behind its record's first on; None when it was replaced."""
        start = HEADER_BYTES + number % self._slots * self._slot_bytes
        if offset + size > self._slot_bytes - SLOT_HEADER_BYTES:
            return None
        first = start + SLOT_HEADER_BYTES + offset
        copied = self._map[first : first + size]
        return copied if self._words[start // 8] == number else None

    def close(self) -> None:
        """Let the memory go."""
        self._words.release()
        self._map.close()
