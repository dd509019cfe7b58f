"""Every bit of a crashed journal's first lines flipped in turn, on the disk alone and beside a whole memory.

    python -m benchmarks.exhaustive.flipped_bits
    python -m benchmarks.exhaustive.flipped_bits --every 20

A cart that died with its journal in the midst; then a bit of its header or of the two lines after it turns.
Without memory the next start closes the session by name, its light unknown and in the safety log, and the
whole file can be taken later. Where memory has the line whole, the next start loses nothing. Exit code 1,
naming line and bit, where one does otherwise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.recorded_cart import STARTED_UTC, RecordedCart, header, treated
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import make_tail, segment_path
from tosca_kiosk.machine.runtime import MEMORY
from tosca_kiosk.storage import DATABASE_NAME, Database, check, import_journal, patients, recover, sessions

NOW = datetime.fromisoformat(STARTED_UTC).replace(tzinfo=UTC)
FLIPPED_LINES = 3
DIED_AFTER_LINES = 12


class Crashes:
    """Session after session of one record, each with the same ticks under a header of its own."""

    def __init__(self, data_dir: Path, database: Database, cart: RecordedCart) -> None:
        self._data_dir = data_dir
        self._database = database
        self._cart = cart
        self.begin()

    def begin(self) -> None:
        """Open the next session, and have its journal written up to the program's death."""
        with self._database.transaction() as transaction:
            session = sessions.start(
                transaction,
                patient_id=1,
                tech_id=1,
                start_utc=NOW,
                protocol_name="Gentle",
                protocol_snapshot="{}",
                protocol_id=None,
                origin="sim",
            )
        self.number = session.session_id
        writer = ChainWriter()
        first = writer.header(header(session_id=self.number))
        writer.head, writer.ticks = self._cart.writer.head, self._cart.writer.ticks
        self.lines = [first, *self._cart.lines[1:-1], writer.end(summarise(self._cart.state))]
        self.left = b"".join(self.lines[:DIED_AFTER_LINES])
        folder = sessions.folder_of(session, self._data_dir)
        folder.mkdir(parents=True)
        self.journal = folder / JOURNAL_NAME

    def alone(self, bit: int) -> str | None:
        """Flip a bit of the only copy; return what is wrong with what follows, None where nothing is."""
        self.journal.write_bytes(_flipped(self.left, bit))
        [closed] = recover(self._database, self._data_dir, NOW)
        if "its journal is " not in (closed.abort_reason or "") or closed.total_energy_joules is not None:
            return f"closed as {closed.abort_reason!r} with {closed.total_energy_joules} J"
        if not self._told("journal_damaged"):
            return "no line of the safety log says so"
        self.journal.write_bytes(b"".join(self.lines))
        import_journal(self._database, self.journal, NOW)
        row = sessions.get(self._database, self.number)
        if (row.status, row.total_energy_joules) != ("completed", self._cart.state.measured_j):
            return f"its whole file made it {row.status} with {row.total_energy_joules} J"
        return None

    def beside_memory(self, bit: int) -> str | None:
        """Flip a bit of the disk's copy, memory having it whole; return what is wrong with what follows."""
        self.journal.write_bytes(_flipped(self.left, bit))
        segment_path(make_tail(self.journal.parent), 0).write_bytes(self.left)
        [closed] = recover(self._database, self._data_dir, NOW)
        if "damaged" in (closed.abort_reason or "") or self.journal.read_bytes() != self.left:
            return f"closed as {closed.abort_reason!r}"
        return None if self._told("journal_mended") else "no line of the safety log says so"

    def _told(self, source: str) -> bool:
        found = self._database.rows(
            "SELECT 1 FROM safety_log WHERE session_id = :number AND details LIKE :source",
            number=self.number,
            source=f"%{source}%",
        )
        return bool(found)


def _flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def search(every: int) -> tuple[int, list[str]]:
    """Flip every so many-th bit in both ways; return how many were, and what was wrong."""
    wrong: list[str] = []
    with (
        TemporaryDirectory(prefix="tosca-", dir=MEMORY if MEMORY.is_dir() else None) as name,
        Database.open(Path(name) / DATABASE_NAME) as database,
    ):
        with database.transaction() as transaction:
            patients.add(transaction, NOW, created_by=1)
        crashes = Crashes(Path(name), database, treated())
        bits = range(0, 8 * len(b"".join(crashes.lines[:FLIPPED_LINES])), every)
        for bit in tracked(bits, "flipped bits", len(bits)):
            ways: tuple[Callable[[int], str | None], ...] = (crashes.alone, crashes.beside_memory)
            for way in ways:
                if (problem := way(bit)) is not None:
                    line = crashes.left.count(b"\n", 0, bit // 8) + 1
                    wrong.append(f"bit {bit} (line {line}) {way.__name__}: {problem}")
                crashes.begin()
        wrong += check(database).problems
    return len(bits), wrong


def main() -> int:
    parser = command_line("exhaustive.flipped_bits", __doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th bit (default 1)")
    every = parser.parse_args().every
    if every < 1:
        parser.error("--every is 1 or more")
    logging.getLogger("tosca_kiosk").setLevel(logging.ERROR)  # each mended journal is a warning
    began_s = perf_counter()
    flipped, wrong = search(every)
    for each in wrong:
        print(each)
    rows = [
        Row("bits flipped, alone and beside memory", flipped, None, ""),
        Row("not named, or lost", len(wrong), 0, ""),
    ]
    return judged(f"flipped bits, {perf_counter() - began_s:.0f} s", rows)


if __name__ == "__main__":
    raise SystemExit(main())
