"""What is left of a value when an export is pseudonymised: nothing that a person may have typed.

A text stays only where it is a word as this program writes them; of a JSON text numbers, truths and such
words stay, and only under keys that this program gives.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import stat
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.domain.interlocks import LAMPS
from tosca_kiosk.exports.columns import Batch, Kind, Pseudonymised, Table
from tosca_kiosk.machine.whole_file import write_whole
from tosca_kiosk.session import RefusedError

KEY_NAME: Final = "pseudonym_key"
"""In the data directory, mode 0600: the same person has the same pseudonym in every export made with it."""
_KEY_BYTES: Final = 32
_DIGITS: Final = 16
_DIGITS_OF_A_NUMBER: Final = 12
"""Of a pseudonym that is an integer: exact also where every number is a double."""
_MODE: Final = 0o600
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,39}", re.ASCII)
_CACHED_TEXTS: Final = 4096

GENDERS: Final = frozenset(("female", "male", "diverse", "other", "unknown", "f", "m", "d", "x"))
KNOWN_KEYS: Final = frozenset(
    {
        *LAMPS,
        *("version", "steps", "step_number", "duration_seconds", "power_start_watts", "power_end_watts"),
        *("ring_size_mm", "ramp_type", "safety_limits", "max_power_watts", "max_duration_seconds"),
        *("sample", "source", "protocol_step", "elapsed_s", "measured_energy_joules", "old_value"),
        *("new_value", "action", "trigger_source", "action_taken", "dose_joules", "unknown_for_s"),
        *("expected_power", "measured_power", "condition_bits", "error_codes", "lost", "role"),
    }
)
"""Of JSON: what may stand under them is a number, a truth or a word of the program."""


class Pseudonyms:
    """Turns what names somebody into a keyed pseudonym, and takes away what may tell who somebody is."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_site(cls, data_dir: Path) -> tuple[Pseudonyms, bool]:
        """Return those of the data directory, and whether their key had to be made.

        Raises RefusedError for a key that others may read, that is none, or that cannot be made.
        """
        path = data_dir / KEY_NAME
        try:
            made = _make(path)
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                content = file.read().decode("ascii").strip()
            key = bytes.fromhex(content)
        except OSError as error:
            raise RefusedError(
                f"{path}: the key of the pseudonyms cannot be read or made ({error.strerror}); check disk "
                "and rights"
            ) from error
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise RefusedError(f"{path}: this is no key of pseudonyms; put back the one that was made there")
        if mode & 0o077:
            raise RefusedError(
                f"{path}: others may read the key of the pseudonyms ({mode:04o}); chmod 0600 {path}"
            )
        return cls(key), made

    def of(self, what: str, identity: str) -> str:
        """Return the pseudonym of a patient, a technician or a protocol."""
        return f"{what}_{self._digest(what, identity)[:_DIGITS]}"

    def of_session(self, number: int) -> int:
        """Return the pseudonym of a session's number, which its report tells beside the patient's code."""
        return int(self._digest("session", str(number))[:_DIGITS_OF_A_NUMBER], 16)

    def _digest(self, what: str, identity: str) -> str:
        return hmac.new(self._key, f"{what}:{identity}".encode(), sha256).hexdigest()

    def reduced(self, table: Table, batch: Batch) -> Batch:
        """Return what is left of a batch: the columns of `tables.shown`, each as its own row says."""
        left: Batch = []
        for column, values in zip(table.columns, batch, strict=True):
            match column.pseudonymised:
                case Pseudonymised.KEPT:
                    left.append(values)
                case Pseudonymised.PSEUDONYM if column.kind is Kind.INTEGER:
                    left.append([None if value is None else self.of_session(value) for value in values])
                case Pseudonymised.PSEUDONYM:
                    what = column.name.removesuffix("_name")
                    left.append([None if value is None else self.of(what, str(value)) for value in values])
                case Pseudonymised.WORD:
                    kept = _gender if column.name == "patient_gender" else _word
                    left.append([None if value is None else kept(value) for value in values])
                case Pseudonymised.REDUCED:
                    left.append([None if value is None else reduced_json(value) for value in values])
                case Pseudonymised.LEFT_OUT:
                    pass
        return left


@lru_cache(_CACHED_TEXTS)
def reduced_json(text: str) -> str | None:
    """Return what is left of a JSON text; None where it is none."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(_reduced(tree), separators=(",", ":"))


def object_of(text: object) -> dict[str, Any]:
    """Return a JSON text's object; an empty one where it holds none."""
    try:
        tree = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _reduced(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _reduced(value) for key, value in tree.items() if key in KNOWN_KEYS}
    if isinstance(tree, list):
        return [_reduced(value) for value in tree]
    return _word(tree) if isinstance(tree, str) else tree


def _word(text: str) -> str | None:
    return text if _WORD.fullmatch(text) else None


def _gender(text: str) -> str | None:
    return text if text.lower() in GENDERS else None


def _make(path: Path) -> bool:
    """Make the key where there is none, whole or not at all; return whether it did. Raises OSError."""
    if path.exists():
        return False
    try:
        write_whole(path, f"{secrets.token_hex(_KEY_BYTES)}\n".encode("ascii"), _MODE)
    except FileExistsError:
        return False  # another export has made it meanwhile
    return True
