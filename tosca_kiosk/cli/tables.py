"""Tables for people, as plain text."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import NoneType

from rich import box
from rich.console import Console
from rich.table import Table

_RULE = "─"
_RULE_IN_ASCII = "-"
# Where no terminal says how wide it is, for nothing should be cut in a file.
_WIDTH_ELSEWHERE = 140
_ODD = "Odd values"


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
    table = Table(box=_lines(), pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        numbers = all(type(row[index]) in (int, float, NoneType) for row in held)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in held:
        table.add_row(*(_cell(value) for value in row))
    width = shutil.get_terminal_size((_WIDTH_ELSEWHERE, 24)).columns
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")


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
