"""What the files of `sessions export` hold: every table and column, and what pseudonymising leaves."""

from __future__ import annotations

from collections.abc import Iterator

from tests.papers.tables import paper as whole
from tests.papers.tables import table
from tosca_kiosk.exports.columns import KINDS, Pseudonymised, Table
from tosca_kiosk.exports.reduced import GENDERS, KEY_NAME, KNOWN_KEYS
from tosca_kiosk.exports.tables import RECORDED, SCHEMA_VERSION
from tosca_kiosk.exports.ticks import TICKS

_READING = """```python
import pandas as pd

events = pd.read_parquet("export/treatment_events.parquet")
events = pd.read_csv("export/treatment_events.csv")
events = pd.read_json("export/treatment_events.jsonl", lines=True, precise_float=True)
power = events[events.is_sample].plot(x="time_offset_ms", y="laser_power_actual_watts")
```"""


def _table(one: Table) -> Iterator[str]:
    yield f"## {one.name}"
    yield f"A row is {one.meaning}."
    yield table(
        ("column", "type", "unit", "meaning", "pseudonymised"),
        ((f"`{c.name}`", c.kind, c.unit, c.meaning, c.pseudonymised) for c in one.columns),
    )


def _words(words: frozenset[str]) -> str:
    return ", ".join(f"`{word}`" for word in sorted(words))


def paper() -> str:
    """Print EXPORTS.md."""
    kinds = ((kind, row.in_csv, row.in_json, row.in_parquet) for kind, row in KINDS.items())
    return whole(
        "Exported sessions",
        "`tosca-kiosk sessions export` writes a file a table into a folder, and `schema.json` beside "
        f"them, which says what this paper says, of the version of this schema, {SCHEMA_VERSION}; in a "
        "Parquet file `tosca_kiosk_schema_version` of its metadata says it, too, and each column's unit "
        "and meaning. A column that gets another name, type, unit or meaning makes a new version. A value"
        " is the record's own, exactly; one that is none of its column's type is left empty, and `notes` "
        "of `schema.json` says so. The files tell apart NULL and an empty text; pandas takes both for "
        "missing in CSV. Its reader of JSON rounds the last digit unless it is told not to, and so does "
        'that of CSV before pandas 3.1 (there `float_precision="round_trip"`):',
        _READING,
        "A text stays as it was typed, also one that begins with `=`, `+`, `-` or `@`. A spreadsheet "
        "that opens a CSV file takes it for a formula and may run it, and shows numbers and times in its "
        "own way: import the file there with every column as text, and do not open it by a double click.",
        table(("type", "CSV", "JSON lines", "Parquet"), kinds),
        *(part for one in (*RECORDED, TICKS) for part in _table(one)),
        "`ticks` is there with `--full-rate` alone. Of a journal that is damaged it holds what comes "
        "before the damage, of one that is not the recorded one nothing; `notes` says which. What was "
        "decided comes of deciding the journal again; it is NULL from where older rules decided otherwise"
        " than the present ones.",
        "## Pseudonymised",
        "With `--pseudonymise` the last column of each table holds: what is left out is no column of the "
        "file.",
        table(
            ("", "what stands there"),
            (
                (
                    Pseudonymised.PSEUDONYM,
                    "`patient_`, `technician_` or `protocol_` and 16 digits of an HMAC-SHA-256 of the "
                    f"code, the username or the name, with the key of the site: `{KEY_NAME}` in the data "
                    "directory, mode 0600, made at the first such export. The same in every export that "
                    "is made with this key; whoever has the key can find out whom it means",
                ),
                (
                    Pseudonymised.WORD,
                    "a text of small letters, digits and `_ . + -`; else NULL. Of genders these alone: "
                    f"{_words(GENDERS)}",
                ),
                (
                    Pseudonymised.REDUCED,
                    f"of JSON what stands under these keys, of texts words alone: {_words(KNOWN_KEYS)}",
                ),
                (
                    Pseudonymised.KEPT,
                    "as it is: numbers of rows and sessions, and what was measured, commanded and "
                    "decided. No time of a clock is among it: days count from a patient's first session "
                    "in the record, all other times from a session's start",
                ),
            ),
        ),
    )
