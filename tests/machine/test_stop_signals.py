"""Whatever asks a process to end is one kind, and every process hears of it in the same way."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tosca_kiosk.machine.stop_signals import END_SIGNALS, StopRequest

PACKAGE = Path(__file__).parents[2] / "tosca_kiosk"
HANDLERS = {"machine/stop_signals.py", "session/helper.py"}
"""Where a handler may be set: for a process, for a while, and where the asker answers for a helper."""


@pytest.fixture
def handlers():
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_is_a_wish_to_end_and_kills_nothing(number):
    request = StopRequest()
    assert not request.asked
    os.kill(os.getpid(), number)
    assert request.asked


def test_no_process_has_a_list_of_signals_of_its_own():
    setting = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\bsignal\.signal\(", path.read_text(encoding="utf-8"))
    }
    assert setting == HANDLERS
