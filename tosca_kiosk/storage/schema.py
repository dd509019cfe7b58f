"""The schema's versions, run by Alembic from the package itself: no configuration file, no log."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool, StaticPool

from tosca_kiosk.storage.errors import StorageError, translate_errors

_VERSION_TABLE: Final = "alembic_version"
_AUDIT: Final = "20261122_006"
_ONE_CHAIN: Final = "20261130_009"

SchemaObjects = dict[tuple[str, str], str]


class State(Enum):
    """How the schema of a file stands to this program's."""

    EMPTY = auto()
    OLDER = auto()
    CURRENT = auto()


def version_of_file(path: Path) -> str:
    """Return the version that stands in a file, "base" for none, and leave the file as it is.

    Raises StorageError as state_of, and for a file that cannot be read or is no SQLite database.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    translate_errors(engine, path)
    with engine.connect() as connection:
        return version_of(connection, path)


def version_of(connection: Connection, path: Path) -> str:
    """Return the version that stands in the file, "base" for none; StorageError as state_of."""
    if state_of(connection, path) is State.EMPTY:
        return "base"
    return MigrationContext.configure(connection).get_current_revision() or revisions()[0]


def state_of(connection: Connection, path: Path) -> State:
    """Compare the file's version to ours; StorageError when it is newer or was never one of ours."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        return _state_without_version(connection, path)
    if found not in revisions():
        raise StorageError(
            f"{path}: the database is of a newer version of this program ({found}); update the program, "
            "or restore a backup that is older than the update"
        )
    return State.CURRENT if found == revisions()[-1] else State.OLDER


def migrate(
    connection: Connection, path: Path, revision: str, given_out: Mapping[str, int]
) -> dict[str, Any]:
    """Bring the schema to "head", "base" or a version by the start of its name, in the open transaction.

    given_out: numbers that rows which are made on the way do not take (see `counters`). Return what a version
    found of the record on its way up, empty where none looked. The audit says of what versions change that it
    was a migration.
    """
    config = _config(connection)
    config.attributes["given_out"] = given_out
    target = resolved(path, revision)
    if _is_unstamped(connection):
        command.stamp(config, revisions()[0])
    found = MigrationContext.configure(connection).get_current_revision()
    order = ["base", *revisions()]
    if _is_from(connection, _AUDIT):
        connection.exec_driver_sql("INSERT OR REPLACE INTO audit_context VALUES (1, NULL, 'migration')")
    if order.index(target) >= order.index(found or "base"):
        command.upgrade(config, target)
    else:
        command.downgrade(config, target)
    if _is_from(connection, _AUDIT):
        connection.exec_driver_sql("DELETE FROM audit_context")
    return dict(config.attributes.get("found", {}))


def is_chained(connection: Connection) -> bool:
    """Say whether the file's version is one that links every row."""
    return _is_from(connection, _ONE_CHAIN)


def chains(revision: str) -> bool:
    """Say whether a version, by its whole name or "base", is one that links every row."""
    order = ["base", *revisions()]
    return order.index(revision) >= order.index(_ONE_CHAIN)


@cache
def revisions() -> tuple[str, ...]:
    """Return the names of all versions, oldest first."""
    scripts = ScriptDirectory.from_config(_config(None)).walk_revisions()
    return tuple(reversed([script.revision for script in scripts]))


def objects_of(connection: Connection) -> SchemaObjects:
    """Return the SQL of tables, indexes, views and triggers by kind and name, without the tools' own."""
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL "
        "AND name NOT GLOB 'sqlite_*' AND name <> ?",
        (_VERSION_TABLE,),
    )
    return {(kind, name): sql for kind, name, sql in rows}


def expected_objects(revision: str = "head") -> SchemaObjects:
    """Return what objects_of finds in a database of a version, by default at the head."""
    return _expected(revision).objects


class _Expected(NamedTuple):
    """What a version makes: the objects, and those that the tools make for themselves."""

    objects: SchemaObjects
    tools_own: frozenset[tuple[str, ...]]


@cache
def _expected(revision: str) -> _Expected:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            command.upgrade(_config(connection), revision)
            return _Expected(objects_of(connection), _tools_own(connection))
    finally:
        engine.dispose()


def _tools_own(connection: Connection) -> frozenset[tuple[str, ...]]:
    """Return kind, name, table and SQL of what objects_of leaves out.

    Of the tables of ANALYZE one alone is made here; other builds of SQLite make more.
    """
    rows = connection.exec_driver_sql(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master "
        "WHERE (sql IS NULL OR name GLOB 'sqlite_*' OR name = ?) AND name NOT GLOB 'sqlite_stat[^1]*'",
        (_VERSION_TABLE,),
    )
    return frozenset(tuple(row) for row in rows)


def strange_objects(connection: Connection, revision: str = "head") -> Iterator[str]:
    """Name the tables, indexes, views and triggers that are not as a version has them.

    What later versions leave in the file on the way down is not strange. Of an older version's tables the
    text depends on the way that they came, and counts for nothing.
    """
    found, expected = objects_of(connection), expected_objects(revision)
    for kind, name in sorted(set(expected) - set(found)):
        yield f"schema: {kind} {name} is missing"
    for kind, name in sorted(set(found) - set(expected) - set(expected_objects())):
        yield f"schema: {kind} {name} is not of this program"
    for kind, name in sorted(set(found) & set(expected)):
        if found[kind, name] != expected[kind, name] and (kind != "table" or revision == "head"):
            yield f"schema: {kind} {name} is not as this program makes it"
    if revision == "head":
        tools = {(kind, name) for kind, name, *_ in _tools_own(connection) ^ _expected(revision).tools_own}
        yield from (f"schema: {kind} {name} is not as this program makes it" for kind, name in sorted(tools))


def statements(script: str) -> Iterator[str]:
    """Split an SQL script at the ends of its statements; bodies of triggers stay whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""


def _state_without_version(connection: Connection, path: Path) -> State:
    if not objects_of(connection):
        return State.EMPTY
    if _is_unstamped(connection):
        return State.OLDER
    raise StorageError(f"{path}: not a database of this program; choose another file")


def _is_unstamped(connection: Connection) -> bool:
    """Say whether the database was made by the SQL of the nine tables alone, and no version stands in it."""
    if MigrationContext.configure(connection).get_current_revision() is not None:
        return False
    found = objects_of(connection)
    return bool(found) and found == expected_objects(revisions()[0])


def resolved(path: Path, revision: str) -> str:
    """Return the version that "head", "base" or the start of a name means; StorageError for none."""
    if revision in ("head", "base"):
        return revisions()[-1] if revision == "head" else "base"
    matching = [name for name in revisions() if name.startswith(revision)]
    if len(matching) != 1:
        raise StorageError(f"{path}: no version {revision!r}; there are base, {', '.join(revisions())}")
    return matching[0]


def _is_from(connection: Connection, revision: str) -> bool:
    """Say whether the file's version is this one or a later one."""
    found, known = MigrationContext.configure(connection).get_current_revision(), revisions()
    return found in known and known.index(found) >= known.index(revision)


def _config(connection: Connection | None) -> Config:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", "tosca_kiosk.storage:migrations")
    config.attributes["connection"] = connection
    return config
