"""Tables for people, as plain text, as wide as the terminal at most where words can be broken so far."""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from types import NoneType
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_RULE = "─"
_RULE_IN_ASCII = "-"
# Where no terminal says how wide it is, for nothing should be cut in a file.
_WIDTH_ELSEWHERE = 140
_ODD = "Odd values"
_WORD: Final = re.compile(r" *[^ ]+")
_PIECE: Final = re.compile(r" *[^ _/]+[_/]*|[_/]+")
"""A part of a key, of a type's name or a path: broken behind these where whole words are too wide."""
_CLOSE: Final = 1
_APART: Final = 3
"""Between two columns, in characters."""


def table_text(
    columns: Sequence[str], rows: Iterable[Sequence[object]], odd: Sequence[Sequence[str]] = ()
) -> str:
    """Return rows under their columns; None is an empty cell, a number stands to the right.

    odd: of each row, what in it is no value of its column; where there is any, a last column tells of it.
    """
    held = [tuple(row) for row in rows]
    if any(odd):
        columns = (*columns, _ODD)
        held = [(*row, "; ".join(marks)) for row, marks in zip(held, odd, strict=True)]
    width = shutil.get_terminal_size((_WIDTH_ELSEWHERE, 24)).columns
    cells = [list(columns), *([_cell(value) for value in row] for row in held)]
    cells, gap = _fitted(cells, width)
    table = Table(box=_lines(), pad_edge=False, show_edge=False, padding=(0, (gap - _CLOSE) // 2))
    for index, column in enumerate(cells[0]):
        numbers = all(type(row[index]) in (int, float, NoneType) for row in held)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in cells[1:]:
        table.add_row(*row)
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")


def _fitted(cells: list[list[str]], width: int) -> tuple[list[list[str]], int]:
    """Return the cells with their line breaks, and the gap between columns, for a width.

    A table that is too wide is broken between words; then its columns move together; then long words are
    broken where they are put together. What is too wide even then is left to be folded anywhere.
    """
    by_column = list(zip(*cells, strict=True))
    natural = [max(map(cell_len, column)) for column in by_column]
    between = len(by_column) - 1
    if sum(natural) + _APART * between <= width:
        return cells, _APART
    for part, gap in ((_WORD, _APART), (_WORD, _CLOSE), (_PIECE, _CLOSE)):
        least = [max(_longest(part, text) for text in column) for column in by_column]
        if (spare := width - sum(least) - gap * between) >= 0:
            widths = _shared(least, natural, spare)
            return [[_broken(part, *one) for one in zip(row, widths, strict=True)] for row in cells], gap
    return cells, _CLOSE


def _longest(part: re.Pattern[str], text: str) -> int:
    return max((cell_len(found.strip(" ")) for found in part.findall(text)), default=0)


def _shared(least: list[int], natural: list[int], spare: int) -> list[int]:
    """Return the columns' widths: what is spare goes, a character at a time, to where most is broken."""
    widths = list(least)
    for _ in range(spare):
        wanting = [want - has for want, has in zip(natural, widths, strict=True)]
        widths[wanting.index(max(wanting))] += max(wanting) > 0
    return widths


def _broken(part: re.Pattern[str], text: str, width: int) -> str:
    """Return a text with line breaks between its parts, so that no line is wider than a width."""
    return "\n".join(_wrapped(part, text, width))


def _wrapped(part: re.Pattern[str], text: str, width: int) -> Iterator[str]:
    line = ""
    for found in part.findall(text):
        if line and cell_len(line + found) > width:
            yield line
            line = found.lstrip(" ")
        else:
            line += found
    yield line


def _lines() -> box.Box:
    """Return what draws the line under the head, of characters that standard output can show."""
    try:
        _RULE.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return box.Box(str(box.SIMPLE_HEAD).replace(_RULE, _RULE_IN_ASCII), ascii=True)
    return box.SIMPLE_HEAD


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return a text of the record in one line: it never steers the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
