"""`db anchor`, `db new-key`, and what `db check` says of signatures, anchors and decisions."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.pins import admin_option, signed_by_admin, tell_unsigned
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import (
    CheckReport,
    Database,
    StorageError,
    anchors,
    cart_key,
    chain,
    deep_check,
    heads,
)
from tosca_kiosk.storage.anchor_check import AnchorReport, judge
from tosca_kiosk.storage.signing import shown
from tosca_kiosk.storage.telling import Tell

_QR_BORDER: Final = 2
_QR_KINDS: Final = (".svg", ".png")


@dataclass(frozen=True, slots=True)
class Trust:
    """What is proved from outside the rows. problems: in words. anchored: None where no anchor was given.

    newest_link: the number of the newest one, which is not their count: a restore goes on past a gap.
    """

    problems: tuple[str, ...]
    anchored: AnchorReport | None
    newest_link: int

    @property
    def restores(self) -> list[str]:
        return [] if self.anchored is None else self.anchored.restores


def proved(
    workplace: Workplace, database: Database, report: CheckReport, anchor_file: Path | None, tell: Tell | None
) -> Trust:
    """Judge a record by its signatures, by a file of anchors, and by its journals decided again.

    tell: hears how far that is; None: journals are not decided again. Raises StorageError for a file that
    holds no anchor.
    """
    lines = None if anchor_file is None else anchors.read(anchor_file)
    with database.reading() as reader:
        unsigned = report.heads.heads == 0 and cart_key.held_unsigned(reader.connection)
        anchored = None if lines is None else judge(reader.connection, report.heads, lines, utc_now())
        newest_link = chain.head(reader.connection).link_id
    problems = ["heads: none is there, though the record holds sessions"] if unsigned else []
    problems += () if anchored is None else anchored.problems
    if tell is not None:
        problems += deep_check.differences(
            database, workplace.data_dir, lambda done: tell("deciding journals again", done)
        )
    return Trust(tuple(problems), anchored, newest_link)


def how_far(report: CheckReport, trust: Trust) -> str:
    """Return how far the record is proved, for a person."""
    links = f"signed up to link {report.heads.signed_up_to} of {trust.newest_link}"
    if report.heads.unread is not None:
        links += f", by whom was not looked at: {report.heads.unread}"
    if trust.anchored is None:
        return links
    return f"{links}; anchored up to link {trust.anchored.proved_up_to} by {trust.anchored.lines} lines"


def as_result(report: CheckReport, trust: Trust) -> dict[str, Any]:
    """Return the same for a program."""
    anchored = trust.anchored
    return {
        "signed": {
            "heads": report.heads.heads,
            "up_to_link": report.heads.signed_up_to,
            "unread": report.heads.unread,
        },
        "anchors": None
        if anchored is None
        else {"lines": anchored.lines, "up_to_link": anchored.proved_up_to, "restores": anchored.restores},
    }


@click.command()
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="The file that the anchor is appended to."
)
@click.option(
    "--qr", type=click.Path(dir_okay=False, path_type=Path), help="An SVG or PNG file for its QR code."
)
@workplace_command
def anchor(workplace: Workplace, to: Path | None, qr: Path | None) -> None:
    """Sign the record as it is now, and print the anchor: a line that proves later that it went on from here.

    Keep it where nobody gets at it who gets at the record: on a stick, on paper, on another computer. On a
    terminal its QR code is shown. While the kiosk runs it is the anchor of the newest signature.

    \b
    Examples:
      tosca-kiosk db anchor
      tosca-kiosk db anchor --to /media/stick/anchors --qr anchor.svg
    """
    if qr is not None and qr.suffix.lower() not in _QR_KINDS:
        raise RefusedError(f"{qr}: the QR code is an SVG or a PNG; name a file that ends in .svg or .png")
    workplace.standing()
    head = _signed_now(workplace)
    line = anchors.line_of(head)
    if (untold := anchors.tell_system_journal(line)) is not None:
        say(untold)
    if to is not None:
        anchors.append(to, line, create=True)
    if qr is not None:
        _save(qr, line)
    signed = head.signed
    result = {
        "anchor": line,
        "link_id": signed.link_id,
        "cart": signed.cart,
        "made": signed.made,
        "to": to and str(to),
        "qr": qr and str(qr),
    }
    workplace.answer(result, line)
    if not workplace.as_json and sys.stdout.isatty():
        _show(line)


@click.command("new-key")
@admin_option
@click.option("--reason", required=True, metavar="TEXT", help="Why the cart's key is changed.")
@workplace_command
def new_key(workplace: Workplace, admin: str | None, reason: str) -> None:
    """Make a new key for the cart. The present one hands over; where it is lost, `db check` tells so.

    \b
    Examples:
      tosca-kiosk db new-key --admin admin --reason 'The disk was in other hands'
    """
    path = workplace.standing()
    with workplace.locked():
        signed = signed_by_admin(path, admin=admin)
        with Database.open(path, create=False) as database:
            key = cart_key.renew(database, workplace.data_dir, operator_id=signed.tech_id, reason=reason)
            workplace.sealing.take_out(database)
    tell_unsigned(signed)
    workplace.answer({"key": key.fingerprint}, f"The cart signs with a new key, {shown(key.fingerprint)}.")


def _signed_now(workplace: Workplace) -> heads.Head:
    """Return the head that signs the record as it is now, or the newest where another program writes it."""
    with workplace.reading() as database, database.reading() as reader:
        newest, end = heads.newest(reader.connection), chain.head(reader.connection)
    if newest is None or newest.signed.link_id != end.link_id:
        try:
            return _signed_here(workplace)
        except StorageError as error:
            if newest is None:
                raise
            say(f"Warning: not signed now, the anchor is that of {newest.signed.made} UTC: {error}")
    return newest


def _signed_here(workplace: Workplace) -> heads.Head:
    with workplace.locked(timeout_s=0.0), Database.open(workplace.database_path, create=False) as database:
        key = cart_key.of_record(database, workplace.data_dir)
        with database.transaction() as transaction:
            return heads.sign(transaction.connection, key, "anchor")


def _save(path: Path, line: str) -> None:
    try:
        anchors.qr(line).save(str(path), border=_QR_BORDER, scale=4)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: the QR code was not written ({error.strerror}); check the place and its rights"
        ) from error


def _show(line: str) -> None:
    """Print the QR code to a terminal that is wide enough and has the characters."""
    code = anchors.qr(line)
    needed = code.symbol_size(border=_QR_BORDER)[0]
    columns = shutil.get_terminal_size().columns
    if columns < needed:
        say(f"The QR code needs {needed} columns, this terminal has {columns}: --qr FILE.svg saves it.")
        return
    code.terminal(out=sys.stdout, border=_QR_BORDER, compact=True)
