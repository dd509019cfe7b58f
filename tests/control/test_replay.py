"""A journal decided again says the same; where it says something else, the first difference is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import bench
from tosca_kiosk.cli.main import main
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.journal_lines import ChainReader, ChainWriter, TickLine
from tosca_kiosk.domain.replay import Replay, replay
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import lock_journal, make_tail, remove_tail, segment_path

_tick = msgspec.json.Decoder(TickLine)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole treatment of two seconds, on the simulated cart."""
    folder = tmp_path_factory.mktemp("session")
    with bench() as cart:
        cart.run(cart.operator.prepare())
        cart.open(folder, constant(5.0, 2.0))
        cart.run(cart.operator.treat())
        cart.run_until(lambda: cart.controller.dark, within_s=2.0)
        cart.controller.submit(Command(0, CommandType.CLOSE_SESSION))
        cart.wait(0.1)
        assert cart.controller.end_session().status == "completed"
    return (folder / JOURNAL_NAME).read_bytes()


def rewritten(journal: bytes, change: Callable[[int, TickLine], TickLine]) -> bytes:
    """The journal with changed ticks, in a chain that is whole again."""
    reader, writer = ChainReader(journal), ChainWriter()
    lines = [writer.header(reader.header)]
    for number, line in enumerate(reader.ticks_json(), start=2):
        lines.append(writer.tick(change(number, _tick.decode(line))))
    assert reader.end is not None
    return b"".join([*lines, writer.end(reader.end.summary)])


def test_a_treatment_is_decided_again_bit_for_bit(journal: bytes) -> None:
    done = replay(ChainReader(journal))
    assert done.difference is None
    assert done.whole
    assert done.ticks == len(journal.splitlines()) - 2


def test_a_journal_cut_short_is_decided_as_far_as_it_goes(journal: bytes) -> None:
    cut = b"".join(journal.splitlines(keepends=True)[:100])
    assert replay(ChainReader(cut)) == Replay(99, replay(ChainReader(cut)).session_s, None, False)


def test_an_output_that_was_not_decided_is_found(journal: bytes) -> None:
    def lit(number: int, tick: TickLine) -> TickLine:
        if number != 50:
            return tick
        return msgspec.structs.replace(tick, o=msgspec.structs.replace(tick.o, laser_output=True))

    difference = replay(ChainReader(rewritten(journal, lit))).difference
    assert difference is not None
    assert (difference.line, difference.path) == (50, "o.laser_output")
    assert (difference.recorded, difference.decided) == (True, False)


def test_an_input_that_was_not_there_changes_what_follows(journal: bytes) -> None:
    def stopped(number: int, tick: TickLine) -> TickLine:
        if tick.i.board is None or number != 60:
            return tick
        board = msgspec.structs.replace(tick.i.board, stop_loop_closed=False)
        return msgspec.structs.replace(tick, i=msgspec.structs.replace(tick.i, board=board))

    difference = replay(ChainReader(rewritten(journal, stopped))).difference
    assert difference is not None
    assert difference.line >= 60


def test_an_event_that_was_left_out_is_found(journal: bytes) -> None:
    difference = replay(ChainReader(rewritten(journal, lambda _, tick: without_events(tick)))).difference
    assert difference is not None
    assert difference.path == "e.0"
    assert difference.recorded == "nothing"


def without_events(tick: TickLine) -> TickLine:
    return msgspec.structs.replace(tick, e=())


def test_the_summary_is_decided_again_too(journal: bytes) -> None:
    reader, writer = ChainReader(journal), ChainWriter()
    lines = [writer.header(reader.header), *(writer.tick(_tick.decode(line)) for line in reader.ticks_json())]
    assert reader.end is not None
    better = msgspec.structs.replace(reader.end.summary, energy_j=1.0)
    difference = replay(ChainReader(b"".join([*lines, writer.end(better)]))).difference
    assert difference is not None
    assert (difference.path, difference.recorded) == ("summary.energy_j", 1.0)


def invoke(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["replay", *arguments])
    return done.exit_code, done.output


def test_the_command_says_that_all_is_the_same(journal: bytes, tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(journal)
    code, said = invoke(str(tmp_path))
    assert code == 0
    assert "every decision is the same" in said


def test_the_command_reads_what_a_killed_writer_has_left_in_memory(journal: bytes, tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(journal[:1000])
    segment_path(make_tail(tmp_path), 500).write_bytes(journal[500:])
    code, said = invoke(str(tmp_path), "--json")
    assert (code, '"whole": true' in said) == (0, True)
    assert (tmp_path / JOURNAL_NAME).read_bytes() == journal


def test_the_command_reads_a_living_writers_journal_as_far_as_the_disk_has_it(
    journal: bytes, tmp_path: Path
) -> None:
    path = tmp_path / JOURNAL_NAME
    path.write_bytes(b"".join(journal.splitlines(keepends=True)[:11]))
    tail = make_tail(tmp_path)
    segment_path(tail, 0).write_bytes(journal)
    with path.open("ab") as writer:
        lock_journal(writer.fileno())
        code, said = invoke(str(tmp_path))
    assert (code, said.startswith("10 ticks, "), "the journal has no end" in said) == (0, True, True)
    remove_tail(tail)


def test_the_command_names_the_first_difference(journal: bytes, tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).write_bytes(rewritten(journal, lambda _, tick: without_events(tick)))
    code, said = invoke(str(tmp_path), "--json")
    assert code == 1
    assert '"path": "e.0"' in said


@pytest.mark.parametrize("content", [None, b"", b"nonsense\n", b'{"kind":"header","version":9}\n'])
def test_what_is_no_journal_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / JOURNAL_NAME).write_bytes(content)
    code, said = invoke(str(tmp_path))
    assert code == 1
    assert len(said.splitlines()) == 1
    assert str(tmp_path / JOURNAL_NAME) in said


def test_a_flipped_byte_is_not_replayed_but_named(journal: bytes, tmp_path: Path) -> None:
    at = len(journal) // 2
    (tmp_path / JOURNAL_NAME).write_bytes(journal[:at] + bytes([journal[at] ^ 1]) + journal[at + 1 :])
    code, said = invoke(str(tmp_path))
    assert code == 1
    assert "changed, missing or out of order" in said
