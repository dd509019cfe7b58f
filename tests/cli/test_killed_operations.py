"""The short form of the kills: every step of every operation but restic's, and one random moment of each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.exhaustive.kill_kinds import KINDS

# Each of the others takes restic half a minute; a run of it that was killed is tried in test_cli_folders.
QUICK = [f"--only={kind.name}" for kind in KINDS if not kind.has_children]


@pytest.mark.process
@pytest.mark.slow
def test_a_killed_operation_loses_nothing_and_the_next_start_says_what_became_of_it():
    # As a program of its own: it forks, which a test runner with threads must not.
    command = [sys.executable, "-m", "benchmarks.exhaustive.kills", "--kills", "1", *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
