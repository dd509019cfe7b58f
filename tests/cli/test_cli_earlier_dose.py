"""What a person, and a program, is told of a patient's earlier light before `treat` opens a session."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import click
import pytest

from tosca_kiosk.cli import earlier_dose as told
from tosca_kiosk.session import EarlierDose, EarlierSession, RefusedError
from tosca_kiosk.storage.energies import UNKNOWN, Energies

START = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
BLIND = EarlierSession(2, START, "aborted", Energies(0.0, 1.6, 1.6))
WHOLE = EarlierSession(1, START, "completed", Energies(96.0, 95.1, 96.0))
PERSON, PROGRAM = SimpleNamespace(as_json=False), SimpleNamespace(as_json=True)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(told, "stdin_is_terminal", lambda: True)


@pytest.fixture
def asked(monkeypatch):
    """The questions that were asked; each is answered by no."""
    questions = []
    monkeypatch.setattr(click, "confirm", lambda text, err: questions.append(text))
    return questions


def test_every_session_is_told_with_time_status_and_both_energies(asked, capsys):
    told.tell_earlier_dose(PERSON, "P-2026-0001", EarlierDose((BLIND, WHOLE)))
    assert capsys.readouterr().err.splitlines() == [
        "P-2026-0001 had 97.6 J in 2 sessions that may be less than 24 h old.",
        "  Session 2, 2026-03-14 09:26:53 UTC, aborted. Measured 0.0 J, commanded 1.6 J: 1.6 J counts.",
        "  Session 1, 2026-03-14 09:26:53 UTC, completed. Measured 96.0 J, commanded 95.1 J: 96.0 J counts.",
    ]
    assert asked == []


def test_a_session_whose_light_is_not_confirmed_ended_is_told_in_these_words(capsys):
    reason = "light not confirmed ended; laser_stale: The laser does not answer."
    left = EarlierSession(3, START, "aborted", Energies(2.0, 2.1, None), reason)
    told.tell_earlier_dose(PROGRAM, "P-2026-0001", EarlierDose((left,)))
    assert "UTC, light not confirmed ended. Measured 2.0 J" in capsys.readouterr().err
    [row] = told.as_result(EarlierDose((left,)))["earlier_dose"]
    assert (row["status"], row["abort_reason"], row["larger_joules"]) == ("aborted", reason, None)


def test_a_person_at_a_terminal_may_refuse(asked, terminal):
    with pytest.raises(RefusedError, match=r"had 1\.6 J in a session .* Not treated again"):
        told.tell_earlier_dose(PERSON, "P-2026-0001", EarlierDose((BLIND,)))
    assert asked == ["Treat again?"]


def test_nobody_is_asked_below_the_sites_sum(asked, terminal, capsys):
    told.tell_earlier_dose(PERSON, "P-2026-0001", EarlierDose((BLIND,), 1.6))
    assert asked == []
    assert "had 1.6 J" in capsys.readouterr().err


def test_a_program_is_told_and_never_asked(asked, terminal, capsys):
    earlier = EarlierDose((BLIND, EarlierSession(1, START, "in_progress", UNKNOWN)))
    told.tell_earlier_dose(PROGRAM, "P-2026-0001", earlier)
    assert asked == []
    assert "had 1.6 J and an unknown energy in 2 sessions" in capsys.readouterr().err
    assert told.as_result(earlier) == {
        "earlier_dose": [
            {
                "session_id": 2,
                "start_utc": "2026-03-14 09:26:53.589793",
                "status": "aborted",
                "abort_reason": None,
                "measured_joules": 0.0,
                "commanded_joules": 1.6,
                "larger_joules": 1.6,
            },
            {
                "session_id": 1,
                "start_utc": "2026-03-14 09:26:53.589793",
                "status": "in_progress",
                "abort_reason": None,
                "measured_joules": None,
                "commanded_joules": None,
                "larger_joules": None,
            },
        ],
        "earlier_dose_joules": 1.6,
        "earlier_dose_unknown": 1,
    }


def test_without_earlier_light_nothing_is_said(asked, terminal, capsys):
    told.tell_earlier_dose(PERSON, "P-2026-0001", EarlierDose())
    assert (capsys.readouterr().err, asked) == ("", [])
    assert told.as_result(EarlierDose()) == {
        "earlier_dose": [],
        "earlier_dose_joules": 0.0,
        "earlier_dose_unknown": 0,
    }
