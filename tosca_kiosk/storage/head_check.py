"""What the signed heads prove: that the chain, up to the newest of them, is the one that the cart signed.

Who changes rows and chains them anew is found here, as long as he has not the key. What stands after the
newest head no signature proves, nor that no later one was cut off: that an anchor does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from tosca_kiosk.storage import audited, cart_key, counters, edits, heads, signing
from tosca_kiosk.storage.chain import last_number
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.heads import Head
from tosca_kiosk.storage.signing import NotThisUsersError

_CHANGES = (
    "SELECT started_date, tech_id, reason, details FROM operations WHERE name = ? ORDER BY operation_id"
)


@dataclass(slots=True)
class HeadProof:
    """What was found. heads: how many there are; signed_up_to: the newest link that is proved, 0 for none.

    keys: of heads that hold, and the cart's. damage: of each kind the first, in words. changes: of the key,
    without a word of the key before, until a supervisor acknowledges them. unread: why the cart's key could
    not be looked at, None where it could.
    """

    heads: int = 0
    signed_up_to: int = 0
    keys: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    unread: str | None = None

    @property
    def damage(self) -> tuple[str, ...]:
        return tuple(f"heads: {what}" for what in self.broken.values())

    def says(self, kind: str, what: str) -> None:
        """Note what is wrong, of each kind the first."""
        self.broken.setdefault(kind, what)


def prove(connection: Connection, directory: Path, found: HeadProof) -> None:
    """Compare every head with its signature, its link and its key, and the newest with the cart's key.

    directory: the data directory, in which the key lies. found: is told what that comes to.
    """
    known, present = edits.acknowledged(connection), counters.of_record(connection)
    before: Head | None = None
    expected = 1
    for number, head in heads.each(connection):
        found.heads += 1
        # A restore goes on from the numbers of the file that it replaces.
        if number != expected and not (head is not None and head.signed.reason == "restore"):
            found.says("missing", f"head {expected} is missing")
        expected = number + 1
        if head is None or not head.is_genuine:
            found.says("forged", f"head {number} is not what was signed")
            continue
        if (why := _of_the_chain(connection, head)) is not None:
            found.says("chain", f"head {number}: {why}")
            continue
        for table, counted in head.signed.counters.items():
            if table in present and present[table] < counted and not table.startswith("P-"):
                found.says(
                    "counter", f"the counter of {table} was set back from {counted} to {present[table]}"
                )
        if before is not None and not _hands_over(connection, before, head) and head.signed.link_id > known:
            found.changes.append(_told(connection, head))
        before = head
        found.signed_up_to = head.signed.link_id
        if head.signed.fingerprint not in found.keys:
            found.keys.append(head.signed.fingerprint)
    if (counted := last_number(connection, "heads")) >= expected:
        found.says("missing", f"heads {expected} to {counted} are missing")
    _compare_with_key(connection, directory, found)


def open_changes(connection: Connection, directory: Path) -> tuple[str, ...]:
    """Return the changes of the key that nobody handed over and no supervisor knows, in words."""
    found = HeadProof()
    prove(connection, directory, found)
    return tuple(found.changes)


def _of_the_chain(connection: Connection, head: Head) -> str | None:
    signed = head.signed
    row = connection.exec_driver_sql(
        "SELECT hash FROM chain_links WHERE link_id = ?", (signed.link_id,)
    ).fetchone()
    if row is None:
        return f"link {signed.link_id}, which it signs, is missing: the record was cut"
    if row[0] != signed.digest:
        return f"link {signed.link_id} is not the one that was signed: rows were changed and chained anew"
    return None


def _hands_over(connection: Connection, before: Head, head: Head) -> bool:
    """Say whether two heads that follow each other have the same key, or the first one's names the second."""
    one, other = before.signed, head.signed
    if one.fingerprint == other.fingerprint:
        return True
    if one.reason != cart_key.NEW_KEY or one[1:3] != other[1:3]:
        return False
    return any(
        (said.get("from"), said.get("to")) == (one.fingerprint, other.fingerprint)
        for _, _, _, said in _changes(connection)
    )


def _told(connection: Connection, head: Head) -> str:
    """Say that a key signs from a head on that nobody handed over to."""
    key = head.signed.fingerprint
    text = f"from head {head.head_id} on another key signs ({signing.shown(key)})"
    for when, tech_id, reason, said in _changes(connection):
        if said.get("to") == key:
            return (
                f"{text}: new-key of {when} by tech_id {tech_id} ({reason}), and the key before did not hand "
                f"over: {said.get('lost')}"
            )
    return f"{text}, and no operation says why"


def _changes(connection: Connection) -> Iterator[tuple[str, int | None, str, audited.Values]]:
    for when, tech_id, reason, details in connection.exec_driver_sql(
        _CHANGES, (cart_key.NEW_KEY,)
    ).fetchall():
        yield when, tech_id, reason, audited.decoded(details) or {}


def _compare_with_key(connection: Connection, directory: Path, found: HeadProof) -> None:
    newest = heads.newest(connection)
    if newest is None:
        if any(True for _ in _changes(connection)):
            found.says("none", "none is there, though this record was signed")
        if not signing.exists(directory):
            return
    try:
        signing.load(directory, None if newest is None else newest.signed.fingerprint)
    except NotThisUsersError as error:
        found.unread = str(error)
    except StorageError as error:
        found.says("key", str(error))
    with suppress(StorageError):  # the cart's, also where another one has signed
        key = signing.load(directory, None)
        if key.fingerprint not in found.keys:
            found.keys.append(key.fingerprint)
