"""Driver of the interlock board.

Rules: the age of a status is the age of its measurement; a heartbeat is sent when control has decided and at
no other time (the start and stop sequences send one that wants no gate); nothing the board forgot in a
restart is switched on again; latched faults are cleared when asked, never silently.
"""

from __future__ import annotations

from math import inf
from typing import Any

from hardware.conversation import RefusalError, RestartError, Script, demand
from hardware.interfaces import READY, BoardStatus, Identity, LinkState, Reading
from hardware.interlock_board import wire
from hardware.interlock_board.clock import BoardClock
from hardware.interlock_board.outputs import Output
from hardware.interlock_board.wire import StatusLine, body_of, decode, error_text, frame, parse_status
from hardware.port_driver import PortDriver
from hardware.settings import BoardSettings
from hardware.transport import Port, PortError

_HEARTBEAT_S = 0.035
"""The board wants one every 50 ms; ticks of 10 ms send every fourth, whatever rounding does to 40 ms."""
_FIRST_STATUS_TRIES = 6
"""Opening a USB port restarts a Nano or Uno; its bootloader takes up to 2 s before the first status."""
_LINE_KEPT_BYTES = 90
"""More than a line may have, so that a line cut here is still too long when its end comes."""
_SILENCE_S = 0.1
"""A status comes every 10 ms, and after this long it is no longer fresh."""
_RESTARTED = "restarted by itself, its outputs are off; check its supply"
_NOT_NOW = 3
_STATUS = "status"


class InterlockBoardDriver(PortDriver):
    """The board as control sees it (`interfaces.InterlockBoard`)."""

    __slots__ = (
        "_aiming",
        "_beat_s",
        "_clear_asked",
        "_clear_deadline_s",
        "_clear_number",
        "_clear_refusal",
        "_clock",
        "_dropped",
        "_gaps",
        "_gate_wanted",
        "_in_step",
        "_motor",
        "_newest",
        "_number",
        "_outputs",
        "_rest",
        "_restarts",
        "_settings",
        "_silences",
        "_threshold",
        "_trusted",
        "_unsettled",
        "status",
    )

    def __init__(self, settings: BoardSettings, port: Port) -> None:
        super().__init__("board", port, settings.baud, settings.answer_timeout_s)
        self._settings = settings
        self._clock = BoardClock()
        self._motor = Output(b"MO", 0)
        self._aiming = Output(b"AI", 0)
        self._threshold = Output(b"VT", settings.vibration_threshold_mg)
        self._outputs = (self._motor, self._aiming, self._threshold)
        self._number = -1
        self._gaps = 0
        self._dropped = 0
        self._restarts = 0
        self._silences = 0
        self._forget()

    status: Reading[BoardStatus] | None
    _newest: StatusLine | None
    _rest: bytes
    _in_step: bool
    """A line end was seen since the port was opened, so what is dropped now is damage, not a cut line."""
    _trusted: bool
    """The device is the configured one."""
    _unsettled: bool
    """An output waits for its OK, or a clear is to be sent or answered."""
    _beat_s: float
    _gate_wanted: bool
    """As the last heartbeat said."""
    _clear_asked: bool
    _clear_number: int | None
    _clear_deadline_s: float
    _clear_refusal: str | None

    @property
    def sequence_gaps(self) -> int:
        """Status lines that never arrived, since the program started."""
        return self._gaps

    @property
    def crc_errors(self) -> int:
        """Lines dropped since the program started: wrong CRC, no frame, too long, impossible numbers."""
        return self._dropped

    @property
    def silences(self) -> int:
        """How often no status came for over 100 ms since the program started, the loss of a link included."""
        return self._silences

    @property
    def restarts(self) -> int:
        """How often the board restarted while connected; `problem` notes the newest until it is cleared."""
        return self._restarts

    @property
    def clear_refusal(self) -> str | None:
        """Why the newest `clear_faults` did nothing; None while it is unanswered and after it worked."""
        return self._clear_refusal

    def heartbeat(self, want_gate: bool) -> None:
        if self.link is not READY:
            return
        status, now_s = self.status, self._now_s
        agreed = status is not None and status.value.gate_wanted == want_gate
        if agreed and want_gate == self._gate_wanted and now_s - self._beat_s < _HEARTBEAT_S:
            return
        try:
            self._beat(want_gate)
        except PortError as error:
            self._lose(error, now_s)

    def set_motor(self, on: bool, pwm: int | None = None) -> None:
        self._want(self._motor, (self._settings.motor_pwm if pwm is None else pwm) if on else 0)

    def set_aiming(self, on: bool) -> None:
        self._want(self._aiming, int(on))

    def clear_faults(self) -> None:
        """Send one CL; its answer shows in the faults of `status` and in `clear_refusal`."""
        self._clear_asked = self.link is LinkState.READY
        self._clear_refusal = (
            None if self._clear_asked else f"{self._who}: not connected; nothing was cleared"
        )
        self._unsettled = True
        self._due_s = -inf

    def _want(self, output: Output, value: int) -> None:
        if output.wanted != value:
            output.wanted = value
            output.refused = None
            self._unsettled = True
            self._due_s = -inf

    def _may_be_stopped(self) -> bool:
        return self._trusted

    def _is_understood(self) -> bool:
        return self._newest is not None

    def _lose(self, error: Exception, now_s: float) -> None:
        self._silences += self.status is not None
        super()._lose(error, now_s)

    def _forget(self) -> None:
        self.status = self._newest = None
        self._rest = b""
        self._in_step = self._trusted = self._unsettled = False
        self._beat_s = -inf
        self._gate_wanted = self._clear_asked = False
        self._clear_number = self._clear_refusal = None
        self._clear_deadline_s = inf
        self._clock.restart()
        self._outputs_off()

    def _outputs_off(self) -> None:
        self._motor.wanted = self._aiming.wanted = 0
        for output in self._outputs:
            output.forget()
        self._unsettled = True

    def _received(self, data: bytes, now_s: float) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[:_LINE_KEPT_BYTES]
        before, flags_meanwhile = self._newest, -1
        for line in lines:
            body = body_of(line)
            status = parse_status(body) if body is not None and body.startswith(b"ST,") else None
            if status is not None:
                flags_meanwhile &= status.flags
                self._follow(status)
            elif body is None or body.startswith(b"ST,"):
                self._dropped += self._in_step
            else:
                self._answered(body.split(b","), now_s)
            self._in_step = True
        if self._newest is not None and self._newest is not before:
            self._publish(self._newest, flags_meanwhile, now_s)

    def _follow(self, line: StatusLine) -> None:
        """Count what is missing between the last status line and this one, and notice a restart.

        Raises RestartError when a READY board has restarted and no fault of its own says so.
        """
        before = self._newest
        self._newest = line
        if before is None:
            return
        step = (line.sequence - before.sequence) % wire.NUMBERS
        ran_back = (line.board_ms - before.board_ms) % wire.MILLISECONDS >= wire.MILLISECONDS // 2
        if ran_back or line.faults & ~before.faults & wire.FAULT_RESTARTED:
            self._restarted()
            if self.link is LinkState.READY and not line.faults & wire.FAULT_RESTARTED:
                raise RestartError(_RESTARTED)
        elif step:
            self._gaps += step - 1

    def _publish(self, line: StatusLine, flags_meanwhile: int, now_s: float) -> None:
        self._heard(now_s)
        measured_s = self._clock.host_s(line.board_ms, now_s)
        if self._trusted:
            before = self.status
            if before is not None and now_s - before.received_s > _SILENCE_S:
                self._silences += 1
            self.status = Reading(decode(line, flags_meanwhile), measured_s, now_s)
            self._aiming.shown(int(self.status.value.aiming_on), now_s)
            self._unsettled = self._unsettled or not self._aiming.settled
        if self._talk.running:
            self._talk.answer(_STATUS, line.faults, now_s)

    def _restarted(self) -> None:
        self._restarts += 1
        if self.link is READY:
            self._connections += 1
        self._clock.restart()
        self._outputs_off()
        self._problem = f"{self._who}: {_RESTARTED}, then clear its faults"

    def _answered(self, fields: list[bytes], now_s: float) -> None:
        """Take an OK, ER or ID line; a word of a newer protocol is left alone."""
        try:
            word, number = fields[0], int(fields[1])
            code = int(fields[2]) if word == b"ER" else None
        except (ValueError, IndexError):
            self._dropped += 1
            return
        if word not in (b"OK", b"ER", b"ID"):
            return
        self._talk.answer(number, fields if code is None else code, now_s)
        if number == self._clear_number:
            self._clear_answered(code)
        for output in self._outputs:
            final = code is not None and code != _NOT_NOW
            if output.answered(number, code is None, final) and final and code is not None:
                self._problem = (
                    f"{self._who}: {output.word.decode()} {output.refused} refused: {error_text(code)}"
                )

    def _clear_answered(self, code: int | None) -> None:
        self._clear_number = None
        if code is None:
            self._problem = None
        else:
            self._clear_refusal = (
                f"{self._who}: {error_text(code)}; remove the cause, release the pedal, clear again"
            )

    def _send_due(self, now_s: float) -> float:
        if not self._unsettled or self.link is not LinkState.READY:
            return inf
        for output in self._outputs:
            if output.due(now_s):
                output.sent(self._command(output.word, output.wanted), now_s)
        if self._clear_asked:
            self._clear_asked = False
            self._clear_number = self._command(b"CL")
            self._clear_deadline_s = now_s + self._settings.answer_timeout_s
        elif self._clear_number is not None and now_s > self._clear_deadline_s:
            self._clear_number = None
            self._clear_refusal = f"{self._who}: no answer to the clearing of its faults; clear again"
        self._unsettled = self._clear_number is not None or not all(o.settled for o in self._outputs)
        return -inf if self._unsettled else inf

    def _beat(self, want_gate: bool) -> None:
        self._command(b"HB", int(want_gate))
        self._gate_wanted = want_gate
        self._beat_s = self._now_s

    def _command(self, word: bytes, value: int | None = None) -> int:
        number, line = self._numbered(word, value)
        self._port.write(line)
        return number

    def _numbered(self, word: bytes, value: int | None) -> tuple[int, bytes]:
        self._number = (self._number + 1) % wire.NUMBERS
        body = b"%s,%d" % (word, self._number)
        return self._number, frame(body if value is None else b"%s,%d" % (body, value))

    def _ask(self, word: bytes, value: int | None = None) -> Script[Any]:
        number, line = self._numbered(word, value)
        return self._talk.ask(number, line, word.decode())

    def _start(self) -> Script[None]:
        faults = yield from self._talk.ask(_STATUS, b"", "the status stream", _FIRST_STATUS_TRIES)
        self._found = tuple(f"board: fault: {name}" for name in wire.fault_names(faults))
        yield from self._identify()
        self._beat(False)
        for output, value in ((self._motor, 0), (self._aiming, 0), (self._threshold, self._threshold.wanted)):
            word = output.word.decode()
            answer = yield from self._ask(output.word, value)
            if isinstance(answer, int):
                raise RefusalError(
                    f"{word} {value} is refused: {error_text(answer)}; correct the configuration"
                )
            output.confirmed = value
        self._unsettled = True
        self._become_ready()

    def _identify(self) -> Script[None]:
        answer = yield from self._ask(b"ID")
        if isinstance(answer, int):
            raise RefusalError(f"ID is refused: {error_text(answer)}; load this project's firmware")
        fields = [field.decode("ascii", "replace") for field in answer]
        fields += [""] * (6 - len(fields))  # another version may say less
        _, _, name, version, firmware, serial_number = fields[:6]
        demand("name", name, wire.DEVICE_NAME, "the right board")
        if version != self._settings.protocol_version:
            raise RefusalError(
                f"it speaks protocol version {version or 'none'}, this program speaks "
                f"{self._settings.protocol_version}; load the firmware that comes with this program"
            )
        self._identity = Identity(model=name, serial_number=serial_number, firmware=firmware)
        demand("serial number", serial_number, self._settings.serial_number, "the right board")
        self._trusted = True

    def _stop(self) -> Script[None]:
        self._beat(False)
        yield from self._ask(b"MO", 0)
        yield from self._ask(b"AI", 0)
