"""Sessions by command: listed, shown, and what is said of them later."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest

from benchmarks.rigs.recorded_cart import header, treated
from tests.cli.kiosk_command import Cart
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import session_result
from tosca_kiosk.storage import Database, import_journal, patients, sessions, users
from tosca_kiosk.storage.timestamps import utc_text

PLAN = header().rules.protocol
WHO = ("--tech", "jane", "--reason", "seen later")


@pytest.fixture(scope="module")
def treated_once(tmp_path_factory, made_once):
    """Three sessions: one finished, one that another hand closed without an end, one that is paused."""
    data_dir = tmp_path_factory.mktemp("treated") / "data"
    shutil.copytree(made_once, data_dir)
    now = utc_now()
    with Database.open(data_dir / "laser_control.db") as database:
        with database.transaction(1) as transaction:
            users.add(transaction, "jane", "Jane Doe", "technician", now)
            for number in (1, 2):
                patients.add(transaction, now, code=f"P-2026-000{number}", created_by=1)
        for number, patient_id in enumerate((1, 2, 1), start=1):
            started = now - timedelta(seconds=10 - number)
            with database.transaction(2) as transaction:
                sessions.start(
                    transaction,
                    patient_id=patient_id,
                    tech_id=number % 2 + 1,
                    start_utc=started,
                    protocol_name=PLAN.name,
                    protocol_snapshot=to_json(PLAN, named=True),
                    protocol_id=None,
                    origin="sim",
                    treatment_site="forearm" if number == 1 else None,
                )
            named = {"session_id": number, "patient_id": patient_id, "tech_id": number % 2 + 1}
            if number < 3:
                cart = treated(header(**named, started_utc=utc_text(started)))
                journal = data_dir / f"{number}.jsonl"
                journal.write_bytes(b"".join(cart.lines))
                import_journal(database, journal, now)
        with database.transaction(2) as transaction:
            sessions.set_paused(transaction, 3, True)
    return data_dir


@pytest.fixture
def cart(tmp_path, treated_once):
    shutil.copytree(treated_once, tmp_path / "data")
    return Cart(tmp_path / "data")


def numbers(cart, *asked):
    return [one["session_id"] for one in cart.json("sessions", "list", *asked)["sessions"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ((), [3, 2, 1]),
        (("--patient", "P-2026-0001"), [3, 1]),
        (("--tech", "jane"), [3, 1]),
        (("--status", "completed"), [2, 1]),
        (("--status", "open"), [3]),
        (("--status", "paused", "--patient", "P-2026-0002"), []),
        (("--since", "1h"), [3, 2, 1]),
        (("--since", "2999-01-01"), []),
        (("--limit", "1"), [3]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_a_list_holds_what_is_asked_the_newest_first(cart, asked, found):
    assert numbers(cart, *asked) == found


def test_a_pause_is_seen_while_it_lasts(cart):
    [paused] = cart.json("sessions", "list", "--status", "open")["sessions"]
    assert (paused["status"], paused["end_time"]) == ("paused", None)
    assert paused["open_seconds"] >= 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "--patient", "P-2026-0009"), "no patient has the code 'P-2026-0009'"),
        (("list", "--tech", "janet"), "no user is named 'janet'; jane may be meant"),
        (("list", "--since", "soon"), "--since 'soon' is no span and no time: give 90m, 24h, 7d or 2w"),
        (("show", "9"), "no session has the number 9"),
        (("amend", "9", "--site", "hand", *WHO), "no session has the number 9"),
        (("amend", "2", "--site", "hand", "--reason", "x"), "a technician has to be named for this change"),
        (("amend", "2", "--site", "hand", "--tech", "jane"), "session 2: a change needs a reason"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_bad_input_is_refused_in_words(cart, words, said):
    result = cart.run("sessions", *words)
    assert result.exit_code == 1
    assert said in result.stderr.splitlines()[-1]


def test_a_page_tells_all_of_a_session(cart):
    told = cart.json("sessions", "show", "1", "--events")
    assert (told["patient_code"], told["technician"], told["treatment_site"]) == (
        "P-2026-0001",
        "jane",
        "forearm",
    )
    assert told["dose_joules"] == max(told["commanded_energy_joules"], told["total_energy_joules"])
    assert told["planned_energy_joules"] == PLAN.planned_energy_j
    assert told["timing"]["worst_late_ms"] == 0.0
    assert [one["session_id"] for one in told["sessions_of_patient"]] == [3, 1]
    assert {"laser_on", "laser_off", "power_change"} <= {one["event_type"] for one in told["events"]}
    page = cart.text("sessions", "show", "1")
    assert "Jane Doe (jane)" in page
    assert "0 late, the worst by 0.00 ms" in page


def test_an_empty_text_is_filled_once_and_what_stands_there_is_amended(cart):
    said = cart.json("sessions", "amend", "2", "--site", "--post-notes", *WHO, stdin="left hand\nredness\n")
    assert said == {"session_id": 2, "noted": ["--site", "--post-notes"], "amended": []}
    later = cart.json("sessions", "amend", "2", "--site", *WHO, stdin="right hand\n")
    assert later == {"session_id": 2, "noted": [], "amended": ["--site"]}
    assert numbers(cart, "--status", "aborted") == [3], "the one that was paused is closed as any interrupted"
    told = cart.json("sessions", "show", "2")
    assert (told["treatment_site"], told["post_treatment_notes"]) == ("left hand", "redness")
    [amendment] = told["amendments"]
    assert (amendment["amendment"], amendment["username"], amendment["reason"]) == (
        "right hand",
        "jane",
        "seen later",
    )
    page = cart.text("sessions", "show", "2").splitlines()
    site = next(number for number, line in enumerate(page) if line.startswith("Site"))
    assert page[site].split() == ["Site", "left", "hand"]
    assert "amended" in page[site + 1]
    assert "right hand (jane, " in page[site + 1]


def test_the_same_text_again_changes_nothing(cart):
    assert (
        "this text stands there already"
        in cart.run("sessions", "amend", "1", "--site", "forearm", *WHO).stderr
    )
    assert cart.run("sessions", "amend", "1", *WHO).exit_code == 2
    assert cart.json("sessions", "show", "1")["amendments"] == []


def test_a_text_never_steers_the_terminal(cart):
    cart.text("sessions", "amend", "2", "--post-notes", *WHO, stdin="\x1b[2Jred\n")
    assert "\x1b" not in cart.text("sessions", "show", "2")
    assert json.loads(cart.run("sessions", "show", "2", "--json").stdout)


def test_what_is_shown_is_what_every_reader_of_the_record_gets(cart):
    with Database.open(cart.database) as database, database.reading() as reader:
        told = session_result(reader, 1)
    shown = cart.json("sessions", "show", "1")
    assert shown["dose_joules"] == told.given.larger_j
    assert shown["anchor"] is None, "nobody signed here"
