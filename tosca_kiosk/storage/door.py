"""What stands inside the door: the reader of one snapshot, and the transaction that also writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import dataset
from sqlalchemy import Column, Connection, Integer, MetaData, Table, text
from sqlalchemy.types import NullType

from tosca_kiosk.storage.columns import Held, Origin, judged, judged_row
from tosca_kiosk.storage.errors import StorageError, translating
from tosca_kiosk.storage.values import to_column

Row = dict[str, Any]
Columns = dict[str, dict[str, str]]

# Many rows in one statement are a third faster than one each; 64 of 16 columns stay far under
# SQLite's 32 766 parameters, and more gain nothing.
ROWS_A_STATEMENT = 64


class Library(dataset.Database):
    """`dataset` with one picture of the tables for all of it.

    The library itself reflects every table anew after each rollback, with its indexes and constraints and all
    tables that it refers to: 75 ms where the columns, which are all that it uses, take 5.
    """

    def __init__(self, url: str, **settings: Any) -> None:
        super().__init__(url, **settings)
        self._picture = MetaData()

    @property
    def metadata(self) -> MetaData:
        return self._picture

    def learn(self, name: str) -> dict[str, str]:
        """Look at the columns that a table has; return their declared types. Raises NoSuchTableError.

        The library is told of no type but whole numbers: it would convert what it reads, drop a time's zone
        and stop at the first value of any row that it cannot convert. `values` says what a value means.
        """
        with self.lock:
            found = self.inspect.get_columns(name)
            Table(
                name,
                self._picture,
                *(
                    Column(c["name"], _held_as(c["type"]), primary_key=bool(c.get("primary_key")))
                    for c in found
                ),
                keep_existing=True,
            )
        return {column["name"]: type(column["type"]).__name__ for column in found}

    def forget(self) -> None:
        """Drop the picture: the schema is another now."""
        self._picture.clear()


def _no_table(path: Path, table: str) -> str:
    return f"{path}: there is no table {table!r}; run tosca-kiosk db check"


def _held_as(declared: object) -> Integer | NullType:
    return declared if isinstance(declared, Integer) else NullType()


class Reader:
    """Reads of one snapshot: what others commit meanwhile is not seen. Usable until its `with` ends.

    known: the columns of the tables looked at so far, shared by all readers of a database.
    """

    def __init__(self, path: Path, raw: Library, known: Columns) -> None:
        self.path = path
        self._raw = raw
        self._known = known
        self._open = True

    def find(
        self, table: str, *, order_by: str | Sequence[str] = (), limit: int | None = None, **filters: Any
    ) -> list[Row]:
        """Return the rows that equal all filters (a tuple: any of it); times come as aware UTC.

        order_by: columns, `-column` downwards.

        Raises StorageError for an unknown table or column, which dataset would read as "nothing found", and
        for a row in which a value is odd: for what must not go on with a part of it.
        """
        found = self.held(table, order_by=order_by, limit=limit, **filters)
        for _, odd in found:
            if odd:
                raise StorageError(f"{self.path}: {odd[0]}; correct it, then repeat")
        return [row for row, _ in found]

    def held(
        self,
        table: str,
        *,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        skip: int = 0,
        **filters: Any,
    ) -> list[Held]:
        """Return the rows as `find` does, each with what is odd in it instead of a StorageError.

        skip: leave so many out at the beginning.
        """
        order = (order_by,) if isinstance(order_by, str) else tuple(order_by)
        self._check_names(table, [*filters, *(name.removeprefix("-") for name in order)])
        values = {name: self._wanted(table, name, value) for name, value in filters.items()}
        with translating(self.path):
            rows = self.raw[table]
            if not rows.exists:  # it was when its columns were learned
                raise StorageError(_no_table(self.path, table))
            found = list(rows.find(order_by=order, _limit=limit, _offset=skip, _step=None, **values))
        kinds = self.columns(table)
        return [judged(table, kinds, dict(row)) for row in found]

    def find_one(self, table: str, **filters: Any) -> Row | None:
        """Return the first row that equals all filters, or None."""
        found = self.find(table, limit=1, **filters)
        return found[0] if found else None

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """Return the rows of a SELECT with `:name` parameters; values as SQLite holds them, times as text."""
        with translating(self.path):
            result = self.connection.execute(text(sql), parameters)
            return [dict(row) for row in result.mappings()]

    def held_rows(
        self, sql: str, table: str, renamed: Mapping[str, Origin | None], **parameters: Any
    ) -> list[Held]:
        """Return the rows of a SELECT with `:name` parameters, each with what is odd in it.

        table: whose columns it shows; renamed: but for these, None for what is computed.
        """
        return self.judged_rows(self.rows(sql, **parameters), table, renamed)

    def judged_rows(self, found: list[Row], table: str, renamed: Mapping[str, Origin | None]) -> list[Held]:
        """Return rows that a SELECT has found, each with what is odd in it. table, renamed: as held_rows."""
        shown = {name: renamed.get(name, Origin(table, name)) for name in (found[0] if found else ())}
        origins = {
            name: (origin, self.columns(origin.table)[origin.column])
            for name, origin in shown.items()
            if origin is not None
        }
        return [judged_row(table, origins, row) for row in found]

    def held_one(self, table: str, **filters: Any) -> Held | None:
        """Return the first row that equals all filters with what is odd in it, or None."""
        found = self.held(table, limit=1, **filters)
        return found[0] if found else None

    def tuples(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT with `?` parameters as the driver gives them: the fast way."""
        with translating(self.path):
            return [tuple(row) for row in self.connection.exec_driver_sql(sql, parameters)]

    def columns(self, table: str) -> dict[str, str]:
        """Return the table's columns with their declared types; StorageError if there is no such table."""
        if table not in self._known:
            with translating(self.path):
                if table not in self.raw.tables:
                    raise StorageError(_no_table(self.path, table))
                self._known[table] = self.raw.learn(table)
        return self._known[table]

    @property
    def raw(self) -> Library:
        """The library's database, inside this reader's transaction."""
        if not self._open:
            raise StorageError(f"{self.path}: used after the end of its `with`; open a new one")
        return self._raw

    @property
    def known(self) -> Columns:
        """The columns of the tables looked at so far."""
        return self._known

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, inside this reader's transaction."""
        return self.raw.executable

    def end(self) -> None:
        """Refuse everything from now on."""
        self._open = False

    def _checked(self, table: str, values: Mapping[str, Any]) -> Row:
        self._check_names(table, values)
        return {name: self._held(table, name, value) for name, value in values.items()}

    def _wanted(self, table: str, name: str, value: Any) -> Any:
        if isinstance(value, tuple):
            return [self._held(table, name, item) for item in value]
        return self._held(table, name, value)

    def _held(self, table: str, name: str, value: Any) -> Any:
        return to_column(f"{table}.{name}", self.columns(table)[name], value)

    def _check_names(self, table: str, names: Iterable[str]) -> None:
        columns = self.columns(table)
        if unknown := sorted(set(names) - set(columns)):
            raise StorageError(
                f"{self.path}: table {table} has no column {', '.join(unknown)}; it has {', '.join(columns)}"
            )


class Transaction(Reader):
    """Writes that are all done or not at all. Rows are added and changed; nothing is deleted here."""

    def insert(self, table: str, **values: Any) -> Any:
        """Add one row and return its primary key; columns left out take the schema's defaults."""
        checked = self._checked(table, values)
        with translating(self.path):
            return self.raw[table].insert(checked)

    def insert_rows(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Add many rows of the same columns at the driver's speed.

        Values go as they are: the caller gives times as text, and no NaN.
        """
        self._check_names(table, columns)
        into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "
        row = f"({', '.join('?' * len(columns))})"
        whole = len(rows) - len(rows) % ROWS_A_STATEMENT
        batches = [
            tuple(chain.from_iterable(rows[i : i + ROWS_A_STATEMENT]))
            for i in range(0, whole, ROWS_A_STATEMENT)
        ]
        with translating(self.path):
            if batches:
                self.connection.exec_driver_sql(into + ", ".join([row] * ROWS_A_STATEMENT), batches)
            if rest := list(rows[whole:]):
                self.connection.exec_driver_sql(into + row, rest)

    def update(self, table: str, key: Mapping[str, Any], **values: Any) -> None:
        """Change the one row that equals key; StorageError when there is none, or more than one."""
        wanted, checked = self._checked(table, key), self._checked(table, values)
        if not wanted or not checked:
            raise StorageError(f"{self.path}: a change of {table} needs a row's key and new values")
        with translating(self.path):
            changed = int(self.raw[table].update({**wanted, **checked}, list(wanted)))
        if changed != 1:
            named = ", ".join(f"{name}={value!r}" for name, value in key.items())
            raise StorageError(f"{self.path}: {table} has {changed} rows with {named}, one was expected")

    def execute(self, sql: str, **parameters: Any) -> None:
        """Run one statement with `:name` parameters, for what insert and update cannot say."""
        with translating(self.path):
            self.connection.execute(text(sql), parameters)
