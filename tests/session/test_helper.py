"""The helper on the record: what it prints, what it answers at its socket, and that it never writes."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from hashlib import sha256

import msgspec
import pytest

from tosca_kiosk.config import bundled
from tosca_kiosk.domain.questions import Answer, NoAnswer, PinAnswer, PinQuestion, RulesAnswer, RulesQuestion
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.machine.clock import since_boot
from tosca_kiosk.session import back_up, helper_command, opening, plan_session
from tosca_kiosk.storage import DATABASE_NAME, users

pytestmark = pytest.mark.process

PIN = "314159"


@pytest.fixture
def opened(database, data_dir, config, now):
    plan = plan_session(
        database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
    )
    with opening(
        database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
    ) as made:
        return made


def command(data_dir, *more):
    return [*helper_command(), "--config", str(bundled("simulated.yaml")), "--data-dir", str(data_dir), *more]


def printed(data_dir, number=1):
    return subprocess.run(
        command(data_dir, "--session", str(number)), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def served(data_dir):
    """Yield a function that asks a serving helper and returns its answer."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(command(data_dir), stdin=theirs.fileno())
    with process, ours, ours.makefile("rb") as said:

        def ask(question, before=b""):
            ours.sendall(before + msgspec.json.encode(question) + b"\n")
            return msgspec.json.decode(said.readline(), type=Answer)

        ask.process = process
        yield ask
        ours.shutdown(socket.SHUT_RDWR)
        assert process.wait(10) == 0, "it ends with its asker"


def files(data_dir):
    return {
        path.name: sha256(path.read_bytes()).hexdigest()
        for path in data_dir.glob(DATABASE_NAME + "*")
        if not path.name.endswith("-shm")  # readers leave their marks there
    }


def test_it_prints_the_rules_as_json_and_writes_nothing(database, data_dir, opened):
    before = files(data_dir)
    done = printed(data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    assert msgspec.json.decode(done.stdout, type=Rules) == opened.header.rules
    assert files(data_dir) == before


def test_it_reads_a_record_that_nobody_has_open(database, data_dir, opened):
    database.close()
    before = files(data_dir)
    assert printed(data_dir).returncode == 0
    assert files(data_dir)[DATABASE_NAME] == before[DATABASE_NAME]


@pytest.mark.parametrize(
    ("number", "reason"),
    [(7, "no session has the number 7; see tosca-kiosk sessions list"), (1, "there is no database")],
)
def test_it_says_in_one_line_why_it_cannot(database, data_dir, opened, number, reason):
    where = data_dir if number == 7 else data_dir / "elsewhere"
    done = printed(where, number)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_at_its_socket_it_answers_one_question_after_the_other(database, data_dir, opened):
    with served(data_dir) as ask:
        assert ask(RulesQuestion(1, 1)) == RulesAnswer(1, opened.header.rules)
        assert ask(PinQuestion(2, "jane", PIN)) == PinAnswer(2, "technician")
        assert ask(PinQuestion(3, "jane", "000000")) == PinAnswer(3, None)
        assert ask(PinQuestion(4, "nobody", PIN)) == PinAnswer(4, None)
        assert ask(RulesQuestion(5, 7)) == NoAnswer(
            5, "no session has the number 7; see tosca-kiosk sessions list"
        )


@pytest.mark.parametrize("malformed", [b"", b"?", b"{}", b"\xff", b'{"type":"rules","id":[]}', b'"' * 70_000])
def test_what_is_no_question_gets_no_answer_and_the_next_one_does(database, data_dir, opened, malformed):
    with served(data_dir) as ask:
        answer = ask(RulesQuestion(1, 1), before=malformed + b"\n")
        assert answer == RulesAnswer(1, opened.header.rules)


def test_a_closed_account_and_a_locked_one_let_nobody_in(database, data_dir, now):
    user = users.find(database, "jane")
    with served(data_dir) as ask:
        for _ in range(6):
            with database.transaction() as transaction:
                users.note_try(transaction, "jane", False, now.replace(year=2999), since_boot())
        locked = ask(PinQuestion(1, "jane", PIN))
        assert locked.role is None
        assert 0.0 < locked.wait_s <= 900.0
        with database.transaction() as transaction:
            users.note_try(transaction, "jane", True, now, since_boot())
            transaction.update("tech_users", {"tech_id": user.tech_id}, is_active=False)
        assert ask(PinQuestion(2, "jane", PIN)) == PinAnswer(2, None)


@pytest.mark.parametrize("locking", ["NORMAL", "EXCLUSIVE"], ids=["writing", "alone"])
def test_a_record_that_another_process_locks_is_not_read(database, data_dir, opened, locking):
    database.close()
    with served(data_dir) as ask:
        with closing(sqlite3.connect(data_dir / DATABASE_NAME, isolation_level=None)) as other:
            other.execute(f"PRAGMA locking_mode={locking}")
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE patients SET notes = 'x'")
            problem = ask(RulesQuestion(1, 1)).problem
            if locking == "EXCLUSIVE":
                assert "locked" in problem
            else:
                said = f"is being written by process {os.getpid()}; wait, then hold ARM again"
                assert problem.endswith(said)
        assert isinstance(ask(RulesQuestion(2, 1)), RulesAnswer)


def test_it_takes_the_ordinary_class_whatever_started_it(database, data_dir, opened):
    def hurried():
        os.setpriority(os.PRIO_PROCESS, 0, -5)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    if os.getuid() != 0:
        pytest.skip("only root takes another class")
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(command(data_dir), stdin=theirs.fileno(), preexec_fn=hurried)  # noqa: PLW1509
    with process, ours, ours.makefile("rb") as said:
        ours.sendall(msgspec.json.encode(RulesQuestion(1, 1)) + b"\n")
        assert said.readline()
        assert os.sched_getscheduler(process.pid) == os.SCHED_OTHER
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 0
        ours.shutdown(socket.SHUT_RDWR)
        process.wait(10)


def test_its_start_waits_for_neither_screen_nor_pictures():
    code = (
        "import sys, tosca_kiosk.session.helper; "
        "print([name for name in ('kivy', 'cv2', 'numpy', 'serial') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
