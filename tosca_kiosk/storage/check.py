"""What `db check` finds: damage, dangling keys, a foreign schema, a log that was touched, odd values."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.storage import chain, schema
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.odd_values import odd_values


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found. problems: in words, empty when all is well.

    heads, rows: of each log, the last hash that fits (hexadecimal) and how many rows do.
    """

    problems: tuple[str, ...]
    heads: dict[str, str]
    rows: dict[str, int]


def check(database: Database) -> CheckReport:
    """Look at everything that can be proved of the file, in one snapshot."""
    with database.reading() as reader:
        verdicts = {log: chain.verify(reader.connection, log) for log in chain.LOGS}
        problems = [*_integrity(reader), *_foreign_keys(reader), *_schema(reader)]
        odd = list(odd_values(reader))
    problems += [verdict.broken for verdict in verdicts.values() if verdict.broken]
    problems += odd
    return CheckReport(
        tuple(problems),
        {log: verdict.head.hex() for log, verdict in verdicts.items()},
        {log: verdict.rows for log, verdict in verdicts.items()},
    )


def _integrity(reader: Reader) -> list[str]:
    said = [row[0] for row in reader.tuples("PRAGMA integrity_check")]
    return [] if said == ["ok"] else [f"integrity: {line}" for line in said]


def _foreign_keys(reader: Reader) -> list[str]:
    return [
        f"foreign key: row {rowid} of {table} points at a missing row of {parent}"
        for table, rowid, parent, _ in reader.tuples("PRAGMA foreign_key_check")
    ]


def _schema(reader: Reader) -> list[str]:
    found, expected = schema.objects_of(reader.connection), schema.expected_objects()
    missing = [f"schema: {kind} {name} is missing" for kind, name in sorted(set(expected) - set(found))]
    foreign = [
        f"schema: {kind} {name} is not of this program" for kind, name in sorted(set(found) - set(expected))
    ]
    changed = [
        f"schema: {kind} {name} is not as this program makes it"
        for kind, name in sorted(set(found) & set(expected))
        if found[kind, name] != expected[kind, name]
    ]
    return missing + foreign + changed
