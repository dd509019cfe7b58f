"""What is left of a treatment that ended early, and what keeps it from being treated."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.recorded_cart import RecordedCart, header
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.session import RefusedError, open_rests, plan_session, recorded_rules, session_result
from tosca_kiosk.session.rest import rest_of
from tosca_kiosk.storage import (
    StorageError,
    events,
    import_journal,
    patients,
    session_parts,
    sessions,
    settings,
)

RULES = header().rules
PLAN = RULES.protocol
"""Two seconds at 5 W."""
FOR_REST = {"patient": "P-2026-0001", "technician": "jane", "rest_of": 1}


def opened(database, now, patient_id=1, plan=PLAN):
    with database.transaction(2) as transaction:
        return sessions.start(
            transaction,
            patient_id=patient_id,
            tech_id=1,
            start_utc=now,
            protocol_name=plan.name,
            protocol_snapshot=to_json(plan, named=True),
            protocol_id=None,
            origin="sim",
            treatment_site="forearm",
        ).session_id


def treated(
    database,
    folder,
    now,
    *,
    light_s=1.0,
    number=1,
    breaks_off=False,
    finished=False,
    rules=RULES,
    rest_of=None,
):
    """Open session `number` and import what its journal holds after so much light."""
    assert opened(database, now, plan=rules.protocol) == number
    if rest_of is not None:
        with database.transaction(1) as transaction:
            session_parts.join(transaction, number, rest_of)
    cart = RecordedCart(
        header(session_id=number, rules=msgspec.structs.replace(RULES, protocol=rules.protocol))
    )
    if light_s:
        cart.emit()
        cart.run_until(lambda: cart.state.finished if finished else cart.state.elapsed_s >= light_s)
    if not breaks_off:
        cart.pedal = False
        cart.run(1.0)
        cart.tick(CommandType.PAUSE)
        cart.run(0.5)
        cart.tick(CommandType.CLOSE_SESSION)
        cart.lines.append(cart.writer.end(summarise(cart.state)))
    else:
        assert cart.state.beam is Beam.EMITTING
    journal = folder / "journal.jsonl"
    journal.write_bytes(b"".join(cart.lines))
    import_journal(database, journal, now)
    return cart


def kept_larger(database, number, larger_j):
    with database.transaction(1) as transaction:
        transaction.update("session_energies", {"session_id": number}, larger_joules=larger_j)


def planned(database, config, **changes):
    return plan_session(database, config, **{**FOR_REST, **changes})


def test_the_rest_is_what_the_treatment_clock_has_not_reached(database, config, tmp_path, now):
    cart = treated(database, tmp_path, now)
    with database.reading() as reader:
        left = session_result(reader, 1).remainder
        [rest] = open_rests(reader, 1)
    assert left.duration_s == pytest.approx(2.0 - cart.state.elapsed_s, abs=1e-3)
    assert left.planned_energy_j == pytest.approx(5.0 * left.duration_s)
    plan = planned(database, config)
    assert plan.protocol == rest.plan
    assert (plan.protocol.name, plan.protocol.steps) == (f"{PLAN.name}, rest of session 1", left.steps)
    assert (plan.protocol_id, plan.site, plan.counted_parts) == (None, "forearm", frozenset({1}))


@pytest.mark.parametrize(
    ("treatment", "said"),
    [
        ({"finished": True}, "it is finished; plan a new session by its protocol"),
        ({"light_s": 0.0}, "it gave no light, so all of it is left; treat by its protocol"),
        ({"breaks_off": True}, "its record breaks off, so nobody knows how much light it gave; treat by a"),
    ],
    ids=["finished", "no light", "breaks off"],
)
def test_what_has_no_rest_is_refused(database, config, tmp_path, now, treatment, said):
    treated(database, tmp_path, now, **treatment)
    with pytest.raises(RefusedError, match=f"^session 1 has no rest to treat: {said}"):
        planned(database, config)
    with database.reading() as reader:
        assert open_rests(reader, 1) == ()


def test_an_open_session_another_patient_and_nobodys_session_are_refused(database, config, tmp_path, now):
    with pytest.raises(StorageError, match="no session has the number 1"):
        planned(database, config)
    treated(database, tmp_path, now)
    with database.transaction(1) as transaction:
        patients.add(transaction, now, code="P-2026-0002", created_by=1)
    with pytest.raises(RefusedError, match="session 1 was of P-2026-0001, not of P-2026-0002"):
        planned(database, config, patient="P-2026-0002")
    opened(database, now)
    with pytest.raises(RefusedError, match="session 2 has no rest to treat: it is in_progress; close it"):
        planned(database, config, rest_of=2)


def test_more_light_than_the_whole_plan_with_its_rest_is_refused(database, config, tmp_path, now):
    treated(database, tmp_path, now)
    kept_larger(database, 1, 5.7)
    with pytest.raises(RefusedError, match=r"5\.7 J were given and its rest is .* together over 1\.05 times"):
        planned(database, config)


def test_all_parts_together_keep_to_the_margin_of_the_whole_plan(database, config, tmp_path, now):
    treated(database, tmp_path, now)
    kept_larger(database, 1, 5.4)
    second = planned(database, config)
    assert second.rest.whole_j == pytest.approx(10.0)
    left_j = second.rules.limits.dose_margin * second.protocol.planned_energy_j
    assert 5.4 + left_j == pytest.approx(10.5), "not 5.4 J and 1.05 times its rest"
    treated(database, tmp_path, now, light_s=0.5, number=2, rules=second.rules, rest_of=1)
    with database.reading() as reader:
        assert recorded_rules(reader, config, 2) == second.rules, "whoever compares it finds the same"
        assert recorded_rules(reader, config, 1).limits.dose_margin == 1.05
    kept_larger(database, 2, 2.6)
    third = planned(database, config, rest_of=2)
    left_j = third.rules.limits.dose_margin * third.protocol.planned_energy_j
    assert 5.4 + 2.6 + left_j == pytest.approx(10.5)


def test_a_sites_tighter_margin_holds_for_all_parts_together(database, config, tmp_path, now):
    treated(database, tmp_path, now)
    with database.transaction(1) as transaction:
        settings.put(transaction, "interlock_dose_margin", 0.5, now)
    plan = planned(database, config)
    left_j = plan.rules.limits.dose_margin * plan.protocol.planned_energy_j
    assert plan.rest.given_j + left_j == pytest.approx(5.0)
    kept_larger(database, 1, 5.4)
    with pytest.raises(
        RefusedError, match=r"5\.4 J were given, and all parts may give no more than 0\.5 times"
    ):
        planned(database, config)


def test_what_was_changed_of_the_plan_is_changed_in_its_rest_and_in_what_was_planned(
    database, config, tmp_path, now
):
    treated(database, tmp_path, now)
    details = {
        "action": "protocol_power_override",
        "old_value": 5.0,
        "new_value": 3.0,
        "reason": "patient tolerance",
        "elapsed_s": 0.5,
    }
    event = TreatmentEvent("user_action", 0.0, 0.0, 3.0, 1000.0, 0.0, False, False, {}, details)
    refused = msgspec.structs.replace(event, details={**details, "refused": "no session is open"})
    with database.transaction(2) as transaction:
        events.append_treatment(transaction, 1, now, [(9.0, refused), (9.0, event)])
    with database.reading() as reader:
        told = session_result(reader, 1)
    [deviation] = told.happened.deviations
    assert (deviation.old_value, deviation.new_value, deviation.reason) == (5.0, 3.0, "patient tolerance")
    assert told.planned_j == pytest.approx(0.5 * 5.0 + 1.5 * 3.0)
    [step] = told.remainder.steps
    assert (step.power_start_w, step.power_end_w) == (3.0, 3.0)


def test_the_limits_of_today_hold(database, config, tmp_path, now):
    treated(database, tmp_path, now)
    with database.transaction(1) as transaction:
        settings.put(transaction, "max_laser_power_watts", 4.0, now)
    with pytest.raises(DocumentError, match="the rest of session 1: steps"):
        planned(database, config)


def test_a_treatment_has_one_second_part_whoever_asks(database, config, tmp_path, now):
    treated(database, tmp_path, now)
    number = opened(database, now)
    with database.transaction(1) as transaction:
        session_parts.join(transaction, number, 1)
    with (
        pytest.raises(StorageError, match="session 1 has its second part already"),
        database.transaction() as t,
    ):
        session_parts.join(t, 3, 1)
    with pytest.raises(StorageError, match="has its second part already"), database.transaction() as t:
        t.insert("session_parts", session_id=3, first_session_id=1)
    with database.reading() as reader, pytest.raises(RefusedError, match="session 2 was opened for it"):
        rest_of(reader, session_result(reader, 1))
