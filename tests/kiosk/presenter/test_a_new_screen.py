"""A new screen is its folder and its row: this makes one in a folder of its own, goes there and draws it."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from tests.kiosk.loudspeaker import Loudspeaker
from tests.kiosk.presenter.desk_bench import Desk, sign_in, staff
from tests.kiosk.screens.cast import telemetry
from tosca_kiosk.kiosk.alarms.sound import AlarmSound
from tosca_kiosk.kiosk.desk.router import Row
from tosca_kiosk.kiosk.presenter.registry import ROWS

FILES = {
    "form.py": '''
"""What counting has in hand."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeadCountForm:
    """count: how often the key was touched."""

    count: int = 0
''',
    "part.py": '''
"""Counts touches."""

from tosca_kiosk.kiosk.desk.part import Part

from more_screens.head_count.form import HeadCountForm


class HeadCount(Part[HeadCountForm]):
    """Begins anew each time that it is shown anew."""

    def __init__(self, desk, leader):
        super().__init__(desk, leader)
        self.form = HeadCountForm()

    def enter(self, about=None):
        self.form = HeadCountForm()

    def add(self):
        self.form = HeadCountForm(self.form.count + 1)

    def leave(self):
        self._desk.router.back()
''',
    "view_model.py": '''
"""How many were counted, in words."""

from dataclasses import dataclass

from tosca_kiosk.kiosk.snapshot.state import KioskState

from more_screens.head_count.form import HeadCountForm


@dataclass(frozen=True, slots=True)
class HeadCountView:
    said: str


def view(state: KioskState) -> HeadCountView:
    return HeadCountView(f"{state.form(HeadCountForm).count} heads")
''',
    "screen.py": '''
"""The count on the panel."""

from tosca_kiosk.kiosk.panel.screen import KioskScreen, load_layout
from tosca_kiosk.kiosk.widgets.action_bar import action
from tosca_kiosk.kiosk.widgets.text import UiText

from more_screens.head_count.part import HeadCount
from more_screens.head_count.view_model import view

WIDGETS = (UiText,)
load_layout(__file__)


class HeadCountScreen(KioskScreen):
    view = staticmethod(view)
    part: HeadCount

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.actions = [action("One more", self.part.add), action("Back", self.part.leave, mark="back")]

    def show_view(self, view):
        self.ids.said.text = view.said
''',
    "view.kv": """
#:import tokens tosca_kiosk.kiosk.look.tokens

<HeadCountScreen>:
    UiText:
        id: said
        size_mm: tokens.TITLE_MM
""",
    "__init__.py": '"""A count."""\n',
}
ROW = Row(
    "head_count",
    go_from=frozenset({"patients"}),
    back_to=frozenset({"patients"}),
    package="more_screens",
)


@pytest.fixture
def cart(tmp_path, monkeypatch):
    """A cart with one screen more, a technician signed in."""
    folder = tmp_path / "code" / "more_screens" / "head_count"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    (tmp_path / "data").mkdir()
    made = Desk(tmp_path / "data", rows=(*ROWS, ROW))
    yield sign_in(staff(made))
    made.close()
    for name in [name for name in sys.modules if name.partition(".")[0] == "more_screens"]:
        del sys.modules[name]


def test_a_folder_and_a_row_are_a_screen(cart, stage):
    from tosca_kiosk.kiosk.main_loop.shell import Shell  # noqa: PLC0415 -- the window before its widgets

    shell = Shell(cart.presenter, None, AlarmSound(Loudspeaker()))
    shell.panel.attach(stage.window)

    def shown():
        shell.show(cart.turn())
        stage.turn(5)
        return stage.picture()

    patients = shown()
    cart.presenter.desk.router.go("head_count")
    none_yet = shown()
    assert cart.state.screen == shell.shown == "head_count"
    assert shell.panel.screen.ids.said.text == "0 heads"
    assert np.any(patients != none_yet)
    stage.tap(shell.panel.screen.actions[0])
    assert np.any(none_yet != shown())
    assert shell.panel.screen.ids.said.text == "1 heads"
    stage.tap(shell.panel.screen.actions[1])
    assert cart.turn().screen == "patients"
    shell.panel.detach()


def test_a_new_screen_gives_way_to_a_fault_and_to_light_as_every_other(cart):
    cart.presenter.desk.router.go("head_count")
    cart.cart = telemetry(phase="fault", faults=("stop_loop",))
    assert cart.turn().screen == "fault"
    cart.cart = telemetry()
    assert cart.turn().screen == "head_count"
    cart.cart = telemetry(phase="armed")
    assert cart.turn().screen == "patients"
