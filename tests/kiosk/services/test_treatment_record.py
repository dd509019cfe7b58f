"""A session's row from opening to summary, and what a crash or a lost disk leaves."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import ChainWriter, TickLine
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.kiosk.services import accounts, history, people, treatment
from tosca_kiosk.link.messages import SafetyNotice
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import StorageError, check, sessions
from tosca_kiosk.storage.signing import KEY_NAME

PROTOCOL = "Constant 5 W, 60 s"


@pytest.fixture
def patient(record):
    accounts.set_up(record, "271828", "Jane Doe", "314159")
    return people.add(record, "P-2026-0001", "", 1)


def back_up(record):
    """Have the backup made that precedes a session."""
    record.backup.begin()
    assert record.backup.wait(20.0)


@pytest.fixture
def opened(record, patient):
    prepared = treatment.prepare(record, patient.patient_code, "jane.doe", PROTOCOL)
    back_up(record)
    return treatment.open_row(record, prepared.plan, {})


def treat(opened, light_s, *, whole=True):
    """Write the journal that control would have written for so many seconds of light."""
    cart, chain = IdealCart(opened.header.rules), ChainWriter()
    lines = [chain.header(opened.header)]
    real_inputs = cart.inputs
    newest = []

    def inputs(*commands, role=None):
        newest[:] = [real_inputs(*commands, role=role)]
        return newest[0]

    cart.inputs = inputs
    real_tick = cart.tick

    def tick(*commands, role=None):
        decision = real_tick(*commands, role=role)
        line = TickLine(newest[0].now_s, newest[0], decision.outputs, decision.events, decision.safety)
        lines.append(chain.tick(line))
        return decision

    cart.tick = tick
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.elapsed_s >= light_s)
    cart.pedal = False
    cart.run(0.5)
    if whole:
        cart.tick(CommandType.PAUSE)
        cart.tick(CommandType.CLOSE_SESSION)
        lines.append(chain.end(summarise(cart.state)))
    (opened.folder / "journal.jsonl").write_bytes(b"".join(lines))
    return cart


def test_preparing_makes_no_row(record, patient):
    prepared = treatment.prepare(record, patient.patient_code, "jane.doe", PROTOCOL)
    assert prepared.plan.rules.power_limit_w == 5.0
    assert record.database.find("sessions") == []


def test_an_opened_session_has_row_folder_and_header(record, opened):
    assert opened.session.status == "in_progress"
    assert opened.folder.is_dir()
    assert opened.header.session_id == opened.session.session_id
    assert opened.header.origin == "sim"
    assert list(opened.folder.iterdir()) == []  # the journal is control's


def test_a_session_that_cannot_have_its_folder_has_no_row(record, patient):
    prepared = treatment.prepare(record, patient.patient_code, "jane.doe", PROTOCOL)
    back_up(record)
    (record.data_dir / "sessions").write_text("in the way")
    with pytest.raises(RefusedError, match="cannot be made"):
        treatment.open_row(record, prepared.plan, {})
    assert record.database.find("sessions") == []


def test_closing_imports_the_journal_and_the_result_is_its_plot_and_its_figures(record, opened):
    cart = treat(opened, 3.0)
    session = treatment.close_row(record, opened.session.session_id, 2)
    assert session.status == "aborted"
    assert session.total_energy_joules == pytest.approx(cart.state.measured_j)
    result = history.result(record, session.session_id)
    assert result.result.patient_code == "P-2026-0001"
    assert result.result.plan.name == PROTOCOL
    assert max(result.plot.set_w) == pytest.approx(5.0)
    assert len(result.plot.times_s) == len(result.plot.measured_w) > 30
    assert result.plot.times_s == tuple(sorted(result.plot.times_s))


def test_the_record_is_signed_up_to_the_end_of_each_session(record, opened):
    treat(opened, 0.5)
    treatment.close_row(record, opened.session.session_id, 2)
    report = check(record.database)
    assert (report.damage, report.heads.signed_up_to) == ((), report.links)


def test_without_the_carts_key_no_session_begins_and_one_that_runs_is_closed(record, patient):
    prepared = treatment.prepare(record, patient.patient_code, "jane.doe", PROTOCOL)
    back_up(record)
    opened = treatment.open_row(record, prepared.plan, {})
    treat(opened, 0.5)
    (record.data_dir / KEY_NAME).unlink()
    assert treatment.close_row(record, opened.session.session_id, 2).status == "aborted"
    back_up(record)
    with pytest.raises(StorageError, match="the cart's key is missing; bring the cart's own file back"):
        treatment.open_row(record, prepared.plan, {})
    assert len(record.database.find("sessions")) == 1


def test_closing_twice_changes_nothing(record, opened):
    treat(opened, 0.5)
    first = treatment.close_row(record, opened.session.session_id, 2)
    assert treatment.close_row(record, opened.session.session_id, 2) == first


def test_the_light_of_a_session_is_known_before_the_next_one(record, wall, opened):
    cart = treat(opened, 2.0)
    treatment.close_row(record, opened.session.session_id, 2)
    earlier = treatment.prepare(record, "P-2026-0001", "jane.doe", PROTOCOL).earlier
    assert earlier.must_ask
    assert earlier.energy_j == max(cart.state.measured_j, cart.state.commanded_j)
    assert history.result(record, opened.session.session_id).result.given == earlier.sessions[0].energies


def test_what_a_crash_left_open_is_closed_with_what_its_journal_holds(record, opened):
    treat(opened, 1.0, whole=False)
    (closed,) = treatment.close_interrupted(record)
    assert closed.status == "aborted"
    assert closed.total_energy_joules > 3.0
    assert sessions.interrupted(record.database) == []


def test_a_running_session_is_found_again_by_its_number(record, opened, patient):
    adopted = treatment.adopt(record, opened.session.session_id)
    assert adopted.patient == patient
    assert adopted.technician.username == "jane.doe"
    assert adopted.protocol.name == PROTOCOL
    with pytest.raises(StorageError, match="no session has the number 99"):
        treatment.adopt(record, 99)


def test_the_rest_of_a_session_is_offered_and_opened_as_its_second_part(record, opened):
    treat(opened, 3.0)
    treatment.close_row(record, opened.session.session_id, 2)
    [rest] = treatment.prepare(record, "P-2026-0001", "jane.doe", PROTOCOL).rests
    assert (rest.of_session, round(rest.plan.duration_s)) == (1, 57)
    prepared = treatment.prepare(record, "P-2026-0001", "jane.doe", None, rest_of=rest.of_session)
    assert [one.goes_on for one in prepared.earlier.sessions] == [True]
    back_up(record)
    second = treatment.open_row(record, prepared.plan, {})
    assert second.header.rules.protocol.name == f"{PROTOCOL}, rest of session 1"
    told = history.result(record, 1).result
    assert (told.parts.finished_by, told.remainder.duration_s) == (2, rest.plan.duration_s)
    treat(second, 0.5, whole=False)
    treatment.close_interrupted(record)
    with pytest.raises(RefusedError, match="session 2 was opened for it"):
        treatment.prepare(record, "P-2026-0001", "jane.doe", None, rest_of=1)


def test_a_rest_that_is_taken_meanwhile_opens_nothing(record, opened):
    treat(opened, 3.0)
    treatment.close_row(record, opened.session.session_id, 2)
    plans = [treatment.prepare(record, "P-2026-0001", "jane.doe", None, rest_of=1).plan for _ in range(2)]
    back_up(record)
    second = treatment.open_row(record, plans[0], {})
    treat(second, 0.5)
    treatment.close_row(record, second.session.session_id, 2)
    back_up(record)
    with pytest.raises(RefusedError, match="session 2 was opened for it"):
        treatment.open_row(record, plans[1], {})
    assert len(record.database.find("sessions")) == 2


def test_notes_are_kept_with_the_session_and_others_later_stand_beside_them(record, opened):
    treat(opened, 0.5)
    number = treatment.close_row(record, opened.session.session_id, 2).session_id
    assert history.annotate(record, number, "slight redness ", 2).session.post_treatment_notes == (
        "slight redness"
    )
    told = history.annotate(record, number, "no redness", 2)
    assert told.said("post_treatment_notes") == "no redness"
    assert told.session.post_treatment_notes == "slight redness"
    [amendment] = told.amendments
    assert (amendment.username, amendment.reason) == ("jane.doe", "written anew on the cart's summary")


def test_what_control_notices_outside_a_session_stands_in_the_log(record, patient):
    event = SafetyEvent("e_stop_pressed", "emergency", "pressed", "idle", "off", False, None, 0.0, "none", {})
    notice = msgspec.json.decode(
        msgspec.json.encode(SafetyNotice("2026-03-14 09:00:00.000000", (event,))), type=SafetyNotice
    )
    assert history.keep_notice(record, notice, 2) == 1
    newest = history.safety_rows(record)[0]
    assert (newest.event_type, newest.session_id, newest.operator) == ("e_stop_pressed", None, "Jane Doe")
    assert f"{newest.time:%H:%M:%S}" == "09:00:00"


def test_the_log_comes_in_pages_newest_first(record, patient):
    for number in range(history.LOG_ROWS + 5):
        history.keep_own(record, "screen_restarted", f"line {number}", "idle", None)
    newest, older = history.safety_rows(record), history.safety_rows(record, 1)
    assert newest[0].description == f"line {history.LOG_ROWS + 4}"
    assert len(newest) == history.LOG_ROWS
    assert older[0].description == "line 4"


def test_a_record_that_is_gone_or_replaced_is_a_problem_though_sqlite_goes_on(record, tmp_path):
    assert record.problem(write=True) is None
    record.path.rename(tmp_path / "moved.db")
    assert "is gone" in record.problem(write=False)
    record.path.write_bytes((tmp_path / "moved.db").read_bytes())
    assert "replaced" in record.problem(write=True)


def test_a_record_that_is_not_open_says_so(record):
    record.close()
    assert "not open" in record.problem(write=False)
    with pytest.raises(StorageError, match="not open"):
        people.found(record, "")
