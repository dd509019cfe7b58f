"""What every command shares: its configuration, its data directory, and how it answers."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import platformdirs
from click.core import ParameterSource

from simulators.scenario import ScenarioError
from tosca_kiosk.cli.console import OutputError, put, say
from tosca_kiosk.cli.data_rights import tighten_rights
from tosca_kiosk.config import CartConfig, ConfigError, bundled, load_config
from tosca_kiosk.control.operator import OperatorGaveUpError
from tosca_kiosk.machine.clock import RealClock, utc_now
from tosca_kiosk.session import REFUSALS, RefusedError, Sealing, load_shipped_content
from tosca_kiosk.storage import (
    BACKUPS_NAME,
    DATABASE_NAME,
    Database,
    StorageError,
    calibration_sessions,
    data_directory_lock,
    make_backup,
    record_to_read,
    recover,
    recover_calibrations,
    schema,
    sessions,
)
from tosca_kiosk.storage.archiving import take_back
from tosca_kiosk.storage.as_of import record_as_of
from tosca_kiosk.storage.backup import half_backups_gone
from tosca_kiosk.storage.clock_evidence import Doubt, clock_doubt
from tosca_kiosk.storage.lock import WAIT_S
from tosca_kiosk.storage.under_way import settled
from tosca_kiosk.storage.unopened import unopened_gone

OTHER_PLACES = (Path("data"), Path("/var/lib/tosca-kiosk"))
"""Where another record may lie that a person means: of `make run DATA=data`, and of a cart's service."""

EXPECTED_ERRORS = (*REFUSALS, ScenarioError, OperatorGaveUpError)


@dataclass(frozen=True)
class Workplace:
    """The configuration file and the data directory that a command works with."""

    config_path: Path
    data_dir: Path
    as_json: bool

    @functools.cached_property
    def config(self) -> CartConfig:
        """The configuration, checked whole. Raises ConfigError."""
        return load_config(self.config_path)

    @property
    def database_path(self) -> Path:
        return self.data_dir / DATABASE_NAME

    @property
    def backup_dir(self) -> Path:
        return self.data_dir / BACKUPS_NAME

    @functools.cached_property
    def sealing(self) -> Sealing:
        """What signs the record. A configuration that is refused names no file for the anchors."""
        try:
            anchor_path = self.config.anchor_path
        except ConfigError:
            anchor_path = None
        return Sealing(self.data_dir, anchor_path, lambda told: say(f"Warning: {told}"))

    def standing(self) -> Path:
        """Return the database's path. Raises RefusedError where there is none."""
        path = self.database_path
        if not path.exists():
            raise RefusedError(f"{path}: there is no database; create it with tosca-kiosk db init")
        return path

    @contextmanager
    def locked(self, timeout_s: float = WAIT_S) -> Iterator[None]:
        """Hold the data directory alone. Raises StorageError naming who holds it past timeout_s."""
        clock = RealClock()
        with data_directory_lock(
            self.data_dir,
            monotonic_s=clock.now_s,
            wait=lambda seconds: clock.sleep_until(clock.now_s() + seconds),
            timeout_s=timeout_s,
            holder=f"tosca-kiosk {command_name()}".rstrip(),
        ):
            for told in tighten_rights(self.data_dir):
                say(f"Warning: {told}")
            for told in (*settled(self.database_path), *half_backups_gone(self.backup_dir)):
                say(told)
            yield

    @contextmanager
    def record(self) -> Iterator[Database]:
        """Open the record for writing, made where it is missing; what a crash left open is closed first."""
        with self.locked(), Database.open(self.database_path) as database:
            self.sealing.begin(database)
            for named, status, reason in self._recovered(database):
                say(f"{named} was interrupted; its record is closed: {status}.")
                if reason is not None:
                    say(f"{named}: {reason}")
            try:
                for said in take_back(database):
                    say(said)
            except StorageError as error:
                say(f"Warning: what was left of an archiving stays: {error}")
            for said in unopened_gone(database, self.data_dir):
                say(said)
            if self.config.all_simulated:
                load_shipped_content(database, self.config, utc_now())
            tell_doubt(clock_doubt(database, utc_now()))
            yield database

    def _recovered(self, database: Database) -> list[tuple[str, str, str | None]]:
        """Close what a crash left open; return of each session how it is called, its status and why."""
        if not (sessions.interrupted(database) or calibration_sessions.interrupted(database)):
            return []
        with self.sealing.signing(database) as key:
            treated = recover(database, self.data_dir, utc_now(), key=key)
            calibrated = recover_calibrations(database, self.data_dir, utc_now(), key=key)
        return [
            *((f"Session {one.session_id}", one.status, one.abort_reason) for one in treated),
            *(
                (f"Calibration session {one.calibration_session_id}", one.status, one.abort_reason)
                for one in calibrated
            ),
        ]

    @contextmanager
    def reading(self, *, as_of: datetime | None = None) -> Iterator[Database]:
        """Open the record to read alone, whoever holds the directory and whatever its disk takes.

        as_of: read it as it was then. Where there is none it is made, as by any other first command. Raises
        StorageError, also for a moment before the record or to come.
        """
        if not self.database_path.exists():
            with self.record() as database, _as_it_was(database, as_of):
                yield database
            return
        with record_to_read(self.database_path, say) as database:
            tell_doubt(clock_doubt(database, utc_now()))
            with _as_it_was(database, as_of):
                yield database

    @contextmanager
    def beside(self) -> Iterator[Database]:
        """Open the record for one short change, also beside a kiosk, which holds the data directory.

        SQLite lets them take turns. Where there is none it is made. Raises StorageError.
        """
        if not self.database_path.exists():
            with self.record() as database:
                yield database
            return
        with Database.open(self.database_path, create=False) as database:
            tell_doubt(clock_doubt(database, utc_now()))
            yield database

    def backup(self) -> Path:
        """Make a verified copy of the database, signed up to its end, in the backups; return its path.

        Raises StorageError.
        """
        if schema.version_of_file(self.database_path) == schema.revisions()[-1]:
            with Database.open(self.database_path, create=False) as database:
                self.sealing.sign(database, "backup")
        return make_backup(self.database_path, self.backup_dir, utc_now())

    def answer(self, result: dict[str, Any] | list[Any], text: str) -> None:
        """Print the result: one JSON object where a program reads, the text where a person does."""
        put(json.dumps(result, default=_as_text) if self.as_json else text)


@contextmanager
def _as_it_was(database: Database, as_of: datetime | None) -> Iterator[None]:
    if as_of is None:
        yield
        return
    with record_as_of(database, as_of, utc_now()):
        yield


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)


def tell_doubt(doubted: Doubt | None) -> None:
    """Warn of a wall clock that cannot be right; what it labels is done all the same."""
    if doubted is not None:
        say(f"Warning: {doubted.said} It says {utc_now():%Y-%m-%d %H:%M} UTC.")


def stdin_is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def default_data_dir() -> Path:
    """Return the platform's data directory for this program."""
    return platformdirs.user_data_path("tosca-kiosk", appauthor=False)


def tell_which_record(data_dir: Path) -> None:
    """Say which record a command without --data-dir uses, where another one lies close at hand."""
    for other in OTHER_PLACES:
        try:
            there = (other / DATABASE_NAME).exists() and not _same_place(other, data_dir)
        except OSError:
            continue  # not this user's to look into
        if there:
            say(f"The record is in {data_dir}; another one lies in {other}: --data-dir {other} uses that.")


def _same_place(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def command_name() -> str:
    """Return which command runs, such as "users set-pin": none of its arguments, for others read it."""
    words: list[str] = []
    context = click.get_current_context(silent=True)
    while context is not None and context.parent is not None:
        words.insert(0, str(context.info_name))
        context = context.parent
    return " ".join(words)


Command = Callable[..., None]


def workplace_command(function: Command) -> Command:
    """Give a command --config, --data-dir and --json; an expected error becomes one line and exit code 1."""

    @click.option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        envvar="TOSCA_CONFIG",
        default=lambda: bundled("simulated.yaml"),
        show_default="the simulated cart",
        help="The cart's configuration file.",
    )
    @click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=default_data_dir,
        show_default="the platform's data directory",
        help="Where the record, its backups and the sessions are.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON object on standard output.")
    @functools.wraps(function)
    def wrapped(config_path: Path, data_dir: Path, as_json: bool, **arguments: Any) -> None:
        if click.get_current_context().get_parameter_source("data_dir") is ParameterSource.DEFAULT:
            tell_which_record(data_dir)
        workplace = Workplace(config_path=config_path, data_dir=data_dir, as_json=as_json)
        try:
            function(workplace, **arguments)
        except EXPECTED_ERRORS as error:
            refuse(str(error), as_json)

    return wrapped


def refuse(text: str, as_json: bool) -> None:
    """End the command with one clear line and exit code 1."""
    if as_json:
        with suppress(OutputError):  # the reason itself is told below
            put(json.dumps({"error": text}))
    say(f"tosca-kiosk: {text}")
    raise SystemExit(1)
