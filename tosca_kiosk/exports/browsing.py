"""The live record in a browser: Datasette, which may read what a person may see, and nothing else.

Every connection is opened read-only, and SQLite asks `_may` of each statement that it prepares: it may read
the tables of the record but for the PINs' hashes. So neither a typed query nor an error of Datasette's
writes, attaches another file or checkpoints. Whoever opens the page needs the token that the command prints:
the record's file is kept from other users of the machine, and a port of it is not.
"""

from __future__ import annotations

import importlib
import os
import resource
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import Reader
from tosca_kiosk.storage.queries import QUERIES

LOCAL_HOST: Final = "127.0.0.1"
SECRET: Final = "credentials"
"""The table that nobody may read."""
_PLUGINS_NAMED: Final = "DATASETTE_LOAD_PLUGINS"
"""Of the environment; named are none, or whatever else is installed could show or write what it likes."""
_SHUTDOWN_S: Final = 1
_SQL_LIMIT_MS: Final = 2_000
_LONGEST_VALUE_BYTES: Final = 4_000_000
"""Of one value or row that a query makes: far over what the record holds, and made within the time limit."""
_MEMORY_BYTES: Final = 768 * 1024**2
"""Of this whole process: a typed query can ask for more than the cart has, which control needs."""
_OF_A_TABLE: Final = frozenset(
    ("table_info", "table_xinfo", "foreign_key_list", "index_list", "index_info", "index_xinfo")
)
_OF_THE_FILE: Final = frozenset(
    ("schema_version", "database_list", "compile_options", "encoding", "function_list")
)
"""Pragmas that read: of a table that is named, and without a value, which would set something."""
_HARMLESS: Final = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION)
)
_OF_SQLITE: Final = ("sqlite_master", "sqlite_schema", "sqlite_sequence", "json_each", "json_tree")

SHOWN: Final = {
    "tech_users": "Accounts of technicians, supervisors and admins; PINs are not shown.",
    "patients": "Patients, known by a code; with notes and, where given, birth date and gender.",
    "protocols": "Saved treatment protocols.",
    "sessions": "Treatment sessions, with the protocol as it was treated by and measured statistics.",
    "treatment_events": "Events of treatments, and samples ten times a second; without what was archived.",
    "session_recordings": "Videos and pictures of sessions.",
    "safety_log": "Everything about safety, in a session or not.",
    "calibrations": "Calibrations of devices; the newest active one of a device counts.",
    "system_config": "Settings of the site.",
    "active_sessions": "Sessions that are open now.",
    "patient_session_history": "Every patient's sessions, the newest first.",
    "safety_events_summary": "Safety events by day, severity and type.",
    "session_energies": "Measured and commanded energy of sessions, and the larger, which counts as dose.",
    "session_amendments": "What was added to a session's site or notes later.",
    "session_parts": "Sessions that finish the rest of one that ended early.",
    "session_timing": "How punctual control was in a session.",
    "calibration_sessions": "Sessions that have calibrated or checked the cart; with no patient.",
    "calibration_events": "Events of those sessions.",
    "calibration_values": "What those sessions found, with its tolerance.",
    "audit_log": "Every change of a row: when, by whom, before and after.",
    "change_reasons": "Why something was changed.",
    "operations": "What was done to the record as a whole.",
}
"""What a person is shown first, with what it is; the rest of the record stands below, as hidden."""
_LABELS: Final = {"patients": "patient_code", "tech_users": "username", "protocols": "protocol_name"}
_TITLE: Final = "The record of a TOSCA laser treatment cart"
_ABOUT: Final = "Read-only. What stands here is about patients: close it when you leave."


def need() -> None:
    """Raise RefusedError where Datasette is not installed, and say how to get it."""
    _library("datasette.app")


def refuse_unless_live(reader: Reader) -> None:
    """Raise RefusedError for a record that cannot be read beside a program that writes it."""
    if reader.tuples("PRAGMA journal_mode") != [("wal",)]:
        raise RefusedError(
            f"{reader.path}: it cannot be browsed now: its disk is full or takes no file, or no program has "
            "opened it since it was restored; free space, run any command that writes, then repeat"
        )


class Browsing:
    """Datasette on a record, at a port of this machine. url: opens it once, in one browser."""

    def __init__(self, path: Path, port: int) -> None:
        """Take the port, 0 for any free one. Raises RefusedError where another program has it."""
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        tables = _tables(path)
        _guard(path.stem, tables)
        _library("datasette.handle_exception").rich = None  # prints each refused page, with all local values
        self._datasette = _library("datasette.app").Datasette(
            [str(path)], metadata=_metadata(path.stem, tables), settings=_SETTINGS
        )
        token = self._datasette._root_token  # as its own command line does
        self.url = f"http://{LOCAL_HOST}:{self.port}/-/auth-token?token={token}"

    def serve(self) -> None:
        """Answer browsers until a signal ends this process in order, in a bounded part of the memory."""
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        within = _MEMORY_BYTES if most == resource.RLIM_INFINITY else min(_MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_DATA, (within, most))
        uvicorn = _library("uvicorn")
        config = uvicorn.Config(
            self._datasette.app(),
            log_level="error",  # a request's line would tell what was asked, and the token
            lifespan="on",
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # a signal ends it as it ends every command here

        def end() -> None:
            server.should_exit = True

        with on_interrupt(end), closing(self._socket):
            server.run(sockets=[self._socket])


_SETTINGS: Final = {"allow_download": False, "sql_time_limit_ms": _SQL_LIMIT_MS, "num_sql_threads": 2}


def _metadata(name: str, tables: frozenset[str]) -> dict[str, Any]:
    described: dict[str, dict[str, Any]] = {
        table: {"description": SHOWN[table]} if table in SHOWN else {"hidden": True} for table in tables
    }
    for table, column in _LABELS.items():
        described.get(table, {})["label_column"] = column
    described[SECRET] = {"hidden": True, "allow": False}
    queries = {query.name: {"title": query.title, "sql": query.named} for query in QUERIES}
    return {
        "title": _TITLE,
        "description": _ABOUT,
        "allow": {"id": "root"},
        "databases": {name: {"tables": described, "queries": queries}},
    }


def _tables(path: Path) -> frozenset[str]:
    """Return the names of the record's tables and views."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        return frozenset(name for (name,) in found)


def _guard(name: str, tables: frozenset[str]) -> None:
    """Have every connection of this process to the database of this name read, and read no secret."""
    may = _may(tables - {SECRET})

    def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
        conn.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE_BYTES)
        if database == name:
            conn.execute("PRAGMA query_only=1")
            conn.set_authorizer(may)

    plugin = ModuleType("tosca_kiosk_guard")
    plugin.__dict__["prepare_connection"] = _library("datasette").hookimpl(prepare_connection)
    _library("datasette.plugins").pm.register(plugin)


def _may(tables: frozenset[str]) -> Callable[..., int]:
    """Return what says of an action whether a connection may do it. tables: those that may be read."""
    readable = tables | frozenset(_OF_SQLITE)

    def may(action: int, first: str | None, second: str | None, _database: object, _by: object) -> int:
        if action == sqlite3.SQLITE_READ:
            allowed = first in readable or not second  # no column: rows are counted
        elif action == sqlite3.SQLITE_PRAGMA:
            allowed = first in _OF_A_TABLE or (first in _OF_THE_FILE and second is None)
        else:
            allowed = action in _HARMLESS
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    return may


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOCAL_HOST, port))
        listening.listen()  # the address is printed before it is served: who comes early waits
    except OSError as error:
        listening.close()
        raise RefusedError(
            f"--port {port}: another program has it, or it is kept ({error.strerror}); choose another, 0 is "
            "any free one"
        ) from error
    return listening


def _library(name: str) -> Any:
    os.environ[_PLUGINS_NAMED] = ""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise RefusedError(
            "browse needs the package datasette, which is not installed: pip install 'tosca-kiosk[browse]'"
        ) from error
