"""One record for all tests that only read it; whoever changes one makes its own."""

from __future__ import annotations

import pytest

from tests.reports import recorded
from tests.reports.recorded import Recorded


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    made = Recorded(tmp_path_factory.mktemp("reports"))
    made.completed = made.session(recorded.completed, origin="sim", treatment_site="Left cheek")
    made.fault = made.session(recorded.fault_and_reset)
    made.overridden = made.session(recorded.overridden)
    made.dark = made.session(recorded.without_light)
    made.broken = made.session(recorded.broken_off, whole=False)
    return made


@pytest.fixture
def own(tmp_path):
    return Recorded(tmp_path)
