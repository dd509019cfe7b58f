"""`browse` in a process of its own: what a browser gets, and what nobody gets by whatever query."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from tests.cli.conftest import ADMIN_PIN
from tests.cli.kiosk_command import PROGRAM
from tosca_kiosk.exports.browsing import SECRET, SHOWN
from tosca_kiosk.storage.queries import QUERIES


class Browser:
    """Goes to pages of the server, signed in by the printed address."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.opener.open(url, timeout=10).close()

    def get(self, path, kind=".json", database="laser_control", **asked):
        """Return status and JSON of a page of the record, or of what Datasette keeps itself."""
        url = f"{self.root}/{database}{path}{kind}?{urlencode({'_shape': 'array', **asked})}"
        try:
            with self.opener.open(url, timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def query(self, sql):
        return self.get("", sql=sql)


@contextmanager
def browsed(cart):
    """Run `browse` on a cart for the block; it must end by Ctrl-C with code 0."""
    command = [*PROGRAM, "browse", "--json", "--port", "0", *cart.place]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = json.loads(running.stdout.readline())
        yield told
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
        assert running.stdout.read() == ""
    finally:
        running.kill()
        running.communicate()


def hash_of(cart):
    with closing(sqlite3.connect(cart.database)) as tool:
        return tool.execute("SELECT pin_hash FROM credentials").fetchone()[0]


@pytest.mark.process
def test_the_live_record_is_shown_and_neither_written_nor_a_hash_given(guarded):
    secret = hash_of(guarded)
    with browsed(guarded) as told:
        assert urlsplit(told["url"]).hostname == "127.0.0.1"
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"http://127.0.0.1:{told['port']}/laser_control/patients.json", timeout=10)
        browser = Browser(told["url"])
        with pytest.raises(HTTPError, match="403"):
            Browser(told["url"])  # it opens once

        added = guarded.json("patients", "add", "--tech", "admin", stdin=f"{ADMIN_PIN}\n")
        code = added["patient_code"]  # others write meanwhile
        status, rows = browser.get("/patient_by_code", patient_code=code)
        assert (status, [row["patient_code"] for row in rows]) == (200, [code])
        for query in QUERIES:
            assert browser.get(f"/{query.name}", **{query.parameter or "_": "1"})[0] == 200
        for view in ("active_sessions", "patient_session_history", "safety_events_summary"):
            assert browser.get(f"/{view}")[0] == 200

        for asked in (
            "select pin_hash from credentials",
            "select * from credentials",
            "with c as (select * from credentials) select * from c",
            "select (select pin_hash from credentials limit 1)",
            "explain select pin_hash from credentials",
            "select hex(data) from sqlite_dbpage",
            "select * from pragma_wal_checkpoint",
            "with x as (select 1) insert into patients (patient_code) values ('P-2026-0009')",
            "explain delete from patients",
        ):
            status, said = browser.query(asked)
            assert status == 400, asked
            assert secret not in str(said)
        for database in ("laser_control", "_internal"):
            status, said = browser.get("", database=database, sql="select length(hex(zeroblob(40000000)))")
            assert (status, "too big" in str(said)) == (400, True), database
        with pytest.raises(HTTPError, match="404"):  # and nothing of it is printed
            browser.opener.open(f"{browser.root}/nowhere", timeout=10)
        for path, kind in (("/credentials", ".json"), ("/credentials/1", ".json"), ("", ".db")):
            status, said = browser.get(path, kind)
            assert status == 403, path
            assert secret not in str(said)
        _, every = browser.query("select * from audit_log where table_name = 'credentials'")
        assert every
        assert secret not in str(every)
        assert browser.query("select count(*) as n from patients") == (200, [{"n": 1}])
    assert guarded.json("db", "check")["ok"] is True


def test_what_is_described_is_in_the_record(cart):
    with closing(sqlite3.connect(cart.database)) as tool:
        there = {name for (name,) in tool.execute("SELECT name FROM sqlite_master")}
    assert SHOWN.keys() | {SECRET} <= there


def test_a_port_that_another_program_has_is_refused(cart):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        said = cart.refused("browse", "--port", str(other.getsockname()[1]))
    assert "another program has it" in said


def test_without_its_library_it_says_what_to_install(cart, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    assert "pip install 'tosca-kiosk[browse]'" in cart.refused("browse")


def test_a_record_that_has_no_log_cannot_be_read_beside_a_writer(cart):
    with closing(sqlite3.connect(cart.database, isolation_level=None)) as tool:
        tool.execute("PRAGMA journal_mode = DELETE")
    assert "cannot be browsed now" in cart.refused("browse")
