"""Whether the present record goes on from its anchors; where it does not, what became of it.

An anchor proves that the record had a link of that hash then. A record that has it still has gone on from
there. One that has not was cut, replaced or written anew, unless it says itself, in a row of `operations`
that is signed, that it was restored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import audited, signing
from tosca_kiosk.storage.anchors import Anchor, BadAnchorError, parsed
from tosca_kiosk.storage.clock_evidence import SLACK
from tosca_kiosk.storage.head_check import HeadProof
from tosca_kiosk.storage.timestamps import from_utc_text

RESTORE = "restore"
"""The operation. In its details `replaced` and `backup_head` name the heads of both files, by `link_id` and
`hash`, and `fell_away` what of the replaced one is in neither, by kind."""
_RESTORES = (
    "SELECT o.started_date, o.tech_id, o.reason, o.details, min(k.link_id) FROM operations o "
    "JOIN audit_log l ON l.table_name = 'operations' AND l.row_key = CAST(o.operation_id AS TEXT) "
    "JOIN chain_links k ON k.log = 'audit_log' AND k.first_row = l.audit_id "
    "WHERE o.name = ? AND k.late = 0 GROUP BY o.operation_id ORDER BY o.operation_id"
)


@dataclass(slots=True)
class AnchorReport:
    """What the anchors say. lines: how many there are; proved_up_to: the newest link that one of them proves.

    restores: what a restore took away of an anchored record. problems: of each kind the first, in words, with
    how many more.
    """

    lines: int = 0
    proved_up_to: int = 0
    restores: list[str] = field(default_factory=list)
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(
            first if not more else f"{first} (and {len(more)} more lines)"
            for first, *more in self.found.values()
        )

    def says(self, kind: str, number: int, what: str) -> None:
        """Note what is wrong with a line."""
        self.found.setdefault(kind, []).append(f"anchor line {number}: {what}")


class _Restore(NamedTuple):
    """A restore that the record tells of. link_id: of its row; before: the last one of the restored file.

    replaced_link, replaced_hash: the head of the file that was replaced; said: all of it, in words.
    """

    link_id: int
    before: int
    replaced_link: int
    replaced_hash: str
    said: str


def judge(connection: Connection, proof: HeadProof, lines: Iterable[str], now: datetime) -> AnchorReport:
    """Judge every line of a file of anchors by the record. proof: what its heads prove."""
    report = AnchorReport()
    restores = [found for found in _restores(connection) if found.link_id <= proof.signed_up_to]
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        report.lines += 1
        try:
            anchor = parsed(line)
        except BadAnchorError as error:
            report.says("line", number, str(error))
            continue
        _judge(connection, proof, restores, report, number, anchor, now)
    return report


def _judge(
    connection: Connection,
    proof: HeadProof,
    restores: list[_Restore],
    report: AnchorReport,
    number: int,
    anchor: Anchor,
    now: datetime,
) -> None:
    signed = anchor.signed
    if signed.fingerprint not in proof.keys:
        report.says(
            "another",
            number,
            f"is another cart's ({signed.cart}, key {signing.shown(signed.fingerprint)}): no signature of "
            "this record is by that key",
        )
        return
    if from_utc_text(signed.made) > now + SLACK:
        report.says(
            "future",
            number,
            f"is from the future ({signed.made} UTC): the clock was wrong then, or it is now",
        )
    if _hash_of(connection, signed.link_id) == signed.digest:
        report.proved_up_to = max(report.proved_up_to, signed.link_id)
        return
    restore = next((found for found in restores if _took_away(found, anchor)), None)
    if restore is not None:
        if restore.said not in report.restores:
            report.restores.append(restore.said)
        return
    kind, what = _what_became(connection, proof, anchor)
    report.says(kind, number, f"link {signed.link_id} of {signed.made} UTC: {what}")


def _what_became(connection: Connection, proof: HeadProof, anchor: Anchor) -> tuple[str, str]:
    end = connection.exec_driver_sql("SELECT coalesce(max(link_id), 0) FROM chain_links").scalar_one()
    if anchor.signed.link_id > end:
        return "cut", (
            f"the record ends at link {end}, before it: its end was cut off, or an older file was put back"
        )
    if _hash_of(connection, anchor.signed.link_id) is None:
        return "gap", "is not in the record, which goes on after it: links were taken out"
    if proof.signed_up_to >= anchor.signed.link_id:
        return "history", (
            "the record tells another history there, signed by the cart: an older file was put back and went "
            "on, or somebody has the key"
        )
    return "chained", "the record tells another history there, which is not signed: it was chained anew"


def _took_away(restore: _Restore, anchor: Anchor) -> bool:
    """Say whether an anchor is of what a restore replaced."""
    signed = anchor.signed
    if signed.link_id == restore.replaced_link:
        return signed.digest.hex() == restore.replaced_hash
    return restore.before < signed.link_id < restore.replaced_link


def _restores(connection: Connection) -> Iterable[_Restore]:
    for when, tech_id, reason, details, link_id in connection.exec_driver_sql(
        _RESTORES, (RESTORE,)
    ).fetchall():
        said = audited.decoded(details) or {}
        replaced, backup = (_head(said.get(name)) for name in ("replaced", "backup_head"))
        if replaced is not None:
            gone = ", ".join(_fell_away(said.get("fell_away"))) or "nothing that is numbered"
            before = 0 if backup is None else backup[0]
            text = (
                f"restore of {when} UTC by tech_id {tech_id} ({reason}): from link {replaced[0]} back to "
                f"link {before}; fell away: {gone}"
            )
            yield _Restore(
                link_id=link_id,
                before=before,
                replaced_link=replaced[0],
                replaced_hash=replaced[1],
                said=text,
            )


def _head(said: Any) -> tuple[int, str] | None:
    if not isinstance(said, dict) or not isinstance(said.get("link_id"), int):
        return None
    return said["link_id"], str(said.get("hash"))


def _fell_away(said: Any) -> Iterable[str]:
    """Yield what a restore says that fell away: of each kind the numbers or codes."""
    for kind, numbers in said.items() if isinstance(said, dict) else ():
        if numbers:
            yield f"{kind} {', '.join(map(str, numbers))}"


def _hash_of(connection: Connection, link_id: int) -> object:
    row = connection.exec_driver_sql("SELECT hash FROM chain_links WHERE link_id = ?", (link_id,)).fetchone()
    return None if row is None else row[0]
