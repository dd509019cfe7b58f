"""The lines of a session's journal and the SHA-256 chain that binds them; pure, no file is touched here.

Line 1 is the header: every wall-clock value and every id. Tick lines hold session time only and chain
from a constant, so that equal runs give equal lines. The last line binds the header and the chain's head.
A line is one JSON object whose last key, `h`, is the hex digest of what stands before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Literal

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.outputs import Outputs
from tosca_kiosk.domain.rules import Rules

FORMAT_VERSION = 1
RULES_REVISION = 4
"""Of the rules that decide. A header that names none was written under revision 1."""
CHAIN_START = sha256(b"tosca-kiosk journal 1").digest()
TICK_TIME_AT = len(b'{"t":')
"""Where in a tick line's JSON its session time begins; a comma ends it, another what came in first."""
_HEX = 64
_SUFFIX_LENGTH = len(',"h":""}') + _HEX


class JournalError(Exception):
    """A journal whose bytes are not what was written; the text names the line."""


class OtherFormatError(JournalError):
    """A journal of a version of the program that wrote its lines in another way."""


class SelfTestPassed(msgspec.Struct, frozen=True):
    """The self-test that a session was opened on.

    passed_utc: labels, as started_utc does. boot_id: of the machine's run; boot_s: seconds in it, sleep
    included. software: the version that tested. serial_numbers: by device key.
    """

    passed_utc: str
    boot_id: str
    boot_s: float
    software: str
    checks: int
    serial_numbers: dict[str, str]


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """Line 1. started_utc: naive UTC `YYYY-MM-DD HH:MM:SS.ffffff`; session time 0 is this instant.

    rules_revision: of the program's rules that decided this session (see RULES_REVISION). self_test: which
    control fills in; None before a session needed one. work: of a calibration, session_id is the number in
    its own table, and there is no patient.
    """

    version: int
    session_id: int
    patient_id: int | None
    tech_id: int
    started_utc: str
    origin: Literal["sim", "real"]
    software: str
    devices: dict[str, dict[str, str]]
    rules: Rules
    rules_revision: int = RULES_REVISION
    self_test: SelfTestPassed | None = None
    work: Literal["treatment", "calibration"] = "treatment"


class Summary(msgspec.Struct, frozen=True):
    """What the record says at a session's end. Powers and energy_j are measured; None where no light was.

    commanded_j: beside the measured energy; None in journals from before it was told.
    """

    status: Literal["completed", "aborted"]
    abort_reason: str | None
    duration_s: float
    laser_on_time_s: float
    avg_power_w: float | None
    max_power_w: float | None
    energy_j: float
    commanded_j: float | None = None

    @property
    def dose_j(self) -> float:
        """The energy that counts as dose: the larger of measured and commanded."""
        return self.energy_j if self.commanded_j is None else max(self.energy_j, self.commanded_j)


class End(msgspec.Struct, frozen=True, tag_field="kind", tag="end"):
    """The last line: how many tick lines, and the digests of the header and of the last tick line."""

    ticks: int
    header: str
    head: str
    summary: Summary


class TickLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tick: session time, what came in, what was decided and what is to be recorded."""

    t: float
    i: Inputs
    o: Outputs
    e: tuple[TreatmentEvent, ...] = ()
    s: tuple[SafetyEvent, ...] = ()


class EventsOfTick(msgspec.Struct, frozen=True):
    """The part of a tick line that an import needs; the rest is skipped undecoded."""

    t: float
    e: tuple[TreatmentEvent, ...] = ()
    s: tuple[SafetyEvent, ...] = ()


class _Format(msgspec.Struct, frozen=True):
    version: int
    rules_revision: int = 1


_encoder = msgspec.json.Encoder()
_format = msgspec.json.Decoder(_Format)
_framing = msgspec.json.Decoder(Header | End)
_end = msgspec.json.Decoder(End)


class ChainWriter:
    """Turns records into chained lines; `head` is the digest of the newest tick line."""

    def __init__(self) -> None:
        self.head = CHAIN_START
        self.ticks = 0
        self._header = b""

    def header(self, header: Header) -> bytes:
        """Return line 1."""
        line, self._header = _sealed(_encoder.encode(header), CHAIN_START)
        return line

    def tick(self, tick: TickLine) -> bytes:
        """Return the next tick line and move the chain on."""
        line, self.head = _sealed(_encoder.encode(tick), self.head)
        self.ticks += 1
        return line

    def end(self, summary: Summary) -> bytes:
        """Return the last line."""
        end = End(ticks=self.ticks, header=self._header.hex(), head=self.head.hex(), summary=summary)
        return _sealed(_encoder.encode(end), self._header + self.head)[0]


def _sealed(json_object: bytes, previous: bytes) -> tuple[bytes, bytes]:
    body = json_object[:-1]
    digest = sha256(previous + body)
    return b'%b,"h":"%b"}\n' % (body, digest.hexdigest().encode()), digest.digest()


def unsealed(line: bytes, previous: bytes) -> tuple[bytes, bytes] | None:
    """Return a line's JSON and its digest; None where it is not what was sealed on the previous digest."""
    body, suffix = line[:-_SUFFIX_LENGTH], line[-_SUFFIX_LENGTH:]
    digest = sha256(previous + body)
    if suffix != b',"h":"%b"}' % digest.hexdigest().encode():
        return None
    return body + b"}", digest.digest()


def claimed_digest(line: bytes) -> bytes:
    """Return the digest that a line says it has, with its end or without; nothing where it says none."""
    try:
        return bytes.fromhex(line.rstrip(b"\n")[-_HEX - 2 : -2].decode())
    except ValueError:
        return b""


class ChainReader:
    """Checks a journal line by line; `header`, `end`, `head`, `ticks` and `torn` tell what it held.

    header_digest: what line 1 is sealed with.

    A journal cut short by a crash has no `end`; an unfinished last line is left out and `torn` is True.
    Anything else that differs raises JournalError with the number of the line, a journal of another format
    OtherFormatError before anything of it is read.
    """

    def __init__(self, content: bytes) -> None:
        _check_format(content)
        *self._lines, tail = content.split(b"\n")
        self.torn = bool(tail)
        self.end: End | None = None
        self.head = CHAIN_START
        self.ticks = 0
        self.header, self.header_digest = self._read_header()

    def _read_header(self) -> tuple[Header, bytes]:
        if not self._lines:
            raise JournalError("line 1: the journal has no header")
        opened = unsealed(self._lines[0], CHAIN_START)
        if opened is None:
            raise JournalError("line 1: the header is not what was written")
        header = _header_of(opened[0])
        if header is None:
            raise JournalError("line 1: not a header")
        return header, opened[1]

    def ticks_json(self) -> Iterator[bytes]:
        """Yield each tick line's JSON, checked, oldest first."""
        last = len(self._lines) - 1
        for number, line in enumerate(self._lines[1:], start=2):
            opened = unsealed(line, self.head)
            if opened is None:
                if number - 1 == last and self._read_end(line, number):
                    return
                raise JournalError(f"line {number}: changed, missing or out of order")
            self.head = opened[1]
            self.ticks += 1
            yield opened[0]

    def end_by_itself(self) -> End | None:
        """Return the last line where it is the end of this header's journal, whatever is broken before it.

        It names the head that it was sealed with, so that its summary is what was written; None where it is
        not.
        """
        try:
            end = _end.decode(self._lines[-1])
            head = bytes.fromhex(end.head)
        except ValueError:  # of JSON, of its shape, of the hexadecimal digits
            return None
        return None if unsealed(self._lines[-1], self.header_digest + head) is None else end

    def _read_end(self, line: bytes, number: int) -> bool:
        opened = unsealed(line, self.header_digest + self.head)
        if opened is None:
            return False
        end = _framed(opened[0], number)
        if not isinstance(end, End) or (end.ticks, end.head) != (self.ticks, self.head.hex()):
            raise JournalError(f"line {number}: the end does not fit the ticks before it")
        self.end = end
        return True


class StreamedJournal:
    """A journal checked line by line, one in memory at a time; for one whose end is known from elsewhere.

    header, header_digest: None where line 1 is not what was written. head, ticks: as far as was read. end:
    the last line, where it is there; more: something stands after it. broken: which line breaks the chain,
    in words, None where none does.

    Raises JournalError, and so does `ticks_json`, for a line that is what was written and yet not in a
    journal's shape.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.head = CHAIN_START
        self.ticks = 0
        self.end: End | None = None
        self.more = False
        self.broken: str | None = None
        self.header: Header | None = None
        self.header_digest: bytes | None = None
        opened = unsealed(next(self._lines, b"")[:-1], CHAIN_START)
        header = None if opened is None else _header_of(opened[0])
        if opened is not None and header is not None:
            self.header, self.header_digest = header, opened[1]
        else:
            self.broken = "line 1: the header is not what was written"

    def ticks_json(self, at_most: int) -> Iterator[bytes]:
        """Yield each tick line's JSON, checked, oldest first, and read the end after so many."""
        if self.header_digest is None:
            return
        for number, line in enumerate(self._lines, start=2):
            opened = unsealed(line[:-1], self.head) if self.ticks < at_most else None
            if opened is None:
                self._read_end(line, number)
                return
            self.head = opened[1]
            self.ticks += 1
            yield opened[0]

    def _read_end(self, line: bytes, number: int) -> None:
        assert self.header_digest is not None
        opened = unsealed(line[:-1], self.header_digest + self.head)
        if opened is None:
            self.broken = f"line {number}: changed, missing or out of order"
            return
        end = _framed(opened[0], number)
        self.end = end if isinstance(end, End) else None
        self.more = next(self._lines, None) is not None


def _check_format(content: bytes) -> None:
    """Look at the version alone: another format may shape and chain everything else in another way."""
    try:
        version = _format.decode(content[: content.find(b"\n")]).version
    except msgspec.DecodeError:
        return  # no header at all, as the chain will tell
    if version != FORMAT_VERSION:
        raise OtherFormatError(
            f"a journal of format {version}, this program reads format {FORMAT_VERSION}; "
            "use the version of the program that wrote it"
        )


def _header_of(json_object: bytes) -> Header | None:
    """Return the header that line 1 holds, with the revision that it names; None where it is none."""
    header = _framed(json_object, 1)
    if not isinstance(header, Header):
        return None
    return msgspec.structs.replace(header, rules_revision=_format.decode(json_object).rules_revision)


def _framed(json_object: bytes, number: int) -> Any:
    try:
        return _framing.decode(json_object)
    except msgspec.DecodeError as error:
        raise JournalError(f"line {number}: {error}") from error
