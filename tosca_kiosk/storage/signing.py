"""The cart's key: it signs the chain's head, so that nobody without it can chain a changed record anew.

An Ed25519 key in a file of the data directory that only the cart's user can read. It is named by its public
half, 32 bytes in base64: a signed line proves itself with nothing else at hand.
"""

from __future__ import annotations

import os
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tosca_kiosk.machine.synced import sync
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.files import beside

KEY_NAME: Final = "cart_signing_key.pem"
"""In the data directory."""
_NEXT: Final = ".next"
_MODE: Final = 0o600
_OTHERS: Final = 0o077
_SHOWN: Final = 12
_ANOTHER: Final = "bring the cart's own file back, or make a new key: tosca-kiosk db new-key --reason TEXT"


class NotThisUsersError(StorageError):
    """The cart's key is not for the user of this process: who may read the record need not be the cart's."""


class SigningKey:
    """A key that signs. fingerprint: its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.fingerprint = base64(private.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the signature of a text."""
        return self._private.sign(text.encode())


def is_signed(fingerprint: str, text: str, signature: bytes) -> bool:
    """Say whether the owner of a key has signed a text; not where the fingerprint is none."""
    try:
        Ed25519PublicKey.from_public_bytes(from_base64(fingerprint)).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def base64(content: bytes) -> str:
    """Return bytes as text that a line, a path and a QR code hold."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """Return the bytes of such a text. Raises ValueError for another, and for a second way to write it."""
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except NotBase64 as error:
        raise ValueError(str(error)) from error
    if base64(content) != text:
        raise ValueError(f"{text!r} is not how these bytes are written")
    return content


def shown(fingerprint: str | None) -> str:
    """Return the beginning of a fingerprint, enough for a person."""
    return "none" if fingerprint is None else fingerprint[:_SHOWN]


def load(directory: Path, expected: str | None) -> SigningKey:
    """Return the key of a data directory. expected: the fingerprint of the record's newest signature.

    Raises StorageError for a file that is missing, that others may read, that cannot be read, and for
    another key than that.
    """
    path = directory / KEY_NAME
    _settle(path, expected)
    key = _read(path)
    if expected is not None and key.fingerprint != expected:
        raise StorageError(
            f"{path}: this is another key ({shown(key.fingerprint)}) than the one that signed the record "
            f"last ({shown(expected)}); {_ANOTHER}"
        )
    return key


def exists(directory: Path) -> bool:
    """Say whether a data directory has a file of a key."""
    return (directory / KEY_NAME).exists()


def make(directory: Path) -> SigningKey:
    """Make the first key of a data directory. Raises StorageError, also where there is a file already."""
    key = prepare(directory)
    path = directory / KEY_NAME
    if path.exists():
        raise StorageError(f"{path}: there is a key already; nothing was changed")
    adopt(directory)
    return key


def prepare(directory: Path) -> SigningKey:
    """Make a key beside the present one; `adopt` puts it in its place. Raises StorageError."""
    path = _next(directory / KEY_NAME)
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            os.fchmod(file, _MODE)
            with os.fdopen(file, "wb", closefd=False) as writing:
                writing.write(content)
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: the cart's key cannot be written ({error.strerror}); check the disk's space and rights"
        ) from error
    return SigningKey(private)


def adopt(directory: Path) -> None:
    """Put the prepared key in its place. Raises StorageError."""
    path = directory / KEY_NAME
    try:
        _next(path).replace(path)
        sync(directory)
    except OSError as error:
        raise StorageError(
            f"{path}: the cart's key cannot be put there ({error.strerror}); check the disk and its rights, "
            "then repeat"
        ) from error


def _settle(path: Path, expected: str | None) -> None:
    """Put a prepared key in its place that has signed already: its change was cut short after that."""
    prepared = _next(path)
    if expected is not None and prepared.exists() and _read(prepared).fingerprint == expected:
        adopt(path.parent)


def _read(path: Path) -> SigningKey:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except FileNotFoundError as error:
        raise StorageError(f"{path}: the cart's key is missing; {_ANOTHER}") from error
    except PermissionError as error:
        raise NotThisUsersError(
            f"{path}: the cart's key is another user's ({error.strerror}); be the cart's user, or give it to "
            "this one"
        ) from error
    except OSError as error:
        raise StorageError(
            f"{path}: the cart's key cannot be read ({error.strerror}); check the disk"
        ) from error
    if mode & _OTHERS:
        raise StorageError(
            f"{path}: others may read the cart's key ({mode:04o}); chmod {_MODE:04o} {path}, and where "
            "somebody may have read it make a new one: tosca-kiosk db new-key --reason TEXT"
        )
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise StorageError(f"{path}: this is no key; {_ANOTHER}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise StorageError(f"{path}: this is no Ed25519 key; {_ANOTHER}")
    return SigningKey(private)


def _next(path: Path) -> Path:
    return beside(path, _NEXT)
