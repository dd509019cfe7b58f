"""The interlock board's lines: `$` body `*` CRC LF, with CRC-16/CCITT-FALSE over the body."""

from __future__ import annotations

from binascii import crc_hqx

LONGEST_LINE = 80
LARGEST_NUMBER = 65535


def frame(body: str) -> bytes:
    """Wrap an ASCII body for the wire."""
    data = body.encode("ascii")
    return b"$%b*%04X\n" % (data, crc_hqx(data, 0xFFFF))


def unframe(line: bytes) -> list[str] | None:
    """Return the fields of a received line (its LF taken off); None if it is too long or damaged.

    It begins with its last "$": what stands before is of another line and does not count.
    """
    line = line[max(0, line.rfind(b"$")) :]
    body = line[1:-5]
    whole = len(line) <= LONGEST_LINE and line[:1] == b"$" and line[-5:-4] == b"*"
    if not whole or line[-4:] != b"%04X" % crc_hqx(body, 0xFFFF):
        return None
    return body.decode("latin-1").split(",")


def unsigned(text: str) -> int | None:
    """Read 0..65535 in decimal digits; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    value = int(text)
    return value if value <= LARGEST_NUMBER else None
