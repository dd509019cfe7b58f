"""Commands, replies and notices on the command socket: one JSON object a line.

A command carries its number and its session; it is answered once, accepted or refused with the reason. A
treatment's session has its number in `session`, a calibration's in `calibration`: the two are counted apart,
and a message for the one never reaches the other of the same number.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import Header, Summary

MAX_LINE_BYTES = 1 << 20

HIGHEST_NUMBER: Final = 2**63 - 1
"""Of a request or a session: what telemetry and the record can hold."""
LONGEST_REASON: Final = 500
"""Of a doubt: it goes into every refusal of a session."""
Number = Annotated[int, msgspec.Meta(ge=-HIGHEST_NUMBER, le=HIGHEST_NUMBER)]


class Alive(msgspec.Struct, frozen=True, tag_field="type", tag="alive"):
    """The heartbeat: sent only after input was handled and a frame was drawn."""


class Order(msgspec.Struct, frozen=True, tag_field="type", tag="order"):
    """An operator's command. session, calibration: the session it is meant for, both None for none.

    value, user: of an override alone: the new power in W or ring size in mm, and who is logged in.
    """

    id: Number
    session: Number | None
    command: CommandType
    reason: str | None = None
    value: float | None = None
    user: str | None = None
    calibration: Number | None = None


class SignedOrder(msgspec.Struct, frozen=True, tag_field="type", tag="signed"):
    """A command that needs somebody's role: of which account the PIN is, control has a helper find out.

    Nothing shows the PIN: this message alone carries it, and its text leaves it out. Answered by PinTried
    where the PIN was judged, and by a Reply as every command.
    """

    id: Number
    session: Number | None
    command: CommandType
    username: str
    pin: str
    reason: str | None = None
    calibration: Number | None = None

    def __repr__(self) -> str:
        return (
            f"SignedOrder(id={self.id}, command={self.command}, username={self.username!r}, pin=<not shown>)"
        )


class OpenSession(msgspec.Struct, frozen=True, tag_field="type", tag="open"):
    """Open a session whose row and folder exist; the journal is made in the folder.

    Control fills in header.devices. Where it began the journal and then refused, the journal is finished, and
    synced before the Reply.
    """

    id: Number
    folder: str
    header: Header


class EndSession(msgspec.Struct, frozen=True, tag_field="type", tag="end"):
    """Finish the journal of a session that was closed by its order; answered by SessionEnded.

    A Reply that refuses comes instead where there is no such session, or it is not closed yet.
    """

    id: Number
    session: Number | None
    calibration: Number | None = None


class DoubtSelfTest(msgspec.Struct, frozen=True, tag_field="type", tag="doubt"):
    """The self-test that passed is to count no more: the check of the cart, which went on, has failed.

    It takes what may be done away, and gives nothing; another test counts by itself. Answered by a Reply.
    """

    id: Number
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


Request = Alive | Order | SignedOrder | OpenSession | EndSession | DoubtSelfTest


class Reply(msgspec.Struct, frozen=True, tag_field="type", tag="reply"):
    """The answer to a request; refused says why, None when it was taken."""

    id: Number
    refused: str | None


class PinTried(msgspec.Struct, frozen=True, tag_field="type", tag="pin_tried"):
    """What came of the PIN of a SignedOrder, for the kiosk to record; the Reply to the order follows.

    looked_at: False during the wait after wrong ones. wait_s: before another PIN of this account is.
    """

    id: Number
    username: str
    looked_at: bool
    right: bool
    wait_s: float


class SessionEnded(msgspec.Struct, frozen=True, tag_field="type", tag="ended"):
    """The journal is finished and closed; it can be imported, from memory where the disk does not have it.

    missing: why its end is not in it, None where all is; summary tells how the session ended in any case.
    """

    id: Number
    session: Number | None
    summary: Summary
    missing: str | None = None
    calibration: Number | None = None


class SafetyNotice(msgspec.Struct, frozen=True, tag_field="type", tag="safety"):
    """Safety events for the kiosk to record, for no journal holds them: outside a session, or it is lost."""

    utc: str
    events: tuple[SafetyEvent, ...]


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """The first line from control: how to reach the telemetry ring, and what is being controlled.

    session, calibration: the one that control has, also after its kiosk was lost. details: scheduling (fifo,
    nice or normal), memory_locked, delayed (what may delay a control that should run in real time, None where
    nothing does), world_input (a path, None where nothing is simulated) and devices (by device key, what a
    journal's header says of each).
    """

    ring: str
    rate_hz: int
    simulated: bool
    session: Number | None
    details: dict[str, Any] = {}
    calibration: Number | None = None


Notice = Reply | PinTried | SessionEnded | SafetyNotice | Hello
