"""Journals that older rules decided: read, decided again, and every difference is one that is meant."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tosca_kiosk.cli.main import main
from tosca_kiosk.domain.journal_lines import (
    RULES_REVISION,
    ChainReader,
    ChainWriter,
    Header,
    JournalError,
    TickLine,
)
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.domain.revisions import INTENDED

RECORDS = Path(__file__).parents[1] / "records"
SESSIONS = 8
OF_REVISION = 1

_tick = msgspec.json.Decoder(TickLine)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory as revision 1 left it: treatments with pauses, faults and kills."""
    return unpacked(OF_REVISION, tmp_path_factory.mktemp("record"))


def unpacked(revision: int, folder: Path) -> Path:
    with tarfile.open(RECORDS / f"rules_{revision}" / "record.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder / "data"


def journals(record: Path) -> list[Path]:
    return sorted(record.glob("sessions/*/journal.jsonl"))


def rewritten(
    content: bytes, header: Callable[[Header], Header], tick: Callable[[TickLine], TickLine]
) -> bytes:
    """The journal with another header or other ticks, in a chain that is whole again."""
    reader, writer = ChainReader(content), ChainWriter()
    lines = [writer.header(header(reader.header))]
    lines += [writer.tick(tick(_tick.decode(line))) for line in reader.ticks_json()]
    assert reader.end is not None
    return b"".join([*lines, writer.end(reader.end.summary)])


def test_every_older_revision_has_a_record_and_a_list_of_what_is_meant() -> None:
    assert INTENDED.keys() == set(range(1, RULES_REVISION))
    assert {path.name for path in RECORDS.iterdir()} == {f"rules_{revision}" for revision in INTENDED}


def test_a_header_that_names_no_revision_is_of_the_first(record: Path) -> None:
    assert len(journals(record)) == SESSIONS
    assert {ChainReader(path.read_bytes()).header.rules_revision for path in journals(record)} == {1}


def test_every_difference_from_the_present_rules_is_meant(record: Path) -> None:
    for path in journals(record):
        done = replay(ChainReader(path.read_bytes()))
        assert done.difference is None, (path, done.difference)
        assert done.revision == OF_REVISION
        assert {row.first.path for row in done.meant} >= {"o.ask_condition"}


def test_what_rules_2_decided_is_decided_so_today(tmp_path: Path) -> None:
    """A treatment, one with pauses, and two that a fault ended: there was no override to decide about."""
    found = journals(unpacked(2, tmp_path))
    assert len(found) == 4
    for path in found:
        done = replay(ChainReader(path.read_bytes()))
        assert (done.revision, done.difference, done.meant, done.whole) == (2, None, (), True)


def test_what_rules_3_decided_is_decided_so_today(tmp_path: Path) -> None:
    """A treatment, one with pauses, one with overrides, and one that the stop loop ended: none calibrated."""
    found = journals(unpacked(3, tmp_path))
    assert len(found) == 4
    for path in found:
        done = replay(ChainReader(path.read_bytes()))
        assert (done.revision, done.difference, done.meant, done.whole) == (3, None, (), True)


def test_the_command_lists_what_is_meant_and_ends_well(record: Path) -> None:
    folder = journals(record)[1].parent
    result = CliRunner().invoke(main, ["replay", str(folder), "--json"])
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (answer["decided_by_rules"], answer["rules"], answer["same"]) == (1, RULES_REVISION, False)
    assert answer["intended"][0]["why"]
    shown = CliRunner().invoke(main, ["replay", str(folder)]).output
    assert f"Decided by rules 1, now {RULES_REVISION}." in shown


def test_a_whole_event_is_named_by_its_type_in_words_and_is_whole_in_json(record: Path) -> None:
    whole = []
    for path in journals(record):
        shown = CliRunner().invoke(main, ["replay", str(path.parent)]).output
        assert max(len(line) for line in shown.splitlines()) < 300, shown
        answer = json.loads(CliRunner().invoke(main, ["replay", str(path.parent), "--json"]).stdout)
        for row in answer["intended"]:
            values = (row["first"]["recorded"], row["first"]["decided"])
            whole += [value for value in values if isinstance(value, dict)]
    assert whole
    assert all({"event_type", "interlocks"} <= event.keys() for event in whole)


def test_a_difference_that_is_not_meant_is_exit_code_1_in_older_rules_too(
    record: Path, tmp_path: Path
) -> None:
    def lit(tick: TickLine) -> TickLine:
        if tick.o.laser_output or tick.t < 1.0:
            return tick
        return msgspec.structs.replace(tick, o=msgspec.structs.replace(tick.o, laser_output=True))

    # As revision 1 writes it: its header names no revision.
    changed = rewritten(journals(record)[0].read_bytes(), lambda header: header, lit)
    difference = replay(ChainReader(changed)).difference
    assert difference is not None
    assert (difference.path, difference.recorded, difference.decided) == ("o.laser_output", True, False)
    (tmp_path / "journal.jsonl").write_bytes(changed)
    result = CliRunner().invoke(main, ["replay", str(tmp_path)])
    assert result.exit_code == 1
    assert "o.laser_output was recorded as True, now decided as False" in result.output


def test_the_present_revision_is_decided_bit_for_bit(record: Path) -> None:
    content = journals(record)[0].read_bytes()
    present = rewritten(
        content,
        lambda header: msgspec.structs.replace(header, rules_revision=RULES_REVISION),
        lambda tick: tick,
    )
    difference = replay(ChainReader(present)).difference
    assert difference is not None, "nothing is meant in the present revision"


def test_newer_rules_are_named_and_not_guessed(record: Path) -> None:
    content = journals(record)[0].read_bytes()
    newer = rewritten(
        content,
        lambda header: msgspec.structs.replace(header, rules_revision=RULES_REVISION + 1),
        lambda tick: tick,
    )
    with pytest.raises(JournalError, match=f"decided by rules {RULES_REVISION + 1}"):
        replay(ChainReader(newer))
