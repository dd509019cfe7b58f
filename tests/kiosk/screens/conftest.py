"""One shell on the stage, over a presenter whose record and control are not there and whose wishes are noted.

One for all tests: a shell's widgets listen to the theme for ever, so that many of them slow each other down.
"""

from __future__ import annotations

import pytest

from tests.kiosk.loudspeaker import Loudspeaker
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.kiosk.alarms.sound import AlarmSound
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.key_off.part import KeyOff
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.services import Record, Worker
from tosca_kiosk.link.client import ControlLink

NOTED = {
    Treatment: "begin_arm arm cancel_arm pause end ask_end home_stage open retry leave switch_aiming",
    Login: "pin choose unlock",
    Fault: "pin choose reset end",
    KeyOff: "pin choose say_why stay",
    Patients: "choose search new create cancel_new edit",
    Protocols: "choose",
}


@pytest.fixture(scope="session")
def wishes():
    """Every wish of the screens so far, in order, as (name, arguments)."""
    return []


@pytest.fixture(scope="session")
def presenter(tmp_path_factory, wishes):
    folder = tmp_path_factory.mktemp("kiosk")
    worker = Worker()
    record = Record(load_config(bundled("simulated.yaml")), folder)
    link = ControlLink(folder / "control.sock")
    made = Presenter(record, worker, link, lambda: wishes.append(("start_control",)))
    for part, names in NOTED.items():
        for name in names.split():
            setattr(made.part(part), name, _noting(wishes, name))
    made.desk.router.go = _noting(wishes, "go")
    made.stop = _noting(wishes, "stop")
    yield made
    worker.close()
    link.close()
    record.close()


def _noting(wishes, name):
    return lambda *given, **named: wishes.append((name, *given))


@pytest.fixture(scope="session")
def the_shell(presenter, wishes):
    from tests.kiosk.stage import the_stage  # noqa: PLC0415 -- the window before its widgets
    from tosca_kiosk.kiosk.main_loop.shell import Shell  # noqa: PLC0415

    the_stage()
    return Shell(presenter, lambda note: wishes.append(("world", note)), AlarmSound(Loudspeaker()))


@pytest.fixture
def shell(stage, the_shell):
    """The shell in the window, as it is on a simulated cart."""
    the_shell.panel.strip_shown = True
    the_shell.panel.attach(stage.window)
    stage.turn(2)
    yield the_shell
    the_shell.panel.close_sheets()
    the_shell.shown = None
    the_shell.panel.detach()


@pytest.fixture
def asked(shell, wishes):
    """The wishes of this test."""
    wishes.clear()
    return wishes
