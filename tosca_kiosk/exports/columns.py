"""What a column of an exported file is: name, type, unit, meaning, and what pseudonymising makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

Batch = list[list[Any]]
"""Values column by column, in the order of a table's columns; None is NULL, times are naive UTC."""


class Kind(StrEnum):
    """What a column's values are."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    JSON = "json"
    TIME = "time"
    DATE = "date"


class Written(NamedTuple):
    """How a kind is written. declared: the record's own type."""

    declared: str
    in_csv: str
    in_json: str
    in_parquet: str


KINDS: Final = {
    Kind.INTEGER: Written("INTEGER", "digits", "number", "int64"),
    Kind.NUMBER: Written("REAL", "the shortest digits that give the same number again", "number", "double"),
    Kind.BOOLEAN: Written("BOOLEAN", "`true`, `false`", "`true`, `false`", "bool"),
    Kind.TEXT: Written("TEXT", "in quotes", "string", "large_string"),
    Kind.JSON: Written("TEXT", "JSON, in quotes", "string that holds JSON", "large_string"),
    Kind.TIME: Written("DATETIME", "`2026-03-14T09:26:53.589793Z`", "string, as CSV", "timestamp[us, UTC]"),
    Kind.DATE: Written("DATE", "`2026-03-14`", "string, as CSV", "date32[day]"),
}  # fmt: skip


class Pseudonymised(StrEnum):
    """What becomes of a column when an export is pseudonymised."""

    KEPT = "kept"
    PSEUDONYM = "a pseudonym"
    WORD = "kept where it is one word of the program"
    REDUCED = "numbers, truths and words of known keys"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. unit: of a number, empty where it has none."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    pseudonymised: Pseudonymised = Pseudonymised.KEPT


@dataclass(frozen=True, slots=True)
class Table:
    """A table, which is a file. meaning: what a row is."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(column.name for column in self.columns)
