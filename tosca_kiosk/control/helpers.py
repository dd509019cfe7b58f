"""Control's questions about the record: asked in one tick, answered by a helper, heard in a later tick.

A process that waits beside control starts the helpers. One that is started out of a tick stalls it, since
the tick waits for a child of the normal class: 0.5 ms on an idle cart, up to 26 ms where both processors are
busy; the line that asks costs 0.04 ms. It is given by its command line and started before the ticks begin;
where it has ended it is started again at the next question, which is never asked while light may be on.
"""

from __future__ import annotations

import logging
import socket
import subprocess
from collections.abc import Sequence
from itertools import count
from typing import Final

import msgspec

from tosca_kiosk.domain.questions import (
    HELPER_WITHIN_S,
    Answer,
    LimitsQuestion,
    NoAnswer,
    PinQuestion,
    Question,
    RulesQuestion,
)
from tosca_kiosk.link.lines import LineSocket
from tosca_kiosk.link.numbered import Numbered

STARTS_WITHIN_S: Final = 20.0
"""The process has loaded all that it needs by then, on a machine that is busy with its own start."""
LATE: Final = f"no helper has answered: later than {HELPER_WITHIN_S:g} s; try again"
DEAD: Final = "the helper that reads the record has died; try again"
NO_HELPER: Final = "control was started without the helper that reads the record; restart the cart"

_encoder = msgspec.json.Encoder()
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
log = logging.getLogger("tosca_kiosk.control.helpers")


class Helpers:
    """The process that starts helpers. command: its command line, None where there is none.

    It is started by the first `ask`, or by `start` where that must not fall into a tick.
    """

    def __init__(self, command: Sequence[str] | None) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._line: LineSocket | None = None
        self._due_s: dict[int, float] = {}
        self._failed: list[NoAnswer] = []
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._numbers = count(1)

    @property
    def pid(self) -> int | None:
        """The waiting process's number; None before its start and after its end."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process. Raises OSError when that cannot be."""
        if self._command is None or self._line is not None:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
                )
            except OSError:
                ours.close()
                raise
        self._line = LineSocket(ours)

    def ask_rules(self, session: Numbered, now_s: float) -> int:
        """Ask which rules the record says of a session; return the number that the answer will carry."""
        question = RulesQuestion(
            id=next(self._numbers), session=session.session, calibration=session.calibration
        )
        return self._ask(question, now_s)

    def ask_limits(self, now_s: float) -> int:
        """Ask which limits hold without a session; return the number that the answer will carry.

        Nobody waits for it, so that a process which is still starting is not taken for late and ended.
        """
        return self._ask(LimitsQuestion(id=next(self._numbers)), now_s, STARTS_WITHIN_S)

    def ask_pin(self, username: str, pin: str, now_s: float) -> int:
        """Ask whose PIN this is; return the number that the answer will carry."""
        return self._ask(PinQuestion(id=next(self._numbers), username=username, pin=pin), now_s)

    def poll(self, now_s: float) -> list[Answer]:
        """Return the answers that have come, and why others will not. One for every question."""
        if self._leaving:
            self._leaving = [process for process in self._leaving if process.poll() is None]
        if not self._due_s and not self._failed:
            return []
        answers: list[Answer] = [*self._failed, *self._heard()]
        self._failed = []
        if self._line is not None and self._line.ended is not None:
            self._end()
            answers += self._given_up(DEAD)
        if any(not now_s < due_s for due_s in self._due_s.values()):
            self._end()
            answers += self._given_up(LATE)
        return answers

    def close(self) -> None:
        """End the process, and wait for its end."""
        self._end()
        for process in self._leaving:
            process.wait()

    def _ask(self, question: Question, now_s: float, within_s: float = HELPER_WITHIN_S) -> int:
        self._due_s[question.id] = now_s + within_s
        try:
            self.start()
        except OSError as error:
            log.error("the helper process cannot be started (%s)", error.strerror)
        if self._line is not None:
            self._line.send(_encoder.encode(question))
            return question.id
        del self._due_s[question.id]
        self._failed.append(NoAnswer(question.id, NO_HELPER if self._command is None else DEAD))
        return question.id

    def _heard(self) -> list[Answer]:
        if self._line is None:
            return []
        self._line.flush()
        heard = []
        for line in self._line.lines():
            try:
                answer = _answers.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self._line.close()  # nothing that it says can be relied on
                break
            if self._due_s.pop(answer.id, None) is not None:
                heard.append(answer)
        return heard

    def _given_up(self, why: str) -> list[NoAnswer]:
        given_up = [NoAnswer(number, why) for number in self._due_s]
        self._due_s.clear()
        return given_up

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._leaving.append(self._process)  # its end is not waited for in a tick
        self._line = self._process = None
