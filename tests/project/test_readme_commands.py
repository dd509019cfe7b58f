"""Every command that the README prints runs as printed, in a clone whose user has no record yet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]

BIN = Path(sys.executable).parent
MADE = "READY=$HOME/ready READY_TO_TEST=$HOME/ready BIN=$BIN"
"""For make: everything is installed already, in the environment of these tests."""

INSTEAD = {
    "make run": f"make run {MADE}",  # without a display here, and without setting up anew
    "make test": f"make -n test {MADE}",  # it is what runs this
    ". .venv/bin/activate": "true",  # these tests' own environment is on the path
    "tosca-kiosk timing": "tosca-kiosk timing --help",  # takes minutes
    # Of an installed cart: what they take from here is there, what they change is not touched.
    "cd /opt/tosca-kiosk": "true",
    "sh configs/debian/install.sh": "cat configs/debian/packages.txt configs/debian/packages-cart.txt",
    "useradd": "true",
    "install -D": "test -f configs/cart.yaml",
    "cp": "test -f configs/systemd/tosca-kiosk.service",
    "systemctl": "true",
    "runuser": "tosca-kiosk db check --data-dir $HOME/.local/share/tosca-kiosk",
}
"""By how a line begins: what runs in place of it, and why."""


def short_form(line: str) -> str:
    """Return what is run for a line: itself, where it neither takes minutes nor changes the machine."""
    found = [instead for begin, instead in INSTEAD.items() if line == begin or line.startswith(begin + " ")]
    return found[0] if found else line


def test_every_block_says_whether_it_is_commands_or_what_they_print() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "text"}


def test_nothing_is_run_in_place_of_a_line_that_is_not_there() -> None:
    unused = [begin for begin in INSTEAD if not any(f"{line} ".startswith(f"{begin} ") for line in LINES)]
    assert unused == []


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_each_command_runs_as_printed(tmp_path: Path) -> None:
    """In one shell, from the repository's root; make run and the rest find one record."""
    (tmp_path / "ready").touch()
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "PYTHONPATH")}
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    script = "".join(f"{short_form(line)}\necho $? >&3\n" for line in LINES)
    codes = tmp_path / "codes"
    with codes.open("wb") as told:
        number = told.fileno()
        done = subprocess.run(
            ["bash", "-c", f"exec 3>&{number}\n{script}"],
            cwd=ROOT,
            env=kept | {"HOME": str(tmp_path), "PATH": path, "BIN": str(BIN)},
            pass_fds=(number,),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    wanted = {line: "1" if "exit code 1" in line else "0" for line in LINES}
    got = dict(zip(LINES, codes.read_text().split(), strict=True))
    assert got == wanted, done.stderr
    assert "There is no display here" in done.stderr
    assert "every decision is the same" in done.stdout
    records = [path.relative_to(tmp_path).parent for path in tmp_path.rglob("laser_control.db")]
    assert records == [Path(".local/share/tosca-kiosk")]
