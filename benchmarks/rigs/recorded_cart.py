"""A treatment of two seconds on an ideal cart, with the journal that control would have written."""

from __future__ import annotations

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainWriter, Header, TickLine
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise

STARTED_UTC = "2026-03-14 09:26:53.589793"


def header(**changes):
    """Return the header of session 1 of patient 1 by the admin."""
    values = {
        "version": 1,
        "session_id": 1,
        "patient_id": 1,
        "tech_id": 1,
        "started_utc": STARTED_UTC,
        "origin": "sim",
        "software": "0.1.0",
        "devices": {},
        "rules": rules(),
    }
    return Header(**{**values, **changes})


class RecordedCart(IdealCart):
    """An ideal cart whose ticks go into journal lines, as control's do."""

    def __init__(self, first):
        super().__init__(first.rules)
        self.writer = ChainWriter()
        self.lines = [self.writer.header(first)]
        self.states = []

    def read(self, inputs):
        decision = super().read(inputs)
        line = TickLine(inputs.now_s, inputs, decision.outputs, decision.events, decision.safety)
        self.lines.append(self.writer.tick(line))
        self.states.append(decision.state)
        return decision


def treated(first=None):
    """Run the whole treatment, the pedal released once under way; the last line is the journal's end."""
    cart = RecordedCart(first or header())
    cart.emit()
    cart.pedal = False
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.run(0.5)
    cart.tick(CommandType.CLOSE_SESSION)
    assert not cart.state.session_open
    cart.lines.append(cart.writer.end(summarise(cart.state)))
    return cart


def key_taken_out():
    """Return the lines of a session whose light is not known to have ended but by a supervisor's word."""
    cart = RecordedCart(header())
    cart.emit()
    cart.inject["laser"] = lambda laser: None
    cart.pedal = False
    cart.run(11.0)
    cart.reason = "key taken out"
    cart.tick(CommandType.CONFIRM_KEY_OFF, role="supervisor")
    return [*cart.lines, cart.writer.end(summarise(cart.state))]
