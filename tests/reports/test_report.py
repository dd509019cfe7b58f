"""A report says what record and journal say, and no more: read back from its pages."""

from __future__ import annotations

import math
import re
import sqlite3
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest

from tests.reports import recorded
from tests.reports.recorded import LONG, NAME, START
from tests.storage.cast import treatment_event
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.reports import texts
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import (
    DATABASE_NAME,
    anchors,
    close_session,
    events,
    heads,
    session_amendments,
    sessions,
)


def test_it_says_whose_it_was_what_was_given_and_by_what(record):
    state, report = record.completed.cart.state, record.report(record.completed.number)
    first = report.pages[0]
    for said in (
        "P-2026-0001, born 1958",
        "Left cheek",
        f"{NAME} (sup)",
        "14 March 2026, 09:26:53",
        "Completed",
        "The plan was followed to its end.",
        "limit 9.49 W",
        "limit 10.5 J",
        f"Measured (photodiode) 10.0 {state.measured_j:.1f}",
        f"Commanded (current) 10.0 {state.commanded_j:.1f}",
        f"Counts as dose (larger) 10.0 {max(state.measured_j, state.commanded_j):.1f}",
    ):
        assert said in first, said
    for said in ("Step 1 begins; power set; light on", "Pedal released, paused; light off", "Session closed"):
        assert said in report.said, said


def test_pages_are_counted_and_a_simulated_session_says_so_on_each(record):
    report = record.report(record.completed.number)
    for number, page in enumerate(report.pages, start=1):
        assert f"Page {number} of {len(report.pages)}" in page
        assert texts.SIMULATED in page
        assert texts.RESEARCH in page
        assert "P-2026-0001" in page
    assert texts.SIMULATED not in record.report(record.fault.number).said
    assert "approved" not in report.said.lower()


def test_a_fault_is_told_with_whoever_reset_it(record):
    report = record.report(record.fault.number)
    [fault] = re.findall(
        r"STOP was pressed on the screen\. Reset when the reason is gone\. emergency (.*?) Safety",
        report.said,
    )
    assert fault.startswith(texts.NO_PIN)
    assert "looked at" in fault
    assert "Stop failed" in report.pages[0].replace("closed ", "") or "failed" in report.pages[0]


def test_calibrations_are_the_journals_own_and_one_that_the_record_lacks_is_told(record):
    said = record.report(record.completed.number).said
    made = START - timedelta(days=400)
    assert f"Ring (stage), no. 1 -1 {made.day} {texts.MONTHS[made.month - 1]} {made.year}" in said
    assert "Photodiode, no. 2 SIM-BOARD" in said
    assert said.count("overdue") == 2
    assert "Laser power, not in the record SIM-LASER not known not known" in said


def test_a_session_without_light_has_no_course_and_says_why(record):
    report = record.report(record.dark.number)
    assert texts.NO_LIGHT in report.pages[0]
    assert texts.NO_COURSE in report.pages[0]
    assert "Power, W 0" not in report.pages[0]


def test_what_broke_off_in_light_is_not_taken_for_known(record):
    report = record.report(record.broken.number)
    measured_j = record.broken.cart.state.measured_j
    for said in (
        texts.NOT_CONFIRMED,
        f"at least {measured_j:.1f} J",
        texts.REST_UNKNOWN,
        texts.U_CUT,
        texts.U_ENERGY,
    ):
        assert said in report.said, said
    assert "Counts as dose (larger) 10.0 not known not known" in report.pages[0]


def test_the_code_holds_the_newest_anchor(record):
    report = record.report(record.completed.number)
    with record.open() as database, database.reading() as reader:
        line = anchors.line_of(heads.newest(reader.connection))
    assert report.code == line
    assert line.replace(" ", "") in report.pages[-1].replace(" ", "")


def test_what_no_signature_covers_has_no_anchor(own):
    number = own.session(recorded.without_light, signed=False).number
    report = own.report(number)
    assert texts.NO_ANCHOR in report.said
    assert heads.FORM not in report.said


def test_the_same_record_makes_the_same_bytes_and_names_nobody_in_them(record):
    reports = [record.report(record.completed.number) for _ in range(2)]
    assert reports[0].content == reports[1].content
    metadata = reports[0].metadata
    assert metadata["Title"] == texts.TITLE
    assert not [value for value in metadata.values() if "P-2026" in value or NAME in value or "1958" in value]


def test_an_open_session_has_no_report(own):
    number = own.session(recorded.without_light, close=False).number
    with pytest.raises(RefusedError, match=rf"session {number} is still open \(in_progress\); end it"):
        own.report(number)


def test_long_notes_and_names_go_on_and_nothing_is_cut(own):
    site, before, after = LONG * 3, (LONG * 30 + "\n") * 3, "W" * 4000
    number = own.session(
        recorded.without_light, treatment_site=site, treatment_notes=before, protocol_name="Protokoll " * 30
    ).number
    with own.open() as database, database.transaction(2) as transaction:
        for field, text in (("post_treatment_notes", after), ("treatment_site", LONG * 20)):
            session_amendments.note(
                transaction, number, field, text, tech_id=2, reason=LONG * 5, now=START + timedelta(days=1)
            )
    report = own.report(number)
    letters = re.sub(
        r"Treatment report P-2026-0001.*?\(UTC\)|P-2026-0001 · session.*?Page \d+ of \d+", "", report.said
    )
    letters = re.sub(r"\s", "", letters)
    shown = re.sub(r"\s", "", LONG).translate(
        {ord(letter): f"[U+{ord(letter):04X}]" for letter in "左頬עברית\u202e\x07😀"}
    )
    assert letters.count(shown) >= 3 + 90 + 20 + 5 - 2 * len(report.pages)
    assert letters.count("W") >= len(after)
    assert letters.count("Protokoll") >= 30
    assert report.pages[-1].count(texts.SIGN_DOCTOR) == 1


def test_an_amendment_stands_beside_what_it_amends(own):
    number = own.session(recorded.without_light, treatment_site="Left cheek").number
    with own.open() as database, database.transaction(2) as transaction:
        session_amendments.note(
            transaction, number, "treatment_site", "Right cheek", tech_id=2, reason="mixed up", now=START
        )
    said = own.report(number).said
    assert "Left cheek" in said
    assert f"by {NAME} (sup); reason: mixed up" in said
    assert "Right cheek" in said


def test_an_override_is_a_deviation_and_changes_the_plan_in_force(own):
    kept = own.session(recorded.completed)
    clock_s = 1.25
    said = {"old_value": 5.0, "new_value": 6.5, "reason": "patient tolerance", "elapsed_s": clock_s}
    with own.open() as database, database.transaction(2) as transaction:
        [(ms,)] = transaction.tuples("SELECT time_offset_ms FROM treatment_events WHERE event_type = 'pause'")
        details = {"action": "protocol_power_override", **said}
        change = msgspec.structs.replace(treatment_event(0.0), event_type="user_action", details=details)
        events.append_treatment(transaction, kept.number, START, [(ms / 1000.0 + 0.5, change)])
    report = own.report(kept.number)
    planned_j = clock_s * 5.0 + (2.0 - clock_s) * 6.5
    assert "5.00 W 6.50 W patient tolerance" in report.said
    assert "Power overridden 5.00 W to 6.50 W patient tolerance" in report.said
    assert f"of {planned_j:.1f} J" in report.pages[0]
    assert "Before the deviations the plan was 10.0 J" in report.pages[0]
    assert "1, overridden" in report.said


def test_an_override_is_told_once_and_a_refused_one_as_what_was_not_done(record):
    events = record.report(record.overridden.number).said.partition(texts.EVENTS_HEADING)[2]
    events = events.partition(texts.DEVIATIONS_HEADING)[0]
    who = f"{NAME}, patient tolerance"
    for said in (
        f"Power overridden 5.00 W to 3.50 W {who}",
        f"Ring overridden 3.00 mm to 3.40 mm {who}",
    ):
        assert said in events, said
    assert re.search(r"Override of the power refused: 12 W asked, over 0 to 9.49 W allowed", events)
    assert events.count("overridden") == 2


def test_every_command_has_words_for_when_it_is_refused():
    assert set(texts.ASKED) == set(CommandType)


def test_an_infinite_time_or_value_of_another_hand_is_odd_and_stops_no_report(own):
    number = own.session(recorded.completed).number
    own.journal(number).unlink()
    with closing(sqlite3.connect(own.data_dir / DATABASE_NAME, isolation_level=None)) as tool:
        tool.executemany(
            "INSERT INTO treatment_events (session_id, timestamp, time_offset_ms, event_type, "
            f"laser_power_actual_watts, event_details) VALUES ({number}, 'now', ?, ?, ?, ?)",
            [
                (math.inf, "user_action", 1.0, '{"action": "protocol_power_override", "new_value": 4.0}'),
                (8000, "power_change", math.inf, '{"sample":true}'),
            ],
        )
    said = own.report(number).said
    assert texts.U_ODD_ROWS.format(count=1) in said
    assert "drawn from the samples" in said


def test_what_was_never_taken_into_the_record_is_not_said_to_be_none(own):
    kept = own.session(recorded.without_light, close=False)
    own.journal(kept.number).unlink()
    with own.open() as database:
        close_session(database, sessions.get(database, kept.number), own.data_dir, START)
    said = own.report(kept.number).said
    assert "Deviations from the protocol not known" in said
    assert "Faults, and who reset them not known" in said
    assert texts.JOURNAL_NEVER_TAKEN in said


@pytest.mark.parametrize("what", ["gone", "cut", "changed"])
def test_without_its_whole_journal_the_records_samples_are_drawn_and_that_is_said(own, what):
    kept = own.session(recorded.completed)
    journal = own.journal(kept.number)
    content = journal.read_bytes()
    if what == "gone":
        journal.unlink()
    elif what == "cut":
        journal.write_bytes(content[: len(content) // 2])
    else:
        journal.write_bytes(content.replace(b'"t":9.', b'"t":8.', 1))
    report = own.report(kept.number)
    said = {"gone": "No such file", "cut": "line", "changed": "line"}[what]
    [why] = re.findall(r"The journal is not used: (.*?)\.", report.said)
    assert said in why
    assert "drawn from the samples" in report.pages[0]
    assert f"Measured (photodiode) 10.0 {kept.cart.state.measured_j:.1f}" in report.pages[0]
    if what == "gone":
        assert texts.LIMIT_UNKNOWN in report.pages[0]
        assert texts.U_SOFTWARE in report.said
