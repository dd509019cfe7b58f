"""The Arroyo's line protocol without a port: text in, bytes out; bytes in, answers out.

Replies do not say what they answer, so one question is outstanding at a time and has one absolute deadline.
After an unanswered question, a refused answer or a line nobody asked for, answers and questions may be out of
step; the next question then waits until the line is quiet and is preceded by *IDN?, whose answer is like no
other: whatever comes before it is stale and dropped. Answers come in order, so an identity that may belong to
an *IDN? sent before a question that was given up proves nothing: the next one is awaited.
Source: Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K, message structure.
"""

from __future__ import annotations

from collections import deque
from math import inf

from hardware.conversation import TRIES

IDENTITY_QUESTION = "*IDN?"
_MAKER = "ARROYO"
_LONGEST_LINE = 512
"""An error queue with its texts is under 400 characters: more without a line end is babble."""
_ECHOES_KEPT = 8
_QUIET_S = 0.03
"""Answers take 5 to 30 ms: after so long without a byte hardly an old one is to come."""
_GAP_S = 0.06
"""Between two bytes of an answer: 16 ms of a USB adapter, 33 ms at 300 baud. More is a lost line end."""
_BROKEN_ANSWERS = 10
"""So many answers in a row that stop in the middle are a lost link."""


class QueryLine:
    """One outstanding question; commands may be sent at any time."""

    __slots__ = (
        "_answer_timeout_s",
        "_draining",
        "_heard_s",
        "_identities",
        "_incoming",
        "_old_identities",
        "_old_until_s",
        "_outgoing",
        "_patience_s",
        "_question",
        "_recent",
        "_synchronised",
        "_waiting",
        "asked_s",
        "broken_in_row",
        "busy",
        "deadline_s",
        "refused",
        "silent_s",
        "unanswered",
    )

    def __init__(self, answer_timeout_s: float) -> None:
        self._answer_timeout_s = answer_timeout_s
        self.unanswered = 0
        """Questions given up since the line was made."""
        self.refused = 0
        """Answers that could not be read, since the line was made."""
        self._recent: deque[str] = deque(maxlen=_ECHOES_KEPT)
        self.reset()

    def reset(self) -> None:
        """Forget everything in flight: the port was opened anew."""
        self._incoming = b""
        self._outgoing = b""
        self._recent.clear()
        self._synchronised = True
        self._heard_s = -inf
        self._draining = False
        """The outstanding question waits for the line to be quiet before it is sent."""
        self._identities = 0
        """Asked for and not come, since the newest other question."""
        self._old_identities = 0
        """Asked for before it, and perhaps still to come until `_old_until_s`."""
        self._old_until_s = -inf
        self._question = ""
        self._patience_s = self._answer_timeout_s
        self._waiting: str | None = None
        self.busy = False
        self.asked_s = -inf
        """When the question that is outstanding or was answered last was handed over."""
        self.deadline_s = inf
        """When `expire` has something to do; inf when no question is outstanding."""
        self.silent_s = 0.0
        """How long questions have been waited for in vain since the last answer."""
        self.broken_in_row = 0
        """Answers in a row that began and did not end."""

    def book(self) -> None:
        """Be the next to ask; there is nobody else."""

    def take_turn(self) -> bool:
        """Tell whether the line has become free of somebody else's question."""
        return False

    other_works = False
    """Whether somebody else's readings age while this line is waited for."""

    def begin_work(self) -> None:
        """From now on readings of this driver's are awaited; there is nobody else to know."""

    def abandon(self) -> None:
        """Give the outstanding question up before its time: its answer may still come."""
        self.busy = self._draining = False
        self.deadline_s = inf
        self._waiting = None
        self._synchronised = False

    def send(self, command: str) -> None:
        """Send a command that is not answered; "" is a bare line end."""
        if command:
            self._recent.append(command.upper())
        self._outgoing += command.encode("ascii") + b"\r"

    def ask(self, question: str, now_s: float, patience_s: float = inf) -> None:
        """Send a question, or commands joined with a question. Not allowed while `busy`.

        It is given up when no answer has begun after patience_s, and after the answer time-out anyway.
        """
        assert not self.busy, f"{question} asked while {self._question} is outstanding"
        self._patience_s = min(patience_s, self._answer_timeout_s)
        if self._incoming:
            self._incoming = b""
            self._synchronised = False
        if self._synchronised:
            self._put(question, now_s)
            return
        self._waiting = None if question == IDENTITY_QUESTION else question
        if now_s >= self._heard_s + _QUIET_S:
            self._put(IDENTITY_QUESTION, now_s)
            return
        self.busy = self._draining = True
        self.asked_s = now_s
        self.deadline_s = self._heard_s + _QUIET_S

    def receive(self, data: bytes, now_s: float) -> str | None:
        """Take in bytes and return the answer to the question, if they complete it."""
        self._heard_s = now_s
        if self._draining:
            self.deadline_s = min(self.asked_s + self._answer_timeout_s, now_s + _QUIET_S)
            return None
        self._incoming += data
        if b"\r" not in data and b"\n" not in data:
            if len(self._incoming) > _LONGEST_LINE:
                self._incoming = b""
                self._synchronised = False
            elif self.busy:
                self._expect_end(now_s)
            return None
        *lines, self._incoming = self._incoming.replace(b"\r", b"\n").split(b"\n")
        answer = self._take(lines, now_s)
        if self._incoming and self.busy:
            self._expect_end(now_s)
        return answer

    def expire(self, now_s: float) -> bool:
        """Do what is due at the deadline; return whether the question was given up."""
        if now_s < self.deadline_s:
            return False
        if self._draining:
            self._draining = False
            self._put(IDENTITY_QUESTION, now_s)
            return False
        self.abandon()
        if self._heard_s > self.asked_s and now_s < self.asked_s + self._answer_timeout_s:
            self.refused += 1
            self.broken_in_row += 1
        else:
            self.unanswered += 1
            self.silent_s += now_s - self.asked_s
        return True

    @property
    def is_dead(self) -> bool:
        """Whether nobody is there: three time-outs of waiting in vain, or answers that all break off."""
        in_vain = self.silent_s >= TRIES * self._answer_timeout_s - 1e-6
        return in_vain or self.broken_in_row >= _BROKEN_ANSWERS

    @property
    def asked_identity(self) -> bool:
        """Whether the newest question on the wire was *IDN?, asked for or to realign the line."""
        return self._question == IDENTITY_QUESTION

    def refuse_answer(self) -> None:
        """Report that the last answer makes no sense: it may belong to another question."""
        self.refused += 1
        self._synchronised = False

    def take_output(self) -> bytes:
        """Return the bytes to be written, in order, once."""
        data, self._outgoing = self._outgoing, b""
        return data

    def _take(self, lines: list[bytes], now_s: float) -> str | None:
        """Return the answer if one of the lines is it."""
        answer: str | None = None
        listening = True
        for raw in lines:
            text = raw.decode("ascii", "replace").strip()
            if text and not text[0].isdigit():
                text = self._without_echo(text)
            if not text:
                continue
            if not (listening and self.busy):
                # A late answer, or one answer too many: the next may be one too.
                self._synchronised = False
                continue
            if self._is_old_identity(text, now_s):
                if self.asked_identity:
                    self._put(IDENTITY_QUESTION, now_s)  # was this the newest, no other comes by itself
                continue
            found = self._match(text)
            if found is None:
                # Stale, or the awaited identity damaged: whichever, the whole one is not far.
                self._expect_more(now_s)
            else:
                answer = self._answered(found, now_s)
                listening = False  # what follows in these bytes came before anything new was asked
        return answer

    def _put(self, question: str, now_s: float) -> None:
        self._recent.append(question.upper())
        self._outgoing += question.encode("ascii") + b"\r"
        if question == IDENTITY_QUESTION:
            self._identities += 1
        else:
            self._old_identities, self._identities = self._identities, 0
            self._old_until_s = self.asked_s + self._answer_timeout_s
        self._question = question
        self.busy = True
        self.asked_s = now_s
        self.deadline_s = now_s + self._patience_s

    def _is_old_identity(self, text: str, now_s: float) -> bool:
        """Whether this may answer an *IDN? sent before a question that was given up; such are counted off."""
        if not self._old_identities or now_s >= self._old_until_s or _MAKER not in text.upper():
            return False
        self._old_identities -= 1
        return True

    def _match(self, text: str) -> str | None:
        if self.asked_identity:
            at = text.upper().find(_MAKER)
            if at >= 0:
                return text[at:]
        elif text[: len(_MAKER)].upper() != _MAKER:
            return text
        return None

    def _expect_end(self, now_s: float) -> None:
        """An answer has begun: its end need not be awaited as long as its beginning.

        An echo is no answer yet, of the question or of what was sent before it.
        """
        if self._incoming[:1].isdigit() or not self._is_echo(self._incoming):
            self._expect_more(now_s)

    def _is_echo(self, data: bytes) -> bool:
        """Whether this is what was sent, and perhaps the beginning of something more that was sent."""
        rest = self._without_echo(data.decode("ascii", "replace")).upper()
        return any(sent.startswith(rest) for sent in self._recent)

    def _expect_more(self, now_s: float) -> None:
        self.deadline_s = min(self.asked_s + self._answer_timeout_s, now_s + _GAP_S)

    def _answered(self, text: str, now_s: float) -> str | None:
        self.busy = False
        self.deadline_s = inf
        self.silent_s = 0.0
        self.broken_in_row = 0
        if self.asked_identity:
            self._synchronised = True
            self._identities -= 1
        self._old_identities = 0
        if self._waiting is None:
            return text
        question, self._waiting = self._waiting, None
        self._put(question, now_s)
        return None

    def _without_echo(self, text: str) -> str:
        """Take off what we sent ourselves: with TERMINAL 1 it comes back, glued to the reply."""
        longest_first = sorted(self._recent, key=len, reverse=True)
        while echo := next((sent for sent in longest_first if text.upper().startswith(sent)), None):
            text = text[len(echo) :].lstrip()
        return text
