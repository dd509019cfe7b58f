"""Answers about the record for a process that must not wait for it: read-only, each by a helper of its own.

    python -m tosca_kiosk.session.helper --config FILE --data-dir DIR [--session N]

With --session it prints the rules that the record says of that session, as JSON, and ends; exit code 1 and
one line on standard error say why it cannot. Without, it serves the process at the other end of its standard
input, a socket: everything that it needs is in memory then, so that a question costs a fork of this small
process and the reading, and the asker no more than a line. It ends with that process.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from tosca_kiosk.config import CartConfig, idle_rules, load_config
from tosca_kiosk.domain.questions import (
    HELPER_WITHIN_S,
    Answer,
    LimitsAnswer,
    LimitsQuestion,
    NoAnswer,
    PinAnswer,
    PinQuestion,
    Question,
    RulesAnswer,
)
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.machine.clock import since_boot
from tosca_kiosk.machine.rights import keep_others_out
from tosca_kiosk.machine.stop_signals import END_SIGNALS
from tosca_kiosk.session.calibration_rules import recorded_calibration_rules
from tosca_kiosk.session.errors import REFUSALS, RefusedError
from tosca_kiosk.session.recorded_rules import recorded_rules
from tosca_kiosk.storage import DATABASE_NAME, Database, StorageError, schema, settings, users
from tosca_kiosk.storage.write_lock import write_lock_holder

ANSWERS_WITHIN_S: Final = HELPER_WITHIN_S - 0.2
"""So that its own word for being late is there before the asker gives it up."""
LOCK_WAIT_S: Final = 1.0
"""A writer that is done by then was only at work; one that is not keeps the record from everybody."""
_LOOK_EVERY_S: Final = 0.02
_REFUSALS: Final = (*REFUSALS, OSError)
_READ_BYTES: Final = 1 << 16

_questions: msgspec.json.Decoder[Question] = msgspec.json.Decoder(Question)
_encoder = msgspec.json.Encoder()


class Helper:
    """Looks things up in the record of a data directory, from one read snapshot each."""

    def __init__(self, config: CartConfig, data_dir: Path) -> None:
        self._config = config
        self._path = data_dir / DATABASE_NAME

    def rules(self, session_id: int) -> Rules:
        """Return the rules that the record says of a session. Raises one of _REFUSALS."""
        self._wait_for_writers()
        with Database.read_only(self._path) as database, database.reading() as snapshot:
            return recorded_rules(snapshot, self._config, session_id)

    def _calibration_rules(self, number: int) -> Rules:
        self._wait_for_writers()
        with Database.read_only(self._path) as database, database.reading() as snapshot:
            return recorded_calibration_rules(snapshot, self._config, number)

    def answer(self, question: Question) -> Answer:
        """Answer a question. Raises one of _REFUSALS."""
        if isinstance(question, PinQuestion):
            return self._pin(question)
        if isinstance(question, LimitsQuestion):
            return LimitsAnswer(question.id, self._idle_limits())
        if question.calibration is not None:
            return RulesAnswer(question.id, self._calibration_rules(question.calibration))
        if question.session is None:
            raise RefusedError("no session is named whose rules are asked for")
        return RulesAnswer(question.id, self.rules(question.session))

    def _idle_limits(self) -> Limits:
        """Return the limits without a session, whoever writes meanwhile: what is committed holds."""
        with Database.read_only(self._path) as database, database.reading() as snapshot:
            return idle_rules(self._config, settings.values(snapshot)).limits

    def _pin(self, question: PinQuestion) -> PinAnswer:
        with Database.read_only(self._path) as database, database.reading() as snapshot:
            looked = users.look_at_pin(snapshot, question.username, question.pin, since_boot())
        if looked.wait_s > 0.0:
            return PinAnswer(question.id, None, looked.wait_s)
        return PinAnswer(question.id, None if looked.user is None else str(looked.user.role))

    def _wait_for_writers(self) -> None:
        """Return when nobody is writing. Raises StorageError naming who still is after a while."""
        tries = ceil(LOCK_WAIT_S / _LOOK_EVERY_S)
        while (holder := write_lock_holder(self._path)) is not None:
            tries -= 1
            if tries < 0:
                raise StorageError(
                    f"{self._path}: the record is being written by process {holder}; "
                    "wait, then hold ARM again"
                )
            select.select((), (), (), _LOOK_EVERY_S)


def serve(helper: Helper, asker: socket.socket) -> None:
    """Answer the asker's questions, one after the other, until it is gone; what is none gets no answer."""
    with suppress(ConnectionError):
        for line in _lines(asker):
            try:
                question = _questions.decode(line)
            except msgspec.MsgspecError:
                continue
            asker.sendall(_encoder.encode(_answered(helper, question)) + b"\n")


def _lines(asker: socket.socket) -> Iterator[bytes]:
    received = b""
    while read := asker.recv(_READ_BYTES):
        *lines, received = (received + read).split(b"\n")
        yield from lines


def _answered(helper: Helper, question: Question) -> Answer | msgspec.Raw:
    """Have a process of its own answer, which is ended when it takes too long."""
    ours, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        _answer_and_end(helper, question, theirs)
    os.close(theirs)
    try:
        said, late = _all_said(ours)
    finally:
        os.close(ours)
    if late:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if late or code == -signal.SIGALRM:
        return NoAnswer(question.id, f"the record was not read: later than {HELPER_WITHIN_S:g} s; try again")
    if code == 0:
        return msgspec.Raw(said)
    if code == 1:
        return NoAnswer(question.id, said.decode())
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return NoAnswer(question.id, f"the helper that reads the record died: {how}; try again")


def _answer_and_end(helper: Helper, question: Question, output: int) -> NoReturn:
    """Write the answer, or why there is none, and end: exit code 0, 1 for a reason, 2 for a mistake."""
    code = 2
    try:
        # Also where nobody is left to end it.
        signal.setitimer(signal.ITIMER_REAL, ANSWERS_WITHIN_S)
        try:
            said, code = _encoder.encode(helper.answer(question)), 0
        except _REFUSALS as error:
            said, code = str(error).encode(), 1
        with open(output, "wb", closefd=False) as file:
            file.write(said)
    except Exception as error:
        os.write(2, f"{type(error).__name__}\n".encode())
    finally:
        os._exit(code)


def _all_said(output: int) -> tuple[bytes, bool]:
    """Return what a helper has written until its end, and whether that took too long."""
    said = bytearray()
    ready = select.poll()
    ready.register(output, select.POLLIN)
    # Its own timer ends it first; a stopped process has none.
    while ready.poll((ANSWERS_WITHIN_S + _LOOK_EVERY_S) * 1000.0):
        read = os.read(output, _READ_BYTES)
        if not read:
            return bytes(said), False
        said += read
    return bytes(said), True


def _take_ordinary_class() -> None:
    """Leave the class of the process that started this one: a reader of disks has no place before others."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser("tosca_kiosk.session.helper", description="Answers about the record.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--session", type=int, help="Print the rules that the record says of it, and end.")
    given = parser.parse_args(arguments)
    keep_others_out()
    _take_ordinary_class()
    try:
        helper = Helper(load_config(given.config), given.data_dir)
        if given.session is not None:
            sys.stdout.write(_encoder.encode(helper.rules(given.session)).decode() + "\n")
            return 0
    except _REFUSALS as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # What ends the asker in order is the asker's to answer: this process ends with it.
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    schema.revisions()  # read once here, not in every helper
    with socket.socket(fileno=os.dup(0)) as asker:
        serve(helper, asker)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
