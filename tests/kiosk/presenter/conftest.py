"""The cast of these tests: a kiosk at its desk, before the first start and up to an open session."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from tests.kiosk.presenter.desk_bench import (
    Desk,
    sign_in,
    staff,
)
from tests.kiosk.screens.cast import in_session, telemetry
from tosca_kiosk.kiosk.screens.patients.form import PatientsForm
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.link.messages import (
    OpenSession,
)
from tosca_kiosk.storage import users


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def staffed(desk):
    """A cart after its first start."""
    return staff(desk)


@pytest.fixture
def signed_in(staffed):
    return sign_in(staffed)


@pytest.fixture
def chosen(signed_in):
    """On the treatment screen with a patient and a protocol; control is idle and homed."""
    presenter = signed_in.presenter
    presenter.part(Patients).choose(signed_in.state.form(PatientsForm).found.patients[0])
    presenter.desk.router.go("protocols")
    signed_in.settle()
    presenter.part(Protocols).choose("Constant 5 W, 60 s")
    signed_in.cart = telemetry(stage_homed=False)
    presenter.desk.router.go("treatment")
    signed_in.settle()
    return signed_in


@pytest.fixture
def opened(chosen):
    """A session that control has taken."""
    chosen.cart = telemetry()
    chosen.settle()
    assert isinstance(chosen.control.poll(), OpenSession)
    chosen.cart = in_session(session_id=1)
    chosen.reply()
    return chosen
