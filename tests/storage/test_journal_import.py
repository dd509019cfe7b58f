"""A journal becomes rows once, whole or as far as it goes, and never anything that was not written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
import pytest

from benchmarks.rigs.recorded_cart import STARTED_UTC, RecordedCart, header, key_taken_out
from tests.storage.refusal import refused
from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.summary import LIGHT_NOT_CONFIRMED, summarise
from tosca_kiosk.journal.tail import lock_journal, make_tail, segment_path
from tosca_kiosk.storage import Database, check, import_journal, recover, sessions
from tosca_kiosk.storage.events import JournalTreatmentEvent


@pytest.fixture(scope="module")
def cart(whole):
    return whole


def written(journal, lines):
    journal.write_bytes(b"".join(lines))
    return journal


def emitting_tick(cart):
    """Return how many lines there are up to the middle of the light."""
    lit = [number for number, state in enumerate(cart.states) if state.emission_s > 1.0]
    return lit[0] + 2


def counts(database):
    """Return how many rows each log has, and how many hashes or links go with them."""
    of = (
        "treatment_events",
        "treatment_events_chain",
        "safety_log",
        "chain_links WHERE log = 'safety_log'",
    )
    return [database.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in of]


def test_the_import_knows_an_event_as_the_domain_does():
    assert JournalTreatmentEvent.__struct_fields__ == TreatmentEvent.__struct_fields__


def test_a_whole_journal_becomes_rows_and_closes_the_session(database, journal, cart, now):
    imported = import_journal(database, written(journal, cart.lines), now, operator_id=1)
    events = [event for decision in cart.decisions for event in decision.events]
    safety = [event for decision in cart.decisions for event in decision.safety]
    assert len(events) > 40
    assert len(safety) > 0
    assert (imported.session_id, imported.whole) == (1, True)
    assert (imported.treatment_events, imported.safety_events) == (len(events), len(safety))
    assert imported.ticks == len(cart.decisions)
    assert counts(database) == [len(events), len(events), len(safety) + 1, len(safety) + 1]
    assert check(database).problems == ()


def test_rows_say_what_the_events_said(database, journal, cart, now):
    import_journal(database, written(journal, cart.lines), now)
    timed = [(decision.state.now_s, event) for decision in cart.decisions for event in decision.events]
    rows = database.rows("SELECT * FROM treatment_events ORDER BY event_id")
    for (t_s, event), row in zip(timed, rows, strict=True):
        assert row["time_offset_ms"] == round(t_s * 1000)
        assert row["event_type"] == event.event_type
        assert row["laser_power_actual_watts"] == event.power_actual_w
        assert row["photodiode_voltage_v"] == event.photodiode_v
        assert row["footpedal_state"] == event.footpedal
        assert msgspec.json.decode(row["interlock_status"]) == event.interlocks
        assert msgspec.json.decode(row["event_details"]) == event.details
    assert rows[0]["timestamp"] == "2026-03-14 09:26:53.999793"


def test_the_session_row_gets_the_summary_and_the_database_keeps_the_head(database, journal, cart, now):
    import_journal(database, written(journal, cart.lines), now)
    row, summary = sessions.get(database, 1), summarise(cart.state)
    assert (row.status, row.abort_reason) == ("completed", None)
    assert row.total_laser_on_time_seconds == summary.laser_on_time_s > 1.9
    assert (row.avg_power_watts, row.max_power_watts) == (summary.avg_power_w, summary.max_power_w)
    assert row.total_energy_joules == summary.energy_j > 7.0
    kept = database.find_one("session_journals", session_id=1)
    assert (kept["head_hash"], kept["is_whole"]) == (cart.writer.head.hex(), True)
    assert (kept["tick_count"], kept["imported_date"]) == (cart.writer.ticks, now)


def test_a_journal_is_imported_once(database, journal, cart, now):
    import_journal(database, written(journal, cart.lines), now)
    before = counts(database)
    with refused("session 1 is completed already"):
        import_journal(database, journal, now)
    assert counts(database) == before


@pytest.mark.parametrize("torn_bytes", [0, 1, 100])
def test_a_journal_cut_short_is_imported_as_far_as_it_goes(database, journal, cart, now, torn_bytes):
    whole = emitting_tick(cart)
    imported = import_journal(
        database, written(journal, [*cart.lines[:whole], cart.lines[whole][:torn_bytes]]), now
    )
    events = [event for decision in cart.decisions[: whole - 1] for event in decision.events]
    assert imported.whole is False
    assert imported.ticks == whole - 1
    assert counts(database)[0] == len(events)
    words = f"{LIGHT_NOT_CONFIRMED}; the program ended before the session was closed"
    row, state = sessions.get(database, 1), cart.states[whole - 2]
    assert (row.status, row.abort_reason) == ("aborted", words)
    assert row.total_energy_joules == state.measured_j > 2.0
    assert row.total_laser_on_time_seconds == state.emission_s
    assert row.max_power_watts == state.max_measured_w
    assert check(database).problems == ()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: lines[:9] + lines[10:], 10),
        (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], 10),
        (lambda lines: [*lines[:9], lines[9].replace(b'"t":', b'"t": ', 1), *lines[10:]], 10),
        (lambda lines: [*lines[:-2], lines[-1]], None),
        (lambda lines: lines[1:], 1),
        (lambda lines: [], 1),
    ],
)
def test_a_journal_that_was_touched_is_refused_whole_and_the_line_is_named(
    database, journal, cart, now, change, line
):
    lines = change(cart.lines)
    with refused(f"{journal}: the journal is damaged at line {line or len(lines)}"):
        import_journal(database, written(journal, lines), now)
    assert counts(database)[0] == 0
    assert sessions.get(database, 1).status == "in_progress"


@pytest.mark.parametrize(
    "change", [{"patient_id": 2}, {"tech_id": 2}, {"started_utc": "2026-03-14 09:26:54.000000"}]
)
def test_a_journal_of_another_session_is_refused(database, journal, now, change):
    writer = ChainWriter()
    with refused("the journal is of another session 1"):
        import_journal(database, written(journal, [writer.header(header(**change))]), now)


def test_a_journal_of_a_session_that_is_not_here_or_no_file_at_all_is_refused(database, journal, now):
    writer = ChainWriter()
    with refused("no session has the number 7"):
        import_journal(database, written(journal, [writer.header(header(session_id=7))]), now)
    with refused(r"the journal cannot be read \(No such file or directory\)"):
        import_journal(database, journal.with_name("missing.jsonl"), now)


EVENT_OF_ANOTHER_SCHEMA = b'{"t":0.01,"i":[],"o":[],"e":[{"event_type":"laser_on"}]}'
INPUTS_OF_ANOTHER_SCHEMA = b'{"t":0.01,"i":{"pedal":true},"o":[]}'


def rightly_chained(cart, ticks, *foreign, end=None):
    """Return so many of the cart's own lines and others after them, in one chain."""
    writer, lines = ChainWriter(), cart.lines[: ticks + 1]
    writer.header(header())
    writer.head, writer.ticks = bytes.fromhex(lines[-1][-67:-3].decode()), ticks
    for json_object in foreign:
        body = json_object[:-1]
        digest = sha256(writer.head + body)
        lines.append(b'%b,"h":"%b"}\n' % (body, digest.hexdigest().encode()))
        writer.head, writer.ticks = digest.digest(), writer.ticks + 1
    return lines if end is None else [*lines, writer.end(end)]


def test_a_rightly_chained_event_of_another_schema_is_refused_with_its_line(database, journal, cart, now):
    lines = rightly_chained(cart, 8, EVENT_OF_ANOTHER_SCHEMA, end=summarise(cart.state))
    with refused(rf"{journal}: .* line 10: not a tick of this program \(Expected `array`"):
        import_journal(database, written(journal, lines), now)
    assert counts(database)[0] == 0
    assert sessions.get(database, 1).status == "in_progress"


def test_a_tick_that_cannot_be_decided_again_is_refused_with_its_line(database, journal, cart, now):
    lines = rightly_chained(cart, 8, INPUTS_OF_ANOTHER_SCHEMA)
    with refused(r"line 10: not a tick of this program \(Expected `array`"):
        import_journal(database, written(journal, lines), now)
    assert sessions.get(database, 1).status == "in_progress"


@pytest.mark.parametrize("foreign", [EVENT_OF_ANOTHER_SCHEMA, INPUTS_OF_ANOTHER_SCHEMA])
def test_recovery_goes_as_far_as_the_ticks_are_this_programs(database, journal, cart, now, tmp_path, foreign):
    ticks = emitting_tick(cart)
    written(journal, rightly_chained(cart, ticks, foreign))
    [closed] = recover(database, tmp_path, now)
    assert closed.status == "aborted"
    assert f"its journal is damaged at line {ticks + 2}: not a tick of this program" in closed.abort_reason
    assert closed.total_energy_joules == cart.states[ticks - 1].measured_j > 2.0


@pytest.mark.parametrize("content", [msgspec.json.encode(header(version=2)), b'{"kind":"start","version":2}'])
def test_a_journal_of_another_format_is_refused_by_its_version(database, journal, now, content):
    with refused(f"{journal}: a journal of format 2, this program reads format 1; use the version"):
        import_journal(database, written(journal, [content, b"\n"]), now)


def test_a_failing_import_leaves_nothing_behind(database, path, journal, cart, now):
    with closing(sqlite3.connect(path)) as tool:
        tool.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON session_journals "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    before = counts(database)
    with refused("the disk is full, nothing was written"):
        import_journal(database, written(journal, cart.lines), now)
    assert counts(database) == before
    assert sessions.get(database, 1).status == "in_progress"


def test_recovery_closes_what_a_crash_left_open(database, journal, cart, now, tmp_path):
    written(journal, cart.lines[: emitting_tick(cart)])
    [closed] = recover(database, tmp_path, now, operator_id=1)
    assert (closed.session_id, closed.status) == (1, "aborted")
    assert closed.total_energy_joules > 2.0
    assert recover(database, tmp_path, now) == []


def critical_rows(database):
    return database.rows("SELECT * FROM safety_log WHERE severity = 'critical' ORDER BY log_id")


def test_what_a_crash_left_in_light_is_closed_as_not_confirmed_dark(database, journal, cart, now, tmp_path):
    lines = cart.lines[: emitting_tick(cart)]
    written(journal, lines)
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason == (
        "light not confirmed ended; the program ended before the session was closed"
    )
    [row] = critical_rows(database)
    assert (row["session_id"], row["event_type"]) == (1, "interlock_failure")
    assert (row["system_state"], row["laser_state"], row["action_taken"]) == (
        "treating", "on", "session_closed",
    )  # fmt: skip
    assert "turn the laser's key off" in row["description"]
    last = datetime.fromisoformat(STARTED_UTC) + timedelta(seconds=cart.states[len(lines) - 2].now_s)
    assert row["timestamp"] == f"{last}"
    assert check(database).problems == ()


def dark_tick(cart):
    """Return how many lines there are up to darkness that is known behind the light."""
    return 1 + next(
        number for number, state in enumerate(cart.states, start=1) if state.dark and state.emission_s > 0.0
    )


def test_what_a_crash_left_in_known_darkness_is_closed_in_todays_words(
    database, journal, cart, now, tmp_path
):
    written(journal, cart.lines[: dark_tick(cart)])
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason == "the program ended before the session was closed"
    assert critical_rows(database) == []


def test_a_tick_before_darkness_is_known_it_is_not(database, journal, cart, now, tmp_path):
    written(journal, cart.lines[: dark_tick(cart) - 1])
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason.startswith(LIGHT_NOT_CONFIRMED)
    assert len(critical_rows(database)) == 1


def test_an_end_that_left_the_session_in_light_brings_the_row_too(database, journal, now):
    cart = RecordedCart(header())
    cart.emit()
    cart.lines.append(cart.writer.end(summarise(cart.state, "stopped")))
    imported = import_journal(database, written(journal, cart.lines), now)
    assert (imported.whole, imported.summary.status) == (True, "aborted")
    assert imported.summary.abort_reason == f"{LIGHT_NOT_CONFIRMED}; stopped"
    assert len(critical_rows(database)) == 1


def test_a_supervisors_word_is_one_row_and_is_not_doubled(database, journal, now):
    imported = import_journal(database, written(journal, key_taken_out()), now)
    assert imported.summary.abort_reason.startswith(f"{LIGHT_NOT_CONFIRMED}; laser")
    told = [row for row in critical_rows(database) if row["action_taken"] == "session_closed"]
    assert [row["description"] for row in told] == [
        "Light not confirmed ended. A supervisor confirmed that the laser's key is off: key taken out"
    ]


def in_memory_from(journal, lines, first):
    """Leave a journal as a killed writer does: the disk has its first lines, memory has them all."""
    written(journal, lines[:first])
    tail = make_tail(journal.parent)
    segment_path(tail, 0).write_bytes(b"".join(lines))
    return tail


@pytest.mark.parametrize("on_disk", [0, 1, 20])
def test_recovery_goes_as_far_as_memory_does(database, journal, cart, now, tmp_path, on_disk):
    lines = cart.lines[: emitting_tick(cart)]
    tail = in_memory_from(journal, lines, on_disk)
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason.endswith("the program ended before the session was closed")
    assert closed.total_energy_joules == cart.states[len(lines) - 2].measured_j
    assert journal.read_bytes() == b"".join(lines)
    assert not tail.exists()


def test_an_import_goes_as_far_as_memory_does(database, journal, cart, now):
    in_memory_from(journal, cart.lines, 20)
    imported = import_journal(database, journal, now)
    assert (imported.whole, imported.ticks) == (True, len(cart.lines) - 2)
    assert journal.read_bytes() == b"".join(cart.lines)


def test_a_journal_that_control_still_writes_is_left_to_it(database, journal, cart, now, tmp_path):
    tail = in_memory_from(journal, cart.lines, 20)
    with journal.open("ab") as writer:
        lock_journal(writer.fileno())
        for attempt in (
            lambda: recover(database, tmp_path, now),
            lambda: import_journal(database, journal, now),
        ):
            with refused(f"{journal}: the journal is still being written; try again when its session has"):
                attempt()
    assert sessions.get(database, 1).status == "in_progress"
    assert journal.read_bytes() == b"".join(cart.lines[:20])
    assert [closed.status for closed in recover(database, tmp_path, now)] == ["completed"]
    assert not tail.exists()


def test_recovery_of_a_session_that_had_ended_keeps_its_end(database, journal, cart, now, tmp_path):
    written(journal, cart.lines)
    assert [closed.status for closed in recover(database, tmp_path, now)] == ["completed"]


def test_recovery_goes_as_far_as_the_chain_holds_and_says_where_it_breaks(
    database, journal, cart, now, tmp_path
):
    whole = emitting_tick(cart)
    written(journal, [*cart.lines[:whole], b"\0" * 50 + b"\n", *cart.lines[whole:-1]])
    [closed] = recover(database, tmp_path, now)
    assert closed.status == "aborted"
    assert f"its journal is damaged at line {whole + 1}" in closed.abort_reason
    assert closed.total_energy_joules == cart.states[whole - 2].measured_j
    assert database.find_one("session_journals", session_id=1)["is_whole"] is False


@pytest.mark.parametrize("content", [None, b"", b'{"kind":"head'])
def test_recovery_closes_a_session_that_recorded_nothing(database, journal, now, tmp_path, content):
    if content is not None:
        journal.write_bytes(content)
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason == "the program ended before anything was recorded"
    assert (closed.total_energy_joules, closed.duration_seconds) == (0.0, 0)


def test_recovery_closes_a_session_whose_journal_has_lost_its_header(database, journal, cart, now, tmp_path):
    written(journal, [b"\0" * len(cart.lines[0]), *cart.lines[1:]])
    before = journal.read_bytes()
    [closed] = recover(database, tmp_path, now)
    assert closed.status == "aborted"
    assert closed.abort_reason == (
        "the program ended before the session was closed; its journal is damaged at line 1: the header is "
        "not what was written"
    )
    assert (counts(database)[0], journal.read_bytes()) == (0, before)


def test_imported_rows_survive_closing_and_opening(path, database, journal, cart, now):
    import_journal(database, written(journal, cart.lines), now)
    before = counts(database)
    database.close()
    with Database.open(path, create=False) as again:
        assert counts(again) == before
        assert check(again).problems == ()
