"""`tosca-kiosk timing`: a short run is measured whole; bad input and Ctrl-C leave nothing behind."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.timing.timing_run_made import made_run
from tosca_kiosk.cli.main import main
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.stop_signals import END_SIGNALS
from tosca_kiosk.timing.run import Measured
from tosca_kiosk.timing.samples import PARTS

WITHIN_S = 120.0


def refused(*arguments):
    """Return the one line on standard error of a command that ends with 1."""
    done = CliRunner().invoke(main, ["timing", *map(str, arguments)])
    assert done.exit_code == 1, done.output
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--rate", "49", "--rate: 49 Hz given, 50 to 1000 allowed"),
        ("--rate", "1001", "--rate: 1001 Hz given, 50 to 1000 allowed"),
        ("--load", "video,gpu", "--load: gpu is not known; allowed: ui, video, database, cpu"),
        ("--seconds", "nan", "--seconds: nan given, 1 to 3600 allowed"),
        ("--seconds", "0.5", "--seconds: 0.5 given, 1 to 3600 allowed"),
        ("--compare", "none.json", "none.json: cannot be read"),
        ("--config", bundled("cart.yaml"), "timing treats on simulated devices alone"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_makes_no_folder(tmp_path, option, value, said):
    out = tmp_path / "report"
    assert said in refused("--out", out, option, value)
    assert not out.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert f"{file} is no folder" in refused("--out", file / "report")


def test_a_refusal_is_one_json_object_too(tmp_path):
    done = CliRunner().invoke(main, ["timing", "--rate", "0", "--out", str(tmp_path / "report"), "--json"])
    assert done.exit_code == 1
    assert "50 to 1000 allowed" in json.loads(done.stdout)["error"]


def timing(out, *more, scratch):
    """Start the command with its temporary files in scratch, in a session as a terminal's."""
    command = [sys.executable, "-m", "tosca_kiosk", "timing", "--rate", "100", "--out", str(out), *more]
    return subprocess.Popen(
        command,
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def scratch():
    """A folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


@pytest.mark.process
def test_a_short_run_is_measured_under_light_and_reported(tmp_path, scratch):
    out = tmp_path / "report"
    with timing(out, "--seconds", "1", "--load", "database", "--json", scratch=scratch) as running:
        stdout, stderr = running.communicate(timeout=WITHIN_S)
    assert running.returncode == 0, stderr
    made = json.loads(stdout)
    assert (made["rate_hz"], made["loads"]) == (100, ["database"])
    assert made["scheduling"] in ("fifo", "nice", "normal")
    assert 90 <= made["ticks"] + made["missed"] <= 101
    assert 0.0 <= made["late_us"]["p50"] <= made["late_us"]["p99"] <= made["late_us"]["max"]
    assert all(made["parts_us"][part]["p50"] > 0.0 for part in PARTS)
    assert made["witness"]["p50"] > 0.0
    assert made["computer"]["cores"] == len(os.sched_getaffinity(0))
    assert made["computer"]["kernel"].startswith(platform.release())
    assert made["machine"].startswith(made["computer"]["processor"])
    assert json.loads((out / "timing.json").read_text())["late_us"] == made["late_us"]
    assert {path.name for path in out.iterdir()} == {"timing.json", "timing.csv", "timing.html"}
    # SQLite unlinks its own passing files as soon as it has opened them: the load may be killed in between.
    assert [path.name for path in scratch.iterdir() if not path.name.startswith("etilqs_")] == []
    assert stderr.splitlines()[0] == "starting control"
    assert stderr.splitlines()[-2:] == ["measuring 1 s 100%", "making the report"]
    assert "\x1b" not in stderr


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--fail",), 1), (("--fail", "--json"), 1)])
def test_a_red_verdict_fails_where_that_is_asked(tmp_path, monkeypatch, options, code):
    """The measurement is a made-up one, of a tick that is too dear."""
    run = made_run(part_us=150.0)
    measured = Measured(
        rows=run.rows,
        witness_name=run.witness_name,
        witness=run.witness,
        ready=run.standing,
        timelines=run.timelines,
        began_s=run.began_s,
        ended_s=run.ended_s,
        faults=run.faults,
    )
    monkeypatch.setattr("tosca_kiosk.cli.timing.measure", lambda *_: measured)
    done = CliRunner().invoke(main, ["timing", "--out", str(tmp_path / "report"), *options])
    assert done.exit_code == code
    said = "tosca-kiosk: the verdict is over: tick p50, of its period: "
    assert done.stderr.startswith(said) if code else done.stderr == ""
    if "--json" in options:
        assert json.loads(done.stdout)["verdict"] == "over"
    else:
        assert "verdict: over" in done.stdout.splitlines()


def descendants(pid):
    """Return every process below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [each for child in children for each in (int(child), *descendants(child))]


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def soon_gone(pids):
    clock = RealClock()
    while not all(gone(pid) for pid in pids) and clock.now_s() < WITHIN_S:
        clock.sleep_until(clock.now_s() + 0.02)
    return all(gone(pid) for pid in pids)


@pytest.mark.process
@pytest.mark.parametrize("number", END_SIGNALS)
def test_an_interrupt_ends_every_process_and_writes_nothing(tmp_path, scratch, number):
    out = tmp_path / "report"
    with timing(out, "--seconds", "600", "--load", "cpu", scratch=scratch) as running:
        started = []
        while len(started) < 2 and running.poll() is None:
            started = descendants(running.pid)
        running.send_signal(number)
        _, stderr = running.communicate(timeout=WITHIN_S)
    assert running.returncode == 1
    assert stderr.splitlines()[-1] == "tosca-kiosk: interrupted; nothing was written"
    assert len(started) >= 2
    assert soon_gone(started), "the helper of a control that was killed ends when it sees that"
    assert not out.exists()
    assert list(scratch.iterdir()) == []
