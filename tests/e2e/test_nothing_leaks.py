"""Whole flows as the processes run them, begun by a shell that lets everybody read everything.

No PIN, no hash and nothing of a patient stands in any file but the database, in what is said, or in an
argument of a process; and whatever was made is closed to others.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.standin_kiosk import StandInKiosk
from tests.cli.kiosk_command import WHY, Cart
from tests.control.control_bench import running_control
from tests.e2e.leaks import children, rights, secret
from tests.e2e.treat_bench import protocol_text
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import MEMORY, name_of
from tosca_kiosk.session import back_up, opening, plan_session
from tosca_kiosk.storage import Database

pytestmark = [pytest.mark.process, pytest.mark.slow]

ADMIN_PIN, PIN, NEW_PIN, WRONG, AS_A_NAME = "271828", "314159", "161803", "806917", "329476"
BORN, NOTES = "1980-02-29", "Zanzibar"
SECRETS = (ADMIN_PIN, PIN, NEW_PIN, WRONG, AS_A_NAME, BORN, NOTES, "argon2id")
_SECRET = secret(*SECRETS)


@dataclass
class Flow:
    """What a run of everything left. wide: what others could have read while it ran."""

    root: Path
    data_dir: Path
    said: list[str] = field(default_factory=list)
    arguments: set[bytes] = field(default_factory=set)
    wide: set[str] = field(default_factory=set)

    def look(self, *folders):
        self.wide |= {f"{path}: {mode:04o}" for path, mode in rights(self.data_dir, *folders) if mode}


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    root = tmp_path_factory.mktemp("everything")
    made = Flow(root, root / "data")
    ended = threading.Event()

    def watch():
        while not ended.wait(0.02):
            made.arguments.update(children(os.getpid()))

    watcher = threading.Thread(target=watch)
    before = os.umask(0)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(root / "home"))
        (root / "home").mkdir()
        watcher.start()
        try:
            commands(made)
            treatments(made)
            control(made)
            commands_afterwards(made)
        finally:
            ended.set()
            watcher.join()
            os.umask(before)
    return made


def commands(flow):
    cart = Cart(flow.data_dir)
    sign = ("--pin-stdin", "--admin", "admin")
    jane = ("users", "add", "jane", "--full-name", "Jane Doe", "--role", "technician", *sign)
    known = ("--date-of-birth", "--notes", "--tech", "jane")
    for words, stdin in (
        (("db", "init"), None),
        (("users", "set-pin", "admin", "--pin-stdin"), f"{ADMIN_PIN}\n"),
        (jane, f"{ADMIN_PIN}\n{PIN}\n"),
        (("users", "change-pin", "jane", "--pin-stdin"), f"{WRONG}\n{NEW_PIN}\n"),
        (("users", "change-pin", "jane", "--pin-stdin"), f"{PIN}\n{NEW_PIN}\n"),
        (("users", "set-pin", AS_A_NAME, *sign), f"{ADMIN_PIN}\n{PIN}\n"),
        (("patients", "add", *known), f"{NEW_PIN}\n{BORN}\n{NOTES}\n"),
        (("patients", "add", "--date-of-birth", "--tech", "jane"), f"{NEW_PIN}\n9{BORN}\n"),
    ):
        done = cart.run(*words, stdin=stdin)
        flow.said += [done.stdout, done.stderr]
    assert sum("tosca-kiosk:" in said for said in flow.said) == 3


def treatments(flow):
    """Treat once in a process, until a fault that leaves a wire trace."""
    protocol = flow.root / "short.json"
    protocol.write_text(protocol_text((20.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    blocked = str(bundled("scenarios/photodiode_blocked.yaml"))
    words = ("treat", "--fast", "--patient", code(flow), "--tech", "jane", "--protocol", str(protocol))
    done = Cart(flow.data_dir).process(*words, "--scenario", blocked)
    flow.said += [done.stdout, done.stderr]
    assert "Wire trace" in done.stdout, done.stderr


def code(flow):
    with Database.open(flow.data_dir / "laser_control.db", create=False) as database:
        return database.find("patients")[0]["patient_code"]


def control(flow):
    """Open a session in control, under a stand-in of the screen that has PINs looked at."""
    config = warm_config_file(flow.root)
    cart = Cart(flow.data_dir)
    with Database.open(cart.database, create=False) as database:
        plan = plan_session(
            database,
            load_config(config),
            patient=code(flow),
            technician="jane",
            protocol="Constant 5 W, 60 s",
        )
        now = RealClock().utc()
        os.umask(0o027)  # as the screen's process has it
        backup = back_up(database, flow.data_dir / "backups", now)
        with opening(database, flow.data_dir, plan, {}, "sim", now, backup) as opened:
            os.umask(0)
    with tempfile.TemporaryDirectory(prefix="tosca-test-", dir="/tmp") as name:
        runtime = Path(name)
        traces = str(flow.data_dir / TRACES_NAME)
        with running_control(config, runtime, "--traces", traces, data_dir=flow.data_dir) as running:
            kiosk = StandInKiosk(running.socket_path)
            kiosk.prepare()
            for username, pin in (("jane", WRONG), (AS_A_NAME, PIN), ("jane", NEW_PIN)):
                flow.said.append(str(kiosk.signed(CommandType.ACKNOWLEDGE, username, pin)))
            assert kiosk.answer(kiosk.link.open_session(opened.folder, opened.header)).refused is None
            kiosk.wait(0.3)
            flow.look(runtime, MEMORY / f"tosca-journal-{name_of(opened.folder)}")
            kiosk.close_session("enough")
            flow.said += [str(notice) for notice in kiosk.notices if "PinTried" not in type(notice).__name__]
            kiosk.link.close()


def commands_afterwards(flow):
    cart = Cart(flow.data_dir)
    backup = cart.text("db", "backup")
    for pin in (WRONG, ADMIN_PIN):
        done = cart.run("db", "restore", backup, "--admin", "admin", *WHY, stdin=f"{pin}\n")
        flow.said += [done.stdout, done.stderr]
    assert done.exit_code == 0, done.stderr
    flow.look()


def test_nothing_secret_is_in_a_file_but_the_database(flow):
    files = [path for path in flow.root.rglob("*") if path.is_file()]
    others = [path for path in files if not path.name.startswith("laser_control.db") and path.suffix != ".db"]
    names = {path.name for path in others}
    assert {"journal.jsonl", "laser_control.lock"} <= names
    assert any(TRACES_NAME in path.parts for path in others)
    for path in others:
        assert not _SECRET.search(path.read_bytes()), path
        assert not _SECRET.search(os.fsencode(path.name)), path


def test_nothing_secret_is_said_or_an_argument_of_a_process(flow):
    assert any(b"treat" in line for line in flow.arguments)
    assert any(b"tosca_kiosk.session.helper" in line for line in flow.arguments)
    for said in (*flow.said, *map(os.fsdecode, flow.arguments)):
        assert not _SECRET.search(os.fsencode(said)), said


def test_whatever_was_made_is_closed_to_others(flow):
    assert len(list(rights(flow.data_dir))) > 10
    assert sorted(flow.wide) == []
