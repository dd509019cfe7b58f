"""Tables and diagrams as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

PRINTED = "Printed by `make docs` from the program's own tables; `make check` refuses it when it is stale."


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def diagram(lines: Iterable[str]) -> str:
    """Return a state diagram that code hosts draw."""
    return "\n".join(("```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"))


def paper(title: str, *parts: str) -> str:
    """Return a whole paper."""
    return "\n\n".join((f"# {title}", PRINTED, *parts)) + "\n"
