"""Two copies of a journal that differ: of each line the one that was written, as its seal says; pure.

A line is sealed on the digest of the line before. So a changed line is found where the other copy has it
whole, and lines of another journal are never taken for this one's.
"""

from __future__ import annotations

from tosca_kiosk.domain.journal_lines import CHAIN_START, claimed_digest, unsealed


def joined(disk: bytes, memory: bytes, begin: int) -> bytes | None:
    """Return the journal whose copies these are, each line from the one that has it whole, the disk first.

    Memory goes on where the disk's copy ends; up to the byte `begin` it is the disk's own. A line that
    neither has whole stays as the disk has it. None where memory is of another journal: a line of both is
    sealed and not the same, or nothing in memory is the disk's or sealed on it.
    """
    lines: list[bytes] = []
    at, vouched = 0, False
    header = previous = CHAIN_START
    while at < len(memory):
        line, other = _line(disk, at), _line(memory, at)
        on = (previous, header + previous)  # the end is sealed on the header too
        if line == other:
            vouched = vouched or (at >= begin and _sealed(line, on))
        else:
            ours, theirs = _sealed(line, on), _sealed(other, on)
            if ours and theirs:
                return None
            if at >= len(disk) and not (theirs or vouched):
                return None
            vouched = vouched or theirs
            if theirs or not (ours or line.endswith(b"\n")):
                line = other
        lines.append(line)
        if at == 0:
            header = claimed_digest(line)
        else:
            previous = claimed_digest(line)
        at += len(line)
    return b"".join(lines) if vouched else None


def _line(content: bytes, at: int) -> bytes:
    """Return the line that begins there, with its end where it has one."""
    end = content.find(b"\n", at)
    return content[at:] if end < 0 else content[at : end + 1]


def _sealed(line: bytes, on: tuple[bytes, ...]) -> bool:
    return line.endswith(b"\n") and any(unsealed(line[:-1], previous) is not None for previous in on)
