"""Anchors: signed heads outside the file, each a line that proves itself.

Who puts an old file back, cuts the end of the record or has the key cannot take them along: from an anchor
the record is seen to go on, or not. Where they lie is a site's affair: a stick, a paper, another computer.
"""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tosca_kiosk.machine.synced import sync
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.heads import FORM, Head, Signed, counters_said
from tosca_kiosk.storage.signing import base64, from_base64, is_signed
from tosca_kiosk.storage.timestamps import from_utc_text

if TYPE_CHECKING:
    from segno import QRCode

SYSTEM_JOURNALS: Final = (Path("/dev/log"), Path("/run/systemd/journal/dev-log"))
"""Sockets of the system's log; the second is systemd's own."""
_NOTICE_OF_A_PROGRAM: Final = "<13>tosca-kiosk: "
_JOURNAL_WAIT_S: Final = 1.0
_FIELDS: Final = 9
_LONGEST_BYTES: Final = 64 * 1024 * 1024
_MODE: Final = 0o640


class Anchor(NamedTuple):
    """A line that holds."""

    signed: Signed
    signature: bytes


class BadAnchorError(ValueError):
    """A line that is no anchor; the text says what it is instead."""


def line_of(head: Head) -> str:
    """Return a head as the line of an anchor."""
    return f"{head.signed.text} {base64(head.signature)}"


def parsed(line: str) -> Anchor:
    """Return what a line says. Raises BadAnchorError for one that is cut, changed or none."""
    if not line.startswith(FORM):
        raise BadAnchorError("is no anchor of this program")
    words = line.removeprefix(FORM).split(" ")[1:]
    if len(words) != _FIELDS - 1:
        raise BadAnchorError("is cut, or has more than an anchor has")
    cart, link_id, digest, when, reason, numbers, fingerprint, signature = words
    counters = counters_said(numbers)
    try:
        if counters is None:
            raise ValueError(numbers)
        signed = Signed(
            cart=cart,
            link_id=int(link_id),
            digest=bytes.fromhex(digest),
            made=when.removesuffix("Z").replace("T", " "),
            reason=reason,
            counters=counters,
            fingerprint=fingerprint,
        )
        from_utc_text(signed.made)
        found = Anchor(signed, from_base64(signature))
    except (ValueError, StorageError) as error:
        raise BadAnchorError("is cut or changed") from error
    if signed.text != line.rpartition(" ")[0] or not is_signed(fingerprint, signed.text, found.signature):
        raise BadAnchorError("is cut or changed: its signature is not of what it says")
    return found


def read(path: Path) -> list[str]:
    """Return the lines of a file of anchors. Raises StorageError where it cannot be read or holds none."""
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_BYTES)
    except OSError as error:
        raise StorageError(
            f"{path}: the anchors cannot be read ({error.strerror}); name a file that db anchor --to made"
        ) from error
    lines = [line.strip() for line in content.decode("ascii", "replace").splitlines()]
    if not any(lines):
        raise StorageError(f"{path}: holds no anchor; name a file that db anchor --to made")
    return lines


def append(path: Path, line: str, *, create: bool) -> None:
    """Append a line to a file, on the disk when this returns; a line that something cut stays one of its own.

    create: make a missing file. Raises StorageError; nothing half-written stays.
    """
    try:
        made = not path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        file = os.open(path, flags, _MODE)
    except FileNotFoundError as error:
        raise StorageError(
            f"{path}: the anchor was not written, there is no such {'folder' if create else 'file'}; put the "
            f"stick in, or make it: tosca-kiosk db anchor --to {path}"
        ) from error
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        _append(file, line)
        if made:
            sync(path.parent)
    except OSError as error:
        if made:
            with suppress(OSError):
                path.unlink()
        raise _unwritten(path, error) from error
    finally:
        os.close(file)


def tell_system_journal(line: str) -> str | None:
    """Write a line to the system's journal; return why that could not be done, None where it was."""
    why = f"there is no {SYSTEM_JOURNALS[0]}"
    for place in SYSTEM_JOURNALS:
        if not place.exists():
            continue
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as journal:
            journal.settimeout(_JOURNAL_WAIT_S)
            try:
                journal.sendto((_NOTICE_OF_A_PROGRAM + line).encode(), str(place))
            except OSError as error:
                why = f"{place}: {error.strerror or error}"
            else:
                return None
    return f"The system's journal takes no anchor ({why})."


def qr(line: str) -> QRCode:
    """Return the QR code of a line: to be printed on a terminal or a page, or saved as SVG or PNG."""
    import segno  # noqa: PLC0415 - 40 ms, and most commands draw none

    return segno.make_qr(line, error="l", boost_error=False)


def _append(file: int, line: str) -> None:
    """Write a line at the end of an open file and sync it, or leave the file as it was."""
    before = os.fstat(file).st_size
    broken = before > 0 and os.pread(file, 1, before - 1) != b"\n"
    content = b"\n" * broken + line.encode() + b"\n"
    try:
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, before)
            os.fsync(file)
        raise


def _unwritten(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: the anchor was not written ({error.strerror}), nothing was changed; make room there or "
        "check its rights, then repeat"
    )
