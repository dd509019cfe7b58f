"""`pytest --quick` leaves out what is marked, and fails what starts a process without the mark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import os
import subprocess
import sys
import time

import pytest


def start():
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_plain():
    pass


def test_starts():
    start()


def test_starts_and_hides_it():
    try:
        start()
    except Exception:
        pass


@pytest.fixture
def started():
    start()


def test_has_started(started):
    pass


@pytest.mark.process
def test_is_marked():
    start()


@pytest.mark.slow
def test_takes_seconds():
    pass
"""
SETTINGS = "[pytest]\nmarkers =\n    process\n    slow\n"


@pytest.mark.process
def test_an_unmarked_test_that_starts_a_process_fails_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.quick",)\n', encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "test_made.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--quick"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed, 1 passed, 2 deselected, 1 error" in done.stdout
    assert done.stdout.count("mark it with @pytest.mark.process") >= 3
