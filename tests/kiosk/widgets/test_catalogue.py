"""The catalogue of the widgets names what they have, and all of it."""

import re

import pytest

from tosca_kiosk.kiosk import widgets as ui
from tosca_kiosk.kiosk.widgets.marks import MARKS

FOR_TESTS_AND_PAINT = {"pressed", "holding", "lit", "count", "written"}
"""State that a widget keeps by itself."""
_ROWS = {"UiPickList": "detail right disabled", "UiRowList": "detail mark"}
"""Fields of the rows that a widget takes, which stand in its entry too."""


def entries():
    """Return each widget's entry by its name."""
    found, name = {}, ""
    for line in ui.__doc__.splitlines():
        if begun := re.match(r"  (Ui\w+)\s+(.*)", line):
            name, found[begun[1]] = begun[1], begun[2]
        elif line.startswith("     ") and name:
            found[name] += f" {line.strip()}"
        else:
            name = ""
    return found


ENTRIES = entries()


def test_every_widget_has_its_entry():
    assert sorted(ENTRIES) == sorted(name for name in ui.__all__ if name.startswith("Ui"))


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_names_what_there_is(stage, name):
    widget = getattr(ui, name)()
    named = set(re.findall(r"\b([a-z_]+)=", ENTRIES[name])) - set(_ROWS.get(name, "").split())
    assert [other for other in named if not hasattr(widget, other)] == []
    events = re.findall(r"\b(on_[a-z_]+)\(", ENTRIES[name])
    assert [event for event in events if not widget.is_event_type(event)] == []


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_leaves_nothing_out(name):
    own = vars(getattr(ui, name))
    properties = {key for key, value in own.items() if type(value).__module__ == "kivy.properties"}
    wanted = {key for key in properties if not key.startswith("_")} - FOR_TESTS_AND_PAINT
    wanted |= {*own.get("__events__", ())}
    assert [key for key in wanted if not re.search(rf"\b{key}\b", ENTRIES[name])] == []


def test_the_entry_of_the_marks_names_them_all():
    named = re.search(r"MARKS: ([a-z ]+)\)", ENTRIES["UiMark"])[1].split()
    assert sorted(named) == sorted(name for name in MARKS if name)
