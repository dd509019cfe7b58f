"""The Arroyo command language: spellings, the path kept over `;`, and parameters.

A command line is compiled once into steps and kept, for a host says the same few lines again and again. A
step is given the owners of the tables, by the names that the tables have in the language.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

from simulators.wire.arroyo_errors import (
    INVALID_DATA,
    OUT_OF_RANGE,
    PATH_NOT_FOUND,
    WRONG_COUNT,
    WRONG_TYPE,
    WireError,
)

Convert = Callable[[str], Any]
Owners = Mapping[str, Any]
Step = Callable[[Owners], str | None]

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?", re.ASCII)
_RADIX_MARKS = {"#H": 16, "#O": 8, "#B": 2}
_REAL_MARK = "#E"
_REAL_FORMS = {8: ">f", 16: ">d"}  # by the hexadecimal digits of an IEEE 754 number
_FALSE, _TRUE = ("OFF", "FALSE", "NEW"), ("ON", "TRUE", "OLD")
_REMEMBERED_LINES = 512


@dataclass(frozen=True, slots=True)
class Command:
    """One row of a command table.

    path: the long form, its short form in upper case (`LASer:OUTput`), older spellings of a keyword behind
    a bar (`LASer:LDI|I`). takes: one converter a parameter; fewest: how many must be there, all if None.
    apply and answer get the table's owner first; a missing one is a path that does not exist.
    """

    path: str
    apply: Callable[..., None] | None = None
    takes: tuple[Convert, ...] = ()
    answer: Callable[..., str] | None = None
    fewest: int | None = None

    @property
    def name(self) -> str:
        """The long form in upper case, as today's instruments spell it."""
        return ":".join(key.partition("|")[0] for key in self.path.split(":")).upper()


def number(text: str) -> float:
    """Read a decimal number, or one behind #H, #O, #B or #E; anything else is error 124."""
    mark = text[:2]
    if mark in _RADIX_MARKS:
        return _integer(text[2:], _RADIX_MARKS[mark])
    if mark == _REAL_MARK:
        return _real(text[2:])
    if not _DECIMAL.fullmatch(text):
        raise WireError(WRONG_TYPE)
    return float(text)


def whole(low: int, high: int) -> Convert:
    """Read an integer from low to high; outside is error 201, a fraction 124."""

    def convert(text: str) -> int:
        value = number(text)
        if not low <= value <= high:
            raise WireError(OUT_OF_RANGE)
        if value != int(value):
            raise WireError(WRONG_TYPE)
        return int(value)

    return convert


def within(low: float, high: float) -> Convert:
    """Read a number from low to high; outside is error 201."""

    def convert(text: str) -> float:
        value = number(text)
        if not low <= value <= high:
            raise WireError(OUT_OF_RANGE)
        return value

    return convert


def truth(text: str) -> bool:
    """Read 0 or 1, or a word for one of them; another number is error 201, another word 124."""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    value = number(text)
    if value not in (0, 1):
        raise WireError(OUT_OF_RANGE)
    return value == 1


def word(*allowed: str) -> Convert:
    """Read one of some upper-case words; another is error 202."""

    def convert(text: str) -> str:
        if text not in allowed:
            raise WireError(INVALID_DATA)
        return text

    return convert


def word_or_number(*allowed: str) -> Convert:
    """Read one of some words, of which a number may come in every form; anything else is error 202."""
    one_of = word(*allowed)

    def convert(text: str) -> Any:
        with suppress(WireError):  # then it is a word
            text = f"{number(text):g}"
        return one_of(text)

    return convert


class Language:
    """All spellings of an instrument's commands, and the compiler from a line to steps.

    tables: by the name of who owns the commands in each.
    """

    def __init__(self, tables: Mapping[str, Iterable[Command]]) -> None:
        self.tables = {owner: tuple(rows) for owner, rows in tables.items()}
        self._commands = {
            spelling: (owner, row)
            for owner, rows in self.tables.items()
            for row in rows
            for spelling in spellings(row.path)
        }
        self._compiled: dict[bytes, tuple[Step, ...]] = {}

    def settings(self) -> tuple[str, ...]:
        """Return the long form, in upper case, of every command that changes something by its value."""
        return tuple(
            row.name
            for rows in self.tables.values()
            for row in rows
            if row.apply is not None and row.takes and row.fewest is None
        )

    def ignoring(self, paths: Iterable[str]) -> Language:
        """Return the language in which some of `settings` are taken and checked but not obeyed."""
        ignored = frozenset(paths)
        return Language(
            {
                owner: [replace(row, apply=lambda *_: None) if row.name in ignored else row for row in rows]
                for owner, rows in self.tables.items()
            }
        )

    def without(self, name: str) -> Language:
        """Return the language of an instrument that does not know a command."""
        return Language(
            {owner: [row for row in rows if row.name != name] for owner, rows in self.tables.items()}
        )

    def compile(self, line: bytes) -> tuple[Step, ...]:
        """Return what to do for a line; a refused command becomes a step that raises its WireError."""
        steps = self._compiled.get(line)
        if steps is None:
            if len(self._compiled) >= _REMEMBERED_LINES:
                self._compiled.clear()
            steps = self._compiled[line] = tuple(self._steps(line.decode("latin-1").upper()))
        return steps

    def _steps(self, line: str) -> Iterable[Step]:
        path = ""
        for part in line.split(";"):
            head, _, tail = part.strip().partition(" ")
            if not head:
                continue
            full_name = self._looked_up(head.removesuffix("?"), path)
            known = full_name in self._commands
            if known and ":" in head + full_name:  # a common command keeps the path
                path = full_name[: full_name.rfind(":") + 1]
            yield self._step(full_name, head.endswith("?"), tail.strip())

    def _looked_up(self, name: str, path: str) -> str:
        """Return a name from the root: below the path if there is one, else as it stands."""
        below = path + name
        return name[1:] if name.startswith(":") else below if below in self._commands else name

    def _step(self, full_name: str, is_query: bool, tail: str) -> Step:
        try:
            if full_name not in self._commands:
                raise WireError(PATH_NOT_FOUND)
            owner, command = self._commands[full_name]
            return _query(owner, command, tail) if is_query else _setting(owner, command, tail)
        except WireError as error:
            return partial(_refuse, error.code)


def spellings(path: str) -> set[str]:
    """Return every mixture of short, long and older keywords, in upper case."""
    keywords = [
        {form for word in key.split("|") for form in (word.upper(), _shortened(word))}
        for key in path.split(":")
    ]
    return {":".join(forms) for forms in product(*keywords)}


def _shortened(word: str) -> str:
    return "".join(character for character in word if not character.islower())


def _query(owner: str, command: Command, tail: str) -> Step:
    answer = command.answer
    if answer is None:
        raise WireError(PATH_NOT_FOUND)
    if tail:
        raise WireError(WRONG_COUNT)
    return lambda owners: answer(owners[owner])


def _setting(owner: str, command: Command, tail: str) -> Step:
    apply = command.apply
    if apply is None:
        raise WireError(PATH_NOT_FOUND)
    texts = [text.strip() for text in tail.split(",")] if tail else []
    fewest = len(command.takes) if command.fewest is None else command.fewest
    if not fewest <= len(texts) <= len(command.takes):
        raise WireError(WRONG_COUNT)
    values = _converted(command.takes, texts)
    return lambda owners: apply(owners[owner], *values)


def _converted(takes: Sequence[Convert], texts: Sequence[str]) -> list[Any]:
    return [convert(text) for convert, text in zip(takes, texts, strict=False)]


def _integer(digits: str, base: int) -> float:
    try:
        return int(digits, base) if digits.isalnum() else _refuse(WRONG_TYPE)
    except ValueError:
        raise WireError(WRONG_TYPE) from None


def _real(digits: str) -> float:
    form = _REAL_FORMS.get(len(digits))
    if form is None or not set(digits) <= set("0123456789ABCDEF"):
        raise WireError(WRONG_TYPE)
    value = float(struct.unpack(form, bytes.fromhex(digits))[0])
    if not math.isfinite(value):
        raise WireError(WRONG_TYPE)
    return value


def _refuse(code: int, _owners: object = None) -> Any:
    raise WireError(code)
