"""Every value of the record that its column does not take: any SQLite tool may have written it.

SQLite itself looks through the rows and gives only those that may be odd; `columns` judges them as it does
where they are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from tosca_kiosk.storage import sessions, settings
from tosca_kiosk.storage.chain import LOGS, late_rows
from tosca_kiosk.storage.columns import CHOICES, JSON_COLUMNS, NEEDED, Odd, judged
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import WRITTEN_TIME

NAMED_AT_MOST: Final = 20
"""Of one column; a tool that wrote a whole column wrongly is told of once."""

# By declared type: what no value of it that stands there may be. Some that are right pass as well.
_SUSPECT: Final = {
    "INTEGER": "typeof({0}) <> 'integer'",
    "REAL": "typeof({0}) NOT IN ('real', 'integer') OR abs({0}) > 1.7976931348623157e308",
    "BOOLEAN": "typeof({0}) <> 'integer' OR {0} NOT IN (0, 1)",
    "DATETIME": f"NOT {WRITTEN_TIME}",
    "DATE": "typeof({0}) <> 'text' OR {0} NOT GLOB '[1-9]*' OR {0} IS NOT date({0}, '+0 days')",
    "BLOB": "typeof({0}) <> 'blob'",
}
_TABLES: Final = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' "
    "AND name NOT IN ('alembic_version') ORDER BY rowid"
)


def odd_values(reader: Reader, proved: Collection[str] = ()) -> Iterator[str]:
    """Name table, row and column of each odd value, with what stands there, and each setting that is none.

    proved: tables that the chain proves. Of a log only what another program wrote is looked at then, of its
    hashes nothing: this program writes no odd value.
    """
    for (table,) in reader.tuples(_TABLES):
        if table not in proved:
            yield from _of_table(reader, f'"{table}"', table)
        elif table in LOGS:
            yield from _of_table(reader, f"({late_rows(table)})", table)
    yield from settings.doubts(reader)
    yield from _folders(reader)


def _of_table(reader: Reader, rows: str, table: str) -> Iterator[str]:
    kinds = reader.columns(table)
    if not set(kinds.values()) <= {*_SUSPECT, "TEXT"}:
        return  # a table of somebody else's, named as such
    named: Counter[str] = Counter()
    for row in reader.rows(f"SELECT * FROM {rows} WHERE {' OR '.join(_suspects(table, kinds))}"):
        for odd in judged(table, kinds, row).odd:
            named[odd.column] += 1
            if named[odd.column] <= NAMED_AT_MOST:
                yield str(odd)
    for column, count in named.items():
        if count > NAMED_AT_MOST:
            more = f"{count - NAMED_AT_MOST} more rows are odd there"
            yield str(Odd(row=table, column=column, why=more))


def _suspects(table: str, kinds: dict[str, str]) -> Iterator[str]:
    for column, kind in kinds.items():
        suspect = _suspect_text(table, column) if kind == "TEXT" else _SUSPECT[kind]
        name, missing = f'"{column}"', "1" if (table, column) in NEEDED else "0"
        yield f"CASE WHEN {name} IS NULL THEN {missing} ELSE {suspect.format(name)} END"


def _suspect_text(table: str, column: str) -> str:
    """Return what may be odd in a text: in ASCII nothing but the words; SQLite does not tell bad UTF-8."""
    parts = ["typeof({0}) <> 'text'", "{0} GLOB '*[^ -~]*'"]
    if (table, column) in CHOICES:
        words = ", ".join(f"'{word}'" for word in CHOICES[table, column])
        parts.append(f"{{0}} NOT IN ({words})")
    if (table, column) in JSON_COLUMNS:
        parts.append("NOT json_valid({0})")
    return " OR ".join(parts)


def _folders(reader: Reader) -> Iterator[str]:
    data_dir = Path(reader.path).parent
    try:
        settings.session_data_path(reader, data_dir)
    except StorageError as error:
        yield str(error)
    for number, folder in reader.tuples(
        "SELECT session_id, session_folder_path FROM sessions WHERE typeof(session_folder_path) = 'text'"
    ):
        try:
            sessions.inside(data_dir, str(folder), f"sessions, session_id {number}, session_folder_path")
        except StorageError as error:
            yield str(error)
