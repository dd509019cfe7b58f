"""The one door to the database: a thin wrapper over `dataset` that refuses what the library lets pass.

Rules it keeps: the schema is Alembic's alone; every write is inside one transaction, never nested, that
takes the write lock first; every read is a snapshot that ends with it; keys are checked against the table.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, event

from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.storage import linking, operations, reasons, schema
from tosca_kiosk.storage.columns import Held, Origin
from tosca_kiosk.storage.door import Columns, Library, Reader, Row, Transaction
from tosca_kiosk.storage.errors import StorageError, translate_errors, translating
from tosca_kiosk.storage.operations import NOBODY, Order
from tosca_kiosk.storage.signing import SigningKey
from tosca_kiosk.storage.telling import Tell, nobody
from tosca_kiosk.storage.values import held_text

BUSY_TIMEOUT_S = 5.0
READ_ONLY_BUSY_TIMEOUT_S = 1.0
# The pages of one imported session (about 15 MB) fit, so that each is written once.
_CACHE_KIB = 32_768
_PRAGMAS = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=FULL", f"PRAGMA cache_size=-{_CACHE_KIB}")
# What is sorted may be long, and the disk for passing files may be the full one.
_PRAGMAS_READ_ONLY = ("PRAGMA temp_store=MEMORY",)
Connect = Callable[[], sqlite3.Connection]
_Door = TypeVar("_Door", bound=Reader)
_PRAGMAS_HELD = (("foreign_keys", 1), ("synchronous", 2), ("journal_mode", "wal"))


class Database:
    """An open database. Any thread may use it; reads are free, writes take turns.

    read_only: SQLite itself then refuses every write, and nothing is ever checkpointed. connect: opens
    something else than the file at path, to read alone.
    """

    def __init__(self, path: Path, *, read_only: bool = False, connect: Connect | None = None) -> None:
        self.path = path
        self._read_only = read_only
        self._connect_elsewhere = connect
        self._turn = threading.Lock()
        self._here = threading.local()
        self._known: Columns = {}
        self._file: tuple[int, int] | None = None  # device and number of what was opened to be written
        self._linker = linking.ONE_CHAIN
        self._raw = Library(
            "sqlite:///laser_control.db",  # names the dialect alone: _connect opens the file, any name of it
            # Nothing that a traceback shows holds a value: it may be a PIN's hash or a patient's.
            engine_kwargs={"creator": self._connect, "hide_parameters": True},
            ensure_schema=False,
            row_type=dict,
            sqlite_wal_mode=not read_only,  # to ask for it is to write
            # the library appends to the list that it is given
            on_connect_statements=[*_PRAGMAS, *(_PRAGMAS_READ_ONLY if read_only else ())],
        )
        engine = self._raw.engine
        assert engine is not None  # close() takes it away
        translate_errors(engine, path)
        event.listen(engine, "begin", self._begin)

    @classmethod
    def open(cls, path: Path, *, create: bool = True, upgrade: bool = False) -> Self:
        """Open the database at path, with the schema of this program.

        create: make a missing one. upgrade: bring an older schema up to date. Raises StorageError for a
        schema that is older (without upgrade) or newer, and for a file or directory that cannot be used.
        """
        if not path.exists():
            if not create:
                raise StorageError(f"{path}: there is no database; create it with tosca-kiosk db init")
            _make_directory(path.parent)
        database = cls(path)
        try:
            database._check_pragmas()
            database._bring_up(create, upgrade)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def takes_writes(self) -> bool:
        """Whether it was opened to be written into."""
        return not self._read_only

    @classmethod
    def read_only(cls, path: Path, connect: Connect | None = None) -> Self:
        """Open the database at path to read beside the program that writes it.

        connect: opens what stands for the file, where the file itself cannot be opened (see `beside`).
        Raises StorageError for a missing one, for a schema that is not this program's, and where another
        program keeps readers off for more than a second.
        """
        if not path.exists():
            raise StorageError(f"{path}: there is no database; is this the cart's data directory?")
        database = cls(path, read_only=True, connect=connect)
        try:
            database._check_pragmas()
            database._bring_up(create=False, upgrade=False)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def unmigrated(cls, path: Path) -> Self:
        """Open the database at path to migrate it, and for nothing else. Raises StorageError as open."""
        database = cls(path)
        try:
            database._check_pragmas()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def of_any_version(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the database at path as it is, whatever version it says it has, for accounts and refusals.

        What is written follows the file's own shape: its tables tell it, and not what it says of itself.
        Raises StorageError for a missing file, and for one that is no database.
        """
        if not path.exists():
            raise StorageError(f"{path}: there is no database; create it with tosca-kiosk db init")
        database = cls(path, read_only=read_only)
        try:
            with database.reading() as reader, translating(path):
                database._linker = linking.of_shape(reader.connection)
        except BaseException:
            database.close()
            raise
        return database

    @contextmanager
    def transaction(
        self, operator_id: int | None = None, *, reason: str | None = None
    ) -> Iterator[Transaction]:
        """Write inside `with`: all of it is kept at the end, or none after an exception.

        operator_id: whom the audit names (a tech_id), None when no operator is known. reason: why, kept
        beside what the audit says of these changes; None where none was given. What other programs wrote into
        the logs before is linked late, what is written here at the end. Raises StorageError when one is open
        already in this thread, and when another program holds the database for long.
        """
        with self._writing() as transaction:
            with translating(self.path):
                begun = self._linker.begin(transaction.connection, operator_id)
            before = 0 if reason is None else reasons.newest_change(transaction)
            yield transaction
            if reason is not None:
                reasons.keep(transaction, before, reason)
            with translating(self.path):
                self._linker.end(transaction.connection, begun)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read several times from one snapshot. Inside a transaction: see what it has written so far."""
        door: Reader | None = getattr(self._here, "door", None)
        if door is not None:
            yield door
            return
        with self._entered(Reader(self.path, self._raw, self._known)) as reader:
            yield reader

    def find(
        self, table: str, *, order_by: str | Sequence[str] = (), limit: int | None = None, **filters: Any
    ) -> list[Row]:
        """Do what Reader.find does, in a snapshot of its own."""
        with self.reading() as reader:
            return reader.find(table, order_by=order_by, limit=limit, **filters)

    def find_one(self, table: str, **filters: Any) -> Row | None:
        """Do what Reader.find_one does, in a snapshot of its own."""
        with self.reading() as reader:
            return reader.find_one(table, **filters)

    def held(
        self,
        table: str,
        *,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        skip: int = 0,
        **filters: Any,
    ) -> list[Held]:
        """Do what Reader.held does, in a snapshot of its own."""
        with self.reading() as reader:
            return reader.held(table, order_by=order_by, limit=limit, skip=skip, **filters)

    def held_one(self, table: str, **filters: Any) -> Held | None:
        """Do what Reader.held_one does, in a snapshot of its own."""
        with self.reading() as reader:
            return reader.held_one(table, **filters)

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """Do what Reader.rows does, in a snapshot of its own; a statement that writes is refused."""
        with self.reading() as reader:
            return reader.rows(sql, **parameters)

    def held_rows(
        self, sql: str, table: str, renamed: Mapping[str, Origin | None], **parameters: Any
    ) -> list[Held]:
        """Do what Reader.held_rows does, in a snapshot of its own."""
        with self.reading() as reader:
            return reader.held_rows(sql, table, renamed, **parameters)

    def migrate(
        self,
        revision: str,
        order: Order = NOBODY,
        given_out: Mapping[str, int] | None = None,
        *,
        key: SigningKey | None = None,
        tell: Tell = nobody,
    ) -> tuple[str, ...]:
        """Bring the schema to a revision: "head", the start of a version's name, or "base" for empty.

        order: who and why, for the row of `operations` that says so. given_out, tell: see operations.migrate.
        key: signs the head after it. Return what was damaged before. Going down loses what the older schema
        cannot hold: make a backup first. Below the head nothing but migrate and close may be used.
        """
        with self._writing() as transaction, translating(self.path):
            damage = operations.migrate(
                transaction.connection, self.path, revision, order, given_out, key, tell
            )
        self._raw.forget()
        self._known.clear()
        return damage

    def close(self) -> None:
        """Close every connection; the database cannot be used afterwards."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        if getattr(self._here, "door", None) is not None:
            raise StorageError(f"{self.path}: a transaction or snapshot is open already; end it first")
        with self._turn, self._entered(Transaction(self.path, self._raw, self._known)) as transaction:
            self._refuse_replaced()
            yield transaction

    def _refuse_replaced(self) -> None:
        """Refuse to write into a file that another one has taken the place of, as a restore does.

        Inside the transaction, for who replaces it keeps writers off.
        """
        if _identity(self.path) != self._file:
            raise StorageError(
                f"{self.path}: another file has taken its place meanwhile; nothing was changed, repeat"
            )

    @contextmanager
    def _entered(self, door: _Door) -> Iterator[_Door]:
        self._here.door = door
        try:
            with _library_transaction(self._raw, self.path):
                yield door
        finally:
            door.end()
            self._here.door = None

    def _connect(self) -> sqlite3.Connection:
        connect = self._connect_elsewhere or self._connect_here
        connection = connect()
        connection.text_factory = held_text
        return connection

    def _connect_here(self) -> sqlite3.Connection:
        # Without isolation_level the driver begins nothing by itself: _begin says when and how.
        read_only = self._read_only
        # Looked at before it is opened: a file that takes its place meanwhile is then seen to be another one.
        before = _identity(self.path)
        connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode={'ro' if read_only else 'rwc'}",
            timeout=READ_ONLY_BUSY_TIMEOUT_S if read_only else BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        self._file = self._file or before or _identity(self.path)
        return connection

    def _begin(self, connection: Connection) -> None:
        writes = isinstance(getattr(self._here, "door", None), Transaction)
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def _check_pragmas(self) -> None:
        held = _PRAGMAS_HELD if self._connect_elsewhere is None else ()  # they are for who writes
        with self.reading() as reader:
            for name, wanted in held:
                found = reader.tuples(f"PRAGMA {name}")[0][0]
                if found != wanted:
                    raise StorageError(
                        f"{self.path}: {name} is {found}, {wanted} is needed; keep the data on a local disk"
                    )

    def _bring_up(self, create: bool, upgrade: bool) -> None:
        with self.reading() as reader:
            state = schema.state_of(reader.connection, self.path)
        if state is schema.State.CURRENT:
            return
        if state is schema.State.EMPTY and not create:
            raise StorageError(f"{self.path}: the database is empty; create it with tosca-kiosk db init")
        if state is schema.State.OLDER and not upgrade:
            raise StorageError(
                f"{self.path}: the database is of an older version of this program; make a backup, then run "
                "tosca-kiosk db upgrade"
            )
        self.migrate("head")


@contextmanager
def _library_transaction(raw: Library, path: Path) -> Iterator[None]:
    """Enter dataset's own `with db`, translating what its begin and commit raise."""
    with translating(path):
        raw.begin()
    try:
        yield
    except BaseException:
        raw.rollback()
        raise
    try:
        raw.commit()  # what fails in it the engine translates
    except BaseException:
        # dataset and SQLAlchemy believe that it has ended, SQLite goes on: only closing frees the lock.
        failed = raw.executable
        failed.invalidate()
        failed.rollback()
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_directory(directory: Path) -> None:
    try:
        make_folder(directory)
    except OSError as error:
        raise StorageError(
            f"{directory}: the data directory cannot be made ({error.strerror}); check its place and rights"
        ) from error
