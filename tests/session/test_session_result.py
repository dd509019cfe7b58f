"""What the record says of one session: its figures, its faults and who reset them, how punctual it was."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.recorded_cart import RecordedCart, header, treated
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.session import session_result
from tosca_kiosk.storage import import_journal, sessions
from tosca_kiosk.storage.session_parts import Parts

STARTED = header().started_utc


@pytest.fixture
def session(database, now):
    with database.transaction(2) as transaction:
        return sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=now,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )


def closed(cart):
    """Return the journal of a cart whose session is over."""
    return [*cart.lines, cart.writer.end(summarise(cart.state))]


def told(database, folder, lines, now):
    journal = folder / "journal.jsonl"
    journal.write_bytes(b"".join(lines))
    import_journal(database, journal, now)
    with database.reading() as reader:
        return session_result(reader, 1)


def test_a_result_says_whose_it_was_what_was_given_and_what_was_in_force(database, session, tmp_path, now):
    cart = treated()
    result = told(database, tmp_path, cart.lines, now)
    assert (result.patient_code, result.technician.username) == ("P-2026-0001", "admin")
    assert result.given.larger_j == max(cart.state.measured_j, cart.state.commanded_j)
    assert result.happened.treatment_clock_s == pytest.approx(cart.state.elapsed_s, abs=1e-3)
    assert {one.calibration_type for one in result.calibrations} == {
        "actuator_position_to_ring_size",
        "photodiode_voltage_to_power",
        "laser_power_verification",
    }
    assert result.proof.whole
    assert result.proof.ticks == result.timing.ticks == cart.writer.ticks
    assert (result.parts, result.amendments, result.recordings) == (Parts(), (), ())


def test_a_fault_is_told_with_whoever_reset_it_and_why(database, session, tmp_path, now):
    cart = RecordedCart(header())
    cart.emit()
    cart.tick(CommandType.STOP)
    cart.run(3.0)
    given_s = cart.state.elapsed_s
    cart.reason = "looked at"
    cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    cart.run(0.5)
    cart.tick(CommandType.CLOSE_SESSION)
    result = told(database, tmp_path, closed(cart), now)
    [fault] = result.happened.faults
    assert (fault.event_type, fault.source, fault.severity) == ("e_stop_pressed", "screen", "emergency")
    assert fault.reset_s == pytest.approx(fault.time_s + 3.0, abs=0.05)
    assert (fault.reset_by, fault.reset_reason) == (None, "looked at")
    assert 0.0 < given_s == pytest.approx(result.happened.treatment_clock_s, abs=1e-3)


def test_a_record_that_breaks_off_in_light_does_not_know_its_treatment_clock(
    database, session, tmp_path, now
):
    cart = RecordedCart(header())
    cart.emit()
    cart.run(0.3)
    assert cart.state.beam is Beam.EMITTING
    result = told(database, tmp_path, cart.lines, now)
    assert (result.happened.treatment_clock_s, result.given.larger_j) == (None, None)


def late(cart, by_s):
    """Have the next tick begin so much later than it was due."""
    cart.inject.update(late_s=lambda _: by_s, now_s=lambda due_s: due_s + by_s)
    cart.run(0.01)
    cart.inject.clear()


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "cut short"])
def test_the_worst_lateness_of_this_very_treatment_is_in_its_record(database, session, tmp_path, now, whole):
    cart = RecordedCart(header())
    cart.run(1.0)
    late(cart, 0.0009)
    cart.run(0.5)
    late(cart, 0.0223)
    cart.run(0.5)
    lines = closed(cart) if whole else cart.lines
    timing = told(database, tmp_path, lines, now).timing
    assert (timing.ticks, timing.late_ticks) == (cart.writer.ticks, 1)
    assert timing.worst_late_ms == pytest.approx(22.3)


def test_lines_of_another_form_leave_the_lateness_unknown(database, session, tmp_path, now):
    cart = RecordedCart(header())
    cart.inject["late_s"] = lambda _: float("nan")  # which JSON does not know
    cart.run(0.1)
    cart.inject.clear()
    assert told(database, tmp_path, closed(cart), now).timing is None
    assert msgspec.json.encode(float("nan")) == b"null"
