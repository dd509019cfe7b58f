"""The navigation table: which screen is shown and where one may go, for all that decides on it."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from pathlib import Path

import pytest

from tosca_kiosk.kiosk.desk.router import ANYWHERE, AS_IT_WAS, SCREENS, Facts, Occasion, Router
from tosca_kiosk.kiosk.presenter.registry import ROWS
from tosca_kiosk.storage.users import Role

NAMES = [row.name for row in ROWS]
BY_NAME = {row.name: row for row in ROWS}
BROUGHT = {occasion: row.name for row in ROWS for occasion in row.brought_by}
YES_AND_NO = (False, True)
ALL_FACTS = [
    Facts(*facts)
    for facts in product(
        YES_AND_NO, YES_AND_NO, YES_AND_NO, YES_AND_NO, (None, *Role), YES_AND_NO, YES_AND_NO
    )
]
AT_EASE = Facts(
    record_read=True,
    no_admin=False,
    unconfirmed=False,
    fault=False,
    role=Role.TECHNICIAN,
    session=False,
    may_emit=False,
)


class Part:
    """Notes each time that its screen is shown anew."""

    def __init__(self):
        self.entered = []

    def enter(self, about=None):
        self.entered.append(about)


class Way:
    """A router whose facts a test sets, standing on a screen."""

    def __init__(self, shown, facts=AT_EASE):
        self.facts = facts
        self.router = Router(ROWS, lambda: self.facts)
        self.router.parts = {name: Part() for name in NAMES}
        self.router._shown = shown

    def turn(self, **changes):
        self.facts = self.facts._replace(**changes)
        self.router.turn()
        return self.router.shown

    def entered(self, name):
        return self.router.parts[name].entered


def test_the_rows_name_screens_that_are_there_and_every_occasion_once():
    for row in ROWS:
        assert {*row.go_from, *row.back_to} - ANYWHERE <= {*NAMES}, row.name
        assert row.then in (None, AS_IT_WAS, *NAMES), row.name
        assert row.load("part"), row.name
    brought = [occasion for row in ROWS for occasion in row.brought_by]
    assert sorted(brought) == sorted(Occasion)


def test_every_folder_of_a_screen_has_its_row_and_all_that_a_screen_is():
    folder = Path(import_module(SCREENS).__file__).parent
    folders = sorted(path.name for path in folder.iterdir() if (path / "__init__.py").exists())
    assert folders == sorted(NAMES)
    for name in folders:
        assert {"form.py", "part.py", "view_model.py", "screen.py", "view.kv"} <= {
            path.name for path in (folder / name).iterdir()
        }


def expected(shown, facts):
    """Return what must be shown, read from the rows: urgent occasions, then whether the screen may stay."""
    urgent = {
        Occasion.RECORD_UNREAD: not facts.record_read,
        Occasion.NO_ADMIN: facts.no_admin,
        Occasion.UNCONFIRMED: facts.unconfirmed,
        Occasion.FAULT: facts.fault,
    }
    for occasion, holds in urgent.items():
        if holds:
            return BROUGHT[occasion]
    then = BY_NAME[shown].then
    stands_on = shown if then is None else "login" if then == AS_IT_WAS else then
    row = BY_NAME[stands_on]
    if facts.role in row.who and (row.under_light or not facts.may_emit):
        return stands_on
    if facts.role is None:
        return BROUGHT[Occasion.SIGNED_OUT]
    return BROUGHT[Occasion.SESSION_OPEN if facts.session else Occasion.SIGNED_IN]


@pytest.mark.parametrize("shown", NAMES)
def test_what_is_shown_is_what_the_rows_say(shown):
    for facts in ALL_FACTS:
        way = Way(shown, facts)
        assert way.turn() == expected(shown, facts), facts


@pytest.mark.parametrize("shown", NAMES)
def test_where_one_may_go_is_what_the_rows_say(shown):
    for facts, name in product(ALL_FACTS, NAMES):
        row = BY_NAME[name]
        may = row.go_from is ANYWHERE or (shown in row.go_from and facts.role in row.who)
        may = may and not facts.may_emit
        way = Way(shown, facts)
        assert way.router.may_go(name) == may, (name, facts)
        way.router.go(name, 7)
        assert way.router.shown == (name if may else shown), (name, facts)
        assert way.entered(name) == ([7] if may else []), (name, facts)


EDGES = {
    "patients": {"protocols", "safety_log"},
    "protocols": {"patients", "treatment"},
    "summary": {"patients", "safety_log"},
}
"""Where the keys of each screen lead, without the way back and the summary, which comes by an answer."""


def test_the_ways_are_those_of_a_treatment():
    found = {
        shown: {name for name in NAMES if name != "summary" and Way(shown).router.may_go(name)}
        for shown in NAMES
    }
    assert {shown: names for shown, names in found.items() if names} == EDGES
    assert {row.name: set(row.back_to) for row in ROWS if row.back_to} == {
        "treatment": {"protocols"},
        "summary": {"treatment"},
        "safety_log": {"patients", "summary"},
    }


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("shown", NAMES)
def test_while_armed_or_treating_nothing_navigates_away(shown, role):
    for session in YES_AND_NO:
        way = Way(shown, AT_EASE._replace(role=role, session=session, may_emit=True))
        there = way.turn()
        for name in NAMES:
            way.router.go(name)
            way.router.back(name)
        way.router.back()
        assert way.router.shown == there == way.turn()
        if role is not None and session:
            assert there == "treatment"


def test_a_fault_comes_over_whatever_is_shown_and_leaves_it_as_it_was():
    for shown in ("patients", "protocols", "treatment", "summary", "safety_log"):
        way = Way(shown)
        assert (way.turn(fault=True), way.turn(), way.turn(fault=False)) == ("fault", "fault", shown)
        assert (len(way.entered("fault")), way.entered(shown)) == (1, [])


def test_a_summary_that_comes_during_a_fault_is_shown_after_it():
    way = Way("treatment", AT_EASE._replace(session=True))
    way.turn(fault=True)
    way.router.go("summary", 7)
    assert (way.turn(session=False), way.turn(fault=False)) == ("fault", "summary")
    assert way.entered("summary") == [7]


def test_what_lies_under_a_fault_goes_back_and_the_fault_stays():
    way = Way("treatment", AT_EASE._replace(session=True))
    way.router.go("summary")
    way.turn(fault=True)
    way.router.back("treatment")
    assert (way.turn(), way.turn(fault=False)) == ("fault", "treatment")


def test_light_that_is_not_known_to_have_ended_comes_before_a_fault_and_leads_to_the_treatment():
    way = Way("treatment", AT_EASE._replace(session=True))
    way.turn(fault=True)
    assert way.turn(unconfirmed=True) == "key_off"
    assert (way.turn(unconfirmed=False), way.turn(fault=False)) == ("fault", "treatment")


def test_one_goes_back_to_where_the_log_was_opened():
    for shown in ("patients", "summary"):
        way = Way(shown)
        way.router.go("safety_log")
        way.turn(fault=True)
        way.turn(fault=False)
        way.router.back()
        assert (way.router.shown, way.entered(shown)) == (shown, [])


def test_signing_in_leads_to_the_open_session_or_to_the_patients():
    assert Way("login").turn() == "patients"
    assert Way("login", AT_EASE._replace(session=True)).turn() == "treatment"
    assert Way("protocols", AT_EASE._replace(role=None)).turn() == "login"


def test_a_name_without_a_row_is_an_error():
    with pytest.raises(KeyError):
        Way("login").router.go("nowhere")
