"""Single bits of a record's database file flipped: each is named by `db check`, or changes no stored value.

    python -m benchmarks.bench.bit_flips --flips 2000 --seed 1

The record is that of a simulated cart after one treatment. A flip that is not named must lie in bytes that
hold nothing: every table, every row and the schema then read as before. The planner's statistics are no part
of the record: they say how fast an answer comes, never which. Exit code 1 where one is missed.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.storage import DATABASE_NAME, Database, StorageError, check

STATISTICS = "sqlite_stat1"
COMMANDS = (
    ("db", "init"),
    ("patients", "add"),
    ("treat", "--patient", "{patient}", "--tech", "admin", "--protocol", "Constant 5 W, 60 s", "--fast"),
)
"""What makes the record; {patient} is the code that the second one prints."""


@dataclass(slots=True)
class Flips:
    """What came of the flips. missed: byte and bit of each that was not named though values changed."""

    named: int = 0
    unused: int = 0
    missed: list[tuple[int, int]] = field(default_factory=list)


def flipped(path: Path, flips: int, seed: int) -> Flips:
    """Flip so many bits of a database that nobody has open, one after the other; leave it as it was."""
    _without_log(path)
    whole, found = path.read_bytes(), Flips()
    before, chosen = _content(path), random.Random(seed)
    for _ in tracked(range(flips), "flips", flips):
        at, bit = chosen.randrange(len(whole)), 1 << chosen.randrange(8)
        _write(path, whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        if _named(path):
            found.named += 1
        elif _content(path) == before:
            found.unused += 1
        else:
            found.missed.append((at, bit))
    _write(path, whole)
    return found


def _without_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write(path: Path, content: bytes) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(content)


def _named(path: Path) -> bool:
    try:
        with Database.read_only(path) as database:
            return bool(check(database).problems)
    except StorageError:
        return True


def _content(path: Path) -> list[object] | str:
    """Return schema and rows of a file as SQLite reads them, or what it says where it cannot."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        try:
            schema = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
            tables = [name.decode(errors="replace") for kind, name, _ in schema if kind == b"table"]
            tables = [name for name in tables if name != STATISTICS]
            return [schema, *(connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables)]
        except sqlite3.Error as error:
            return str(error)


def _treated(folder: Path) -> Path:
    said = ""
    for words in COMMANDS:
        command = [sys.executable, "-m", "tosca_kiosk", *(word.format(patient=said) for word in words)]
        done = subprocess.run(
            [*command, "--data-dir", folder], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        said = done.stdout.decode().strip()
    return folder / DATABASE_NAME


def main() -> int:
    parser = command_line("bench.bit_flips", __doc__)
    parser.add_argument("--flips", type=int, default=2000, help="how many (default 2000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tosca-bit-flips-") as folder:
        path = _treated(Path(folder))
        size = path.stat().st_size
        found = flipped(path, options.flips, options.seed)
    for at, bit in found.missed:
        print(f"byte {at}, bit {bit}: changed what is stored, and nothing says so")
    rows = [
        Row("named", found.named, None, ""),
        Row("in bytes that hold nothing", found.unused, None, ""),
        Row("missed", len(found.missed), 0, ""),
    ]
    return judged(f"{options.flips} flips in {size / 1e3:.0f} kB; machine load {machine_load()}", rows)


if __name__ == "__main__":
    sys.exit(main())
