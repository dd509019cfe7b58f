"""A table of what was measured beside its limit, and whether all of it holds."""

from __future__ import annotations

from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """A measured value. limit: what it must not pass, None where it is only told. floor: it must reach it."""

    what: str
    value: float
    limit: float | None
    unit: str
    floor: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.floor else self.value <= self.limit


def judged(title: str, rows: list[Row]) -> int:
    """Print the rows; return the exit code: 1 when one is past its limit."""
    table = Table("what", "measured", "limit", "", title=title, title_justify="left")
    for row in rows:
        bound = "" if row.limit is None else f"{'>=' if row.floor else '<='} {row.limit:g} {row.unit}"
        verdict = "" if row.limit is None else "holds" if row.holds else "OVER" if not row.floor else "UNDER"
        table.add_row(row.what, f"{row.value:.4g} {row.unit}", bound, verdict)
    Console(width=110).print(table)
    return 0 if all(row.holds for row in rows) else 1
