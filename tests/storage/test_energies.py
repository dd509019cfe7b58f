"""Both energies of a session in the record: written with its end, told apart where they differ."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from benchmarks.rigs.recorded_cart import RecordedCart, header, key_taken_out, treated
from tests.storage.refusal import refused
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.storage import check, energies, import_journal, recover, sessions, settings
from tosca_kiosk.storage.energies import Energies

ASKED_ABOVE = "earlier_dose_asked_above_joules"


def of(database, session_id=1):
    with database.reading() as reader:
        return energies.of_sessions(reader, (session_id,))[session_id]


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.jsonl"


def blinded():
    """Return a cart whose photodiode was blocked from the first light on, its journal at its end."""
    cart = RecordedCart(header())
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.power_factor = 0.0
    cart.pedal = True
    cart.run_until(lambda: cart.state.faults)
    cart.run(0.5)
    cart.lines.append(cart.writer.end(summarise(cart.state)))
    return cart


def test_an_import_keeps_both_energies_and_the_larger(database, session, journal, now):
    cart = treated()
    journal.write_bytes(b"".join(cart.lines))
    import_journal(database, journal, now)
    measured_j, commanded_j = cart.state.measured_j, cart.state.commanded_j
    assert of(database) == Energies(measured_j, commanded_j, max(measured_j, commanded_j))
    assert sessions.get(database, 1).total_energy_joules == measured_j
    assert not of(database).differ
    assert database.find("safety_log", session_id=1, event_type="photodiode_out_of_range") == []


def test_energies_that_differ_are_a_warning_in_the_safety_log(database, session, journal, now):
    cart = blinded()
    journal.write_bytes(b"".join(cart.lines))
    imported = import_journal(database, journal, now)
    told = of(database)
    assert told.measured_j == 0.0
    assert told.larger_j == told.commanded_j > 1.0
    rows = database.find("safety_log", order_by="log_id", session_id=1)
    assert imported.safety_events == len(rows)
    assert rows[-1]["severity"] == "warning"
    assert rows[-1]["event_type"] == "photodiode_out_of_range"
    commanded = f"{told.commanded_j:.1f} J"
    assert rows[-1]["description"].startswith(
        f"Measured 0.0 J, commanded {commanded}: {commanded} counts. Check"
    )
    assert json.loads(rows[-1]["details"])["commanded_energy_joules"] == told.commanded_j
    assert check(database).problems == ()


def test_a_journal_cut_short_keeps_what_it_tells(database, session, journal, now):
    cart = blinded()
    journal.write_bytes(b"".join(cart.lines[:-20]))
    import_journal(database, journal, now)
    assert of(database).larger_j == of(database).commanded_j > 1.0


def test_where_a_journal_breaks_the_energy_is_not_known(database, session, journal, now):
    cart = treated()
    broken = [*cart.lines[:-30], b'{"broken":1}\n', *cart.lines[-29:-1]]
    journal.write_bytes(b"".join(broken))
    import_journal(database, journal, now, salvage=True)
    told = of(database)
    assert told.larger_j is None
    assert told.at_least_j == max(told.measured_j, told.commanded_j) > 1.0


def test_a_journal_that_breaks_and_has_its_end_tells_it(database, session, journal, now):
    cart = treated()
    journal.write_bytes(b"".join([cart.lines[0], b'{"broken":1}\n', *cart.lines[2:]]))
    imported = import_journal(database, journal, now, salvage=True)
    assert imported.damage == "its journal is damaged at line 2: changed, missing or out of order"
    assert (imported.whole, imported.summary) == (False, summarise(cart.state))
    assert of(database).larger_j == max(cart.state.measured_j, cart.state.commanded_j) > 1.0


def test_where_nobody_knows_when_the_light_ended_its_energy_is_not_known(database, session, journal, now):
    """The light goes on behind the record's end, however whole the record is."""
    cart = RecordedCart(header())
    cart.emit()
    cart.run(0.5)
    cart.lines.append(cart.writer.end(summarise(cart.state)))
    journal.write_bytes(b"".join(cart.lines))
    assert import_journal(database, journal, now).whole
    told = of(database)
    assert told.larger_j is None
    assert told.at_least_j == max(told.measured_j, told.commanded_j) > 1.0


def test_nor_is_it_after_a_supervisors_word_that_the_key_is_off(database, session, journal, now):
    journal.write_bytes(b"".join(key_taken_out()))
    import_journal(database, journal, now)
    assert of(database).larger_j is None


@pytest.mark.parametrize(("content", "larger_j"), [(b"", 0.0), (b'{"broken":1}\n', None)])
def test_a_journal_without_a_header_held_no_light_and_one_that_breaks_in_it_may(
    database, session, tmp_path, now, content, larger_j
):
    folder = sessions.folder_of(session, tmp_path)
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes(content)
    recover(database, tmp_path, now)
    assert of(database).larger_j == larger_j


def test_a_journal_from_before_the_commanded_energy_was_told_leaves_the_larger_unknown(
    database, session, journal, now
):
    cart = RecordedCart(header())
    cart.tick()
    old = Summary("aborted", "test", 1.0, 1.0, 5.0, 5.0, 5.0)
    journal.write_bytes(b"".join([*cart.lines, cart.writer.end(old)]))
    import_journal(database, journal, now)
    assert of(database) == Energies(5.0, None, None)
    assert energies.in_words(of(database)) == "Measured 5.0 J, commanded not recorded."


@pytest.mark.parametrize(
    ("measured_j", "commanded_j", "differ"),
    [
        (0.0, 1.6, True),
        (0.0, 0.5, False),
        (0.0, 0.51, True),
        (100.0, 95.0, False),
        (100.0, 94.9, True),
        (94.9, 100.0, True),
        (None, 5.0, False),
        (5.0, None, False),
    ],
)
def test_energies_differ_by_more_than_a_twentieth_and_half_a_joule(measured_j, commanded_j, differ):
    assert Energies(measured_j, commanded_j, 5.0).differ is differ


def test_energies_in_words():
    assert energies.in_words(Energies(0.0, 1.6, 1.6)) == "Measured 0.0 J, commanded 1.6 J: 1.6 J counts."
    assert energies.in_words(Energies(0.0, 1.6, None)) == "Measured 0.0 J, commanded 1.6 J: not all is known."
    assert energies.in_words(energies.UNKNOWN) == "Measured unknown, commanded not recorded."


@pytest.mark.parametrize(
    ("on_time_s", "energy_j", "is_whole", "larger_j"),
    [
        (60.0, 298.8, True, None),
        (60.0, 0.004, True, None),
        (1.0, 0.0, True, None),
        (0.0, 0.004, True, None),
        (None, None, True, None),
        (0.0, 0.0, False, None),
        (0.0, 0.0, None, None),
        (0.0, 0.0, True, 0.0),
    ],
)
def test_a_session_from_before_has_a_known_energy_only_where_it_provably_had_no_light(
    database, session, path, on_time_s, energy_j, is_whole, larger_j
):
    """What was commanded then was not recorded: a photodiode that was blocked told less than was given.

    is_whole: None for a session without a journal.
    """
    database.migrate("20261122_006")
    with closing(sqlite3.connect(path, isolation_level=None)) as earlier:
        session_id = earlier.execute(
            "INSERT INTO sessions (patient_id, tech_id, start_time, status, total_laser_on_time_seconds, "
            "total_energy_joules) VALUES (1, 1, '2026-03-14 09:26:53', 'completed', ?, ?)",
            (on_time_s, energy_j),
        ).lastrowid
        if is_whole is not None:
            earlier.execute(
                "INSERT INTO session_journals (session_id, origin, is_whole) VALUES (?, 'sim', ?)",
                (session_id, is_whole),
            )
    database.migrate("head")
    assert of(database, session_id) == Energies(energy_j, None, larger_j)
    assert database.find("session_energies", session_id=session.session_id) == []
    assert settings.values(database)[ASKED_ABOVE] == 0.0
    assert check(database).damage == ()


def test_a_way_back_and_forth_calls_no_smaller_energy_known(database, session, journal, now):
    cart = blinded()
    journal.write_bytes(b"".join(cart.lines))
    import_journal(database, journal, now)
    assert of(database).larger_j > 1.0
    database.migrate("20261122_006")
    database.migrate("head")
    assert of(database) == Energies(0.0, None, None)
    assert check(database).problems == ()


def test_the_sites_question_has_its_range(database, now):
    for value in (0, 12.5, 10_000.0):
        with database.transaction() as transaction:
            settings.put(transaction, ASKED_ABOVE, value, now)
        assert settings.values(database)[ASKED_ABOVE] == value
    for value in (-0.1, 10_000.1, True, "5"):
        with refused("0 to 10000 J allowed"), database.transaction() as transaction:
            settings.put(transaction, ASKED_ABOVE, value, now)
