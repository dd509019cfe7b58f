"""How far a measurement is: a bar on a terminal, lines elsewhere, and nothing that a reader who left ends."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from tosca_kiosk.cli.measuring import Measuring

PROGRAM = """
from tosca_kiosk.cli.console import console, put
from tosca_kiosk.cli.measuring import Measuring
with console():
    with Measuring() as measuring:
        measuring.show("arming", None)
        for part in range(101):
            measuring.show("measuring 20 s", part / 100)
    put("measured")
"""


def told(stderr):
    """Return what the program says on standard output, and its exit code."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=stderr, check=False)
    return done.stdout, done.returncode


def test_elsewhere_every_tenth_is_a_line_of_standard_error(capsys):
    with Measuring() as measuring:
        measuring.show("arming", None)
        measuring.show("arming", None)
        for part in range(101):
            measuring.show("measuring 20 s", part / 100)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["arming", *(f"measuring 20 s {10 * part}%" for part in range(11))]


@pytest.mark.process
def test_a_terminal_sees_a_bar_that_leaves_standard_output_alone():
    terminal, side = os.openpty()
    assert told(side) == (b"measured\n", 0)
    os.close(side)
    seen = b""
    with suppress(OSError):
        while part := os.read(terminal, 1 << 16):
            seen += part
    os.close(terminal)
    assert b"measuring 20 s" in seen
    assert b"100%" in seen
    assert b"\x1b[" in seen


@pytest.mark.process
def test_a_reader_who_left_ends_no_measurement():
    reading, writing = os.pipe()
    os.close(reading)
    assert told(writing) == (b"measured\n", 0)
    os.close(writing)
