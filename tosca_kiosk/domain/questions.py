"""What control asks a helper process about the record, and what the helper answers: one JSON object a line.

A PIN stands in its question alone, which shows it to nobody: not in a repr, not in a refusal.
"""

from __future__ import annotations

import msgspec

from tosca_kiosk.domain.rules import Limits, Rules

HELPER_WITHIN_S = 2.0
"""A helper that has not answered then is ended, and counts as late."""


class RulesQuestion(msgspec.Struct, frozen=True, tag_field="ask", tag="rules"):
    """Asks which rules the record says of a session: a treatment's, or a calibration's of its own number."""

    id: int
    session: int | None
    calibration: int | None = None


class PinQuestion(msgspec.Struct, frozen=True, tag_field="ask", tag="pin"):
    """Asks whether this is the PIN of this account, and which role the account has."""

    id: int
    username: str
    pin: str

    def __repr__(self) -> str:
        return f"PinQuestion(id={self.id}, username={self.username!r}, pin not shown)"


class LimitsQuestion(msgspec.Struct, frozen=True, tag_field="ask", tag="limits"):
    """Asks which limits the record's settings give a cart without a session."""

    id: int


Question = RulesQuestion | PinQuestion | LimitsQuestion


class RulesAnswer(msgspec.Struct, frozen=True, tag_field="answer", tag="rules"):
    """The rules that the record says."""

    id: int
    rules: Rules


class LimitsAnswer(msgspec.Struct, frozen=True, tag_field="answer", tag="limits"):
    """The limits without a session, by the record's settings and the configuration."""

    id: int
    limits: Limits


class PinAnswer(msgspec.Struct, frozen=True, tag_field="answer", tag="pin"):
    """What a look at the PIN came to. role: the account's where the PIN fits, else None.

    wait_s: above 0 where the record locks the account for so long; the PIN was not looked at then.
    """

    id: int
    role: str | None
    wait_s: float = 0.0


class NoAnswer(msgspec.Struct, frozen=True, tag_field="answer", tag="none"):
    """Why there is no answer: one line that says what, where and what to do."""

    id: int
    problem: str


Answer = RulesAnswer | LimitsAnswer | PinAnswer | NoAnswer
