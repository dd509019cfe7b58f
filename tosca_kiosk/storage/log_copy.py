"""A database made of its file and its write-ahead log, where SQLite cannot make the index of that log.

The log is a header and frames, one page each (sqlite.org/fileformat2.html, "The Write-Ahead Log"). A frame
counts when the salts of the header stand in it, the running checksum fits, and a commit follows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct(">IIIIIIII")
"""Magic number, format, bytes of a page, number of the checkpoint, two salts, checksum in two parts."""
_FRAME: Final = struct.Struct(">IIIIII")
"""Number of the page, pages of the database after a commit (else 0), two salts, checksum in two parts."""
_MAGIC: Final = 0x377F0682
_BIG_ENDIAN: Final = 1
"""The lowest bit of the magic number: checksums are over big-endian words."""
_SUMMED_OF_HEADER: Final = 24
_SUMMED_OF_FRAME: Final = 8
_VERSIONS: Final = slice(18, 20)
"""Of the database's first page: who may write and read. 2 demands a log, 1 does without."""
_WITHOUT_LOG: Final = b"\x01\x01"
_WORD_MASK: Final = 0xFFFFFFFF


class _Frame(NamedTuple):
    page: int
    pages_after: int
    content: bytes


def with_log(database: bytes, log: bytes) -> bytes:
    """Return the file's content with every commit of its log in it, as a database that needs no log."""
    image = bytearray(database)
    pending: dict[int, bytes] = {}
    for frame in _frames(log):
        pending[frame.page] = frame.content
        if frame.pages_after:
            _commit(image, pending, frame)
            pending.clear()
    if image:
        image[_VERSIONS] = _WITHOUT_LOG
    return bytes(image)


def _commit(image: bytearray, pending: dict[int, bytes], frame: _Frame) -> None:
    page_bytes = len(frame.content)
    end = frame.pages_after * page_bytes
    image.extend(bytes(max(0, end - len(image))))
    for number, content in pending.items():
        image[(number - 1) * page_bytes : number * page_bytes] = content
    del image[end:]


def _frames(log: bytes) -> Iterator[_Frame]:
    """Yield the frames of this log up to the first that is not of it."""
    if len(log) < _HEADER.size:
        return
    magic, _, page_bytes, _, salt_1, salt_2, *header_sum = _HEADER.unpack_from(log)
    if magic & ~_BIG_ENDIAN != _MAGIC or page_bytes == 0:
        return
    order = ">" if magic & _BIG_ENDIAN else "<"
    running = _summed(log[:_SUMMED_OF_HEADER], order, (0, 0))
    if running != tuple(header_sum):
        return
    step = _FRAME.size + page_bytes
    for start in range(_HEADER.size, len(log) - step + 1, step):
        page, pages_after, frame_salt_1, frame_salt_2, *frame_sum = _FRAME.unpack_from(log, start)
        content = log[start + _FRAME.size : start + step]
        running = _summed(log[start : start + _SUMMED_OF_FRAME] + content, order, running)
        if page == 0 or (frame_salt_1, frame_salt_2) != (salt_1, salt_2) or running != tuple(frame_sum):
            return
        yield _Frame(page=page, pages_after=pages_after, content=content)


def _summed(content: bytes, order: str, before: tuple[int, int]) -> tuple[int, int]:
    """Carry the checksum on over the content, words of 32 bits in pairs."""
    first, second = before
    words = iter(struct.unpack(f"{order}{len(content) // 4}I", content))
    for one, other in zip(words, words, strict=True):
        first = (first + one + second) & _WORD_MASK
        second = (second + other + first) & _WORD_MASK
    return first, second
