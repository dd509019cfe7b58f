"""The control process: one controller on the machine's clock, with a kiosk on the link or without one.

Nothing in the loop waits: the command socket is polled once a tick, telemetry goes into shared memory, a
journal's end is synced by its helper. Without a kiosk control goes on; the interlocks see that it is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.control.comparing import Comparison
from tosca_kiosk.control.controller import CLOSES_WITHIN_S, Controller
from tosca_kiosk.control.devices import described
from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.control.idle_rules import IdleRules
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.received import Ceilings, header_problem, order_problem, rules_problem
from tosca_kiosk.control.signing import Signed, Signing
from tosca_kiosk.control.telemetry import TelemetryMaker
from tosca_kiosk.domain.inputs import Command, CommandType, TurnedAway
from tosca_kiosk.domain.interlocks import ROLES
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.journal.tail import not_made
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.link.messages import (
    Alive,
    DoubtSelfTest,
    EndSession,
    Hello,
    OpenSession,
    Order,
    Reply,
    Request,
    SafetyNotice,
    SessionEnded,
    SignedOrder,
)
from tosca_kiosk.link.numbered import NONE, Numbered, meant_for, number_of
from tosca_kiosk.link.ring import RingWriter
from tosca_kiosk.link.server import LinkServer, asked
from tosca_kiosk.machine.clock import RealClock, utc_label
from tosca_kiosk.machine.kept_paths import KeptPaths
from tosca_kiosk.machine.runtime import CONTROL_SOCKET

STOPPED: Final = "control was stopped"
ASK_AGAIN_S: Final = 0.1
LOOK_AT_RUNTIME_S: Final = 0.5
"""So often the folder of sockets and ring is looked at: three calls into a file system in memory."""
_KEPT_NOTICES: Final = 1000
_OPENING: Final = 0  # the controller's own number for the command that opens a session
_OWN: Final = -1  # no request has it: nobody waits for the answer

_encoder = msgspec.msgpack.Encoder()


@dataclass
class _Session:
    """The session whose journal is written, or synced. opened_by: its request, until that is answered."""

    number: Numbered
    journal: Journal
    opened_by: int | None
    ended_by: int | None = None
    summary: Summary | None = None


class ControlProcess:
    """Runs the controller and serves the link. details: what the kiosk is told about this process.

    helpers: asked about the record. ceilings: what the configuration allows of a session's rules.
    loop: the one that `run` runs. Raises OSError when socket or ring cannot be made in the runtime directory.
    """

    loop: FixedRateLoop

    def __init__(
        self,
        controller: Controller,
        clock: RealClock,
        *,
        runtime_dir: Path,
        rate_hz: int,
        simulated: bool,
        details: dict[str, Any],
        helpers: Helpers,
        ceilings: Ceilings,
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._rate_hz = rate_hz
        self._simulated = simulated
        self._details = details
        self._helpers = helpers
        self._ceilings = ceilings
        self._comparison = Comparison(controller, helpers)
        self._idle_rules = IdleRules(controller, helpers)
        self._signing = Signing(helpers)
        self._signed_for: tuple[object, ...] = ()
        self._stops = 0
        self._session: _Session | None = None
        self._notices: deque[SafetyNotice] = deque(maxlen=_KEPT_NOTICES)
        self._connections = 0
        self._stopping_since_s: float | None = None
        self._close_asked_s = 0.0
        self._looked_s = clock.now_s()
        self._telemetry = TelemetryMaker(
            controller.devices, controller.self_test, simulated=simulated, mono_offset_s=clock.start_s
        )
        self._ring = RingWriter(runtime_dir)
        try:
            self.socket_path = runtime_dir / CONTROL_SOCKET
            self._server = LinkServer(self.socket_path, self._hello)
            self._runtime = KeptPaths(runtime_dir, self.socket_path, self._ring.path)
        except BaseException:
            self._ring.close()
            raise

    def run(self, stopped: Callable[[], bool]) -> None:
        """Tick until `stopped` says so and the session that may be open then is closed.

        However it ends, the laser is asked off, and socket and ring are gone.
        """

        def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
            self._tick(now_s, late_s, overrun_s)
            return not (stopped() and self._closed_for_good(now_s))

        try:
            self.loop = FixedRateLoop(self._clock, self._rate_hz)
            self.loop.run_while(tick)
        finally:
            self._controller.devices.darken(self._clock.now_s())
            if self._session is not None:
                self._session.journal.close()
            self._runtime.close()
            self._server.close()
            self._ring.close()

    def _tick(self, now_s: float, late_s: float, overrun_s: float) -> None:
        self._serve(now_s)
        self._look_at_runtime(now_s)
        controller, session = self._controller, self._session
        rules = controller.rules
        inputs, decision = controller.tick(now_s, late_s, overrun_s)
        if decision.replies:
            self._answer(decision, now_s)
        if decision.safety and not controller.recorded:
            self._notices.append(SafetyNotice(utc_label(self._clock), decision.safety))
        if self._notices and self._server.connected:
            self._server.send(self._notices.popleft())
        if session is not None and session.summary is not None and session.journal.closed:
            self._end(session)
        if self._telemetry.due(now_s):
            session = self._session
            number, problem = (NONE, None) if session is None else (session.number, session.journal.problem)
            record = self._telemetry.make(now_s, number, rules, inputs, decision.state, problem)
            self._ring.publish(_encoder.encode(record))

    def _look_at_runtime(self, now_s: float) -> None:
        if now_s - self._looked_s >= LOOK_AT_RUNTIME_S:
            self._looked_s = now_s
            self._controller.runtime_ok = self._runtime.lost() is None

    # --- the link ---------------------------------------------------------------------------------------

    def _hello(self) -> Hello:
        details = self._details | {"devices": self._described()}
        present = self._present
        return Hello(
            ring=str(self._ring.path),
            rate_hz=self._rate_hz,
            simulated=self._simulated,
            session=present.session,
            details=details,
            calibration=present.calibration,
        )

    def _described(self) -> dict[str, dict[str, str]]:
        return {device.key: described(device) for device in self._controller.devices}

    def _serve(self, now_s: float) -> None:
        server = self._server
        for request in server.poll():
            self._take(request, now_s)
        for what in server.take_turned_away():
            self._controller.turn_away(what)
        self._hear_helpers(now_s)
        self._idle_rules.turn(now_s)
        if not server.connected or server.connections != self._connections:
            self._connections = server.connections
            self._controller.operator_lost()

    def _take(self, request: Request, now_s: float) -> None:
        if isinstance(request, Alive):
            self._controller.operator_alive(now_s)
            return
        if isinstance(request, SignedOrder):
            self._sign(request, now_s)
            return
        if isinstance(request, DoubtSelfTest):
            self._controller.self_test.doubt(request.reason)
            self._server.send(Reply(request.id, None))
            return
        if isinstance(request, Order):
            refused = self._order(request, now_s)
        elif isinstance(request, OpenSession):
            refused = self._open(request, now_s)
        else:
            refused = self._finish(request)
        if refused is not None:
            self._refuse(request, refused)

    def _refuse(self, request: Order | SignedOrder | OpenSession | EndSession, refused: str) -> None:
        self._controller.turn_away(TurnedAway(asked(request), refused))
        self._server.send(Reply(request.id, refused))

    def _order(self, order: Order, now_s: float) -> str | None:
        if refused := self._not_for_here(order) or order_problem(order):
            return refused
        if order.command is CommandType.BEGIN_ARM:
            self._comparison.again(now_s)
        self._stops += order.command is CommandType.STOP
        # Whoever stands at the cart is a technician; anything more is signed.
        role = ROLES[0] if order.command is CommandType.ACKNOWLEDGE else None
        self._controller.submit(
            Command(
                id=order.id,
                type=order.command,
                role=role,
                reason=order.reason,
                user=order.user,
                value=order.value,
            )
        )
        return None

    def _not_for_here(self, order: Order | SignedOrder) -> str | None:
        if order.command is CommandType.OPEN_SESSION:
            return "a session is opened by its own request"
        # STOP is for whoever it reaches; anything else is for the session that its sender saw.
        return None if order.command is CommandType.STOP else self._other_session(meant_for(order))

    def _sign(self, order: SignedOrder, now_s: float) -> None:
        """Have a helper look at the PIN; STOP waits for nobody's."""
        controller = self._controller
        if order.command is CommandType.STOP:
            self._stops += 1
            controller.submit(Command(order.id, order.command, reason=order.reason))
        elif refused := self._not_for_here(order):
            self._refuse(order, refused)
        elif controller.state.phase in (Phase.ARMED, Phase.TREATING):
            self._refuse(order, "pause the treatment first")
        elif (signed := self._signing.take(order, now_s)) is not None:
            self._take_signed(signed)
        else:
            # Only of the order that is looked at: one that is refused meanwhile has seen more than this one.
            self._signed_for = self._latched

    @property
    def _latched(self) -> tuple[object, ...]:
        """What a signature is for: it counts for nothing that came after it."""
        state = self._controller.state
        return state.faults, state.latched_s, self._stops, self._connections

    def _hear_helpers(self, now_s: float) -> None:
        for answer in self._helpers.poll(now_s):
            self._comparison.heard(answer)
            self._idle_rules.heard(answer)
            if (signed := self._signing.heard(answer, now_s)) is not None:
                self._take_signed(signed)

    def _take_signed(self, signed: Signed) -> None:
        order, refused = signed.order, signed.refused or self._not_for_here(signed.order)
        if signed.tried is not None:
            self._server.send(signed.tried)
        if refused is None and self._signed_for != self._latched:
            refused = "something was latched since this was signed: look, and sign again"
        if refused is not None:
            self._refuse(order, refused)
            return
        self._controller.submit(
            Command(
                id=order.id, type=order.command, role=signed.role, reason=order.reason, user=order.username
            )
        )

    @property
    def _present(self) -> Numbered:
        return NONE if self._session is None else self._session.number

    def _other_session(self, meant: Numbered) -> str | None:
        present = self._present
        return None if meant == present else f"meant for {meant}, control has {present}"

    def _open(self, request: OpenSession, now_s: float) -> str | None:
        header, controller = request.header, self._controller
        if problem := header_problem(header):
            return problem
        if self._session is not None:
            return f"{self._session.number} is not ended yet"
        if controller.state.phase is not Phase.IDLE:
            return f"a session can only be opened when idle, not in {controller.state.phase}"
        configured = self._idle_rules.configured
        if problem := rules_problem(header.rules, configured, controller.devices, self._ceilings):
            return problem
        try:
            journal = Journal(Path(request.folder))
        except OSError as error:
            return not_made(error, request.folder)
        header = msgspec.structs.replace(header, devices=self._described())
        self._session = _Session(number_of(header), journal, request.id)
        controller.open_session(header.rules, header, journal, now_s)
        return None

    def _finish(self, request: EndSession) -> str | None:
        session = self._session
        if session is None or session.number != meant_for(request):
            return self._other_session(meant_for(request))
        if session.summary is not None:
            return f"{session.number} is being ended"
        if session.opened_by is not None:
            return f"{session.number} is still being opened"
        if self._controller.state.session_open:
            return "close the session first"
        session.ended_by = request.id
        session.summary = self._controller.end_session(wait=False)
        return None

    # --- answers ----------------------------------------------------------------------------------------

    def _answer(self, decision: Decision, now_s: float) -> None:
        for reply in decision.replies:
            if reply.command.type is CommandType.OPEN_SESSION:
                self._answer_opening(reply.refused, now_s)
            elif reply.command.id > _OPENING:
                self._server.send(Reply(reply.command.id, reply.refused))

    def _answer_opening(self, refused: str | None, now_s: float) -> None:
        session = self._session
        if session is None or session.opened_by is None:
            return
        if refused is None:
            self._server.send(Reply(session.opened_by, None))
            session.opened_by = None
            self._comparison.begin(session.number, now_s)
        else:
            session.summary = self._controller.end_session(f"the session was refused: {refused}", wait=False)

    def _end(self, session: _Session) -> None:
        """Say that the journal is closed: to who ended the session, or was refused it."""
        self._session = None
        self._comparison.end()
        assert session.summary is not None
        if session.opened_by is not None:
            self._server.send(Reply(session.opened_by, session.summary.abort_reason))
        elif session.ended_by is not None:
            missing = None if session.journal.recorded else session.journal.problem
            self._server.send(
                SessionEnded(
                    id=session.ended_by,
                    session=session.number.session,
                    summary=session.summary,
                    missing=missing,
                    calibration=session.number.calibration,
                )
            )

    # --- the end ----------------------------------------------------------------------------------------

    def _closed_for_good(self, now_s: float) -> bool:
        """Pause and close an open session, asking again until it is taken; True when nothing is left to do.

        A session that will not close is left to its journal, which the record recovers.
        """
        controller = self._controller
        if self._stopping_since_s is None:
            self._stopping_since_s = self._close_asked_s = now_s
            controller.submit(Command(_OWN, CommandType.PAUSE))
        elif not controller.state.session_open:
            if controller.recording:
                controller.end_session()
            return True
        elif now_s - self._stopping_since_s > CLOSES_WITHIN_S:
            return True
        elif now_s - self._close_asked_s < ASK_AGAIN_S:
            return False
        self._close_asked_s = now_s
        controller.submit(Command(_OWN, CommandType.CLOSE_SESSION, reason=STOPPED))
        return False
