"""Heads of the chain, signed with the cart's key: up to the newest of them the record is proved.

What is signed is one line of text, which names the cart, the link and its hash, when and why, the highest
number that every numbered table ever gave out, and the key. A cart is named after the key of its first head.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import chain
from tosca_kiosk.storage.counters import of_record
from tosca_kiosk.storage.signing import SigningKey, is_signed
from tosca_kiosk.storage.timestamps import utc_text

Counters = dict[str, int]
FORM: Final = "tosca-kiosk-head 1"
_CART_LETTERS: Final = 12
_ALL: Final = (
    "SELECT head_id, link_id, hash, counters, reason, made_date, key_fingerprint, signature FROM heads"
)


class Signed(NamedTuple):
    """What a signature says. counters: the highest number of every table, and by `P-YYYY` of patients' codes.

    made: as the record writes times. fingerprint: of the key.
    """

    cart: str
    link_id: int
    digest: bytes
    made: str
    reason: str
    counters: Counters
    fingerprint: str

    @property
    def text(self) -> str:
        """The line that is signed."""
        numbers = json.dumps(self.counters, sort_keys=True, separators=(",", ":"))
        when = self.made.replace(" ", "T") + "Z"
        return (
            f"{FORM} {self.cart} {self.link_id} {self.digest.hex()} {when} {self.reason} {numbers} "
            f"{self.fingerprint}"
        )


class Head(NamedTuple):
    """A row of heads."""

    head_id: int
    signed: Signed
    signature: bytes

    @property
    def is_genuine(self) -> bool:
        """Whether the owner of its key has signed what it says."""
        return is_signed(self.signed.fingerprint, self.signed.text, self.signature)


def sign(connection: Connection, key: SigningKey, reason: str) -> Head:
    """Sign where the chain ends, inside the caller's transaction; what it wrote so far is linked first.

    reason: a word, such as 'session', 'backup', 'migration', 'restore', 'archive'. Where this key has signed
    that link already, for anything, that head is returned. It is dated by the machine's clock: the
    virtual one of a fast session may be hours ahead.
    """
    chain.link_own(connection)
    end, before = chain.head(connection), newest(connection)
    if (
        before is not None
        and before.signed[1:3] == tuple(end)
        and before.signed.fingerprint == key.fingerprint
    ):
        return before
    signed = Signed(
        cart=_cart(connection) or key.fingerprint[:_CART_LETTERS],
        link_id=end.link_id,
        digest=end.digest,
        made=utc_text(utc_now()),
        reason=reason,
        counters=_highest(of_record(connection), before),
        fingerprint=key.fingerprint,
    )
    signature = key.sign(signed.text)
    made = connection.exec_driver_sql(
        "INSERT INTO heads (link_id, hash, counters, reason, made_date, key_fingerprint, signature) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            signed.link_id,
            signed.digest,
            json.dumps(signed.counters),
            signed.reason,
            signed.made,
            signed.fingerprint,
            signature,
        ),
    )
    return Head(int(made.lastrowid), signed, signature)


def counters_said(text: str) -> Counters | None:
    """Return the counters that a text means, None where it means none."""
    try:
        numbers = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(numbers, dict) and all(type(number) is int for number in numbers.values())
    return numbers if whole else None


def newest(connection: Connection) -> Head | None:
    """Return the newest head that can be read, None where none is there."""
    for row in connection.exec_driver_sql(f"{_ALL} ORDER BY head_id DESC"):
        if (head := _head(row, _cart(connection) or "")) is not None:
            return head
    return None


def behind_row(connection: Connection, table: str, key: int) -> Head | None:
    """Return the first head that proves an audited row as its newest change left it, None where none does."""
    found = connection.exec_driver_sql(
        f"{_ALL} WHERE link_id >= (SELECT link_id FROM chain_links WHERE log = 'audit_log' "
        "AND last_row >= (SELECT max(audit_id) FROM audit_log WHERE table_name = ? AND row_key = ?) "
        "ORDER BY last_row LIMIT 1) ORDER BY head_id LIMIT 1",
        (table, str(key)),
    ).fetchone()
    return None if found is None else _head(found, _cart(connection) or "")


def each(connection: Connection) -> Iterator[tuple[int, Head | None]]:
    """Yield every head by its number, oldest first; None for one whose values are not a head's."""
    cart = _cart(connection) or ""
    for row in connection.exec_driver_sql(f"{_ALL} ORDER BY head_id"):
        yield row[0], _head(row, cart)


def _cart(connection: Connection) -> str | None:
    """Return the name of the record's cart, None where nothing is signed yet."""
    first = connection.exec_driver_sql(
        "SELECT key_fingerprint FROM heads ORDER BY head_id LIMIT 1"
    ).fetchone()
    return None if first is None else str(first[0])[:_CART_LETTERS]


def _highest(present: Counters, before: Head | None) -> Counters:
    """Return the counters with what an earlier head knew of: a code whose patient is gone was given out."""
    earlier = {} if before is None else before.signed.counters
    return {name: max(present.get(name, 0), earlier.get(name, 0)) for name in sorted({*present, *earlier})}


def _head(row: Any, cart: str) -> Head | None:
    head_id, link_id, digest, said, reason, made, fingerprint, signature = row
    whole = isinstance(link_id, int) and all(isinstance(held, bytes) for held in (digest, signature))
    if not whole or not all(isinstance(held, str) for held in (said, reason, made, fingerprint)):
        return None
    numbers = counters_said(said)
    if numbers is None:
        return None
    signed = Signed(
        cart=cart,
        link_id=link_id,
        digest=digest,
        made=made,
        reason=reason,
        counters=numbers,
        fingerprint=fingerprint,
    )
    return Head(head_id, signed, signature)
