"""The telemetry ring: a reader gets the newest whole record or nothing, whatever writer and readers do."""

import os
import signal
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.programs import running_program
from tosca_kiosk.link.ring import MAX_RECORD_BYTES, SLOT_BYTES, SLOTS, RingError, RingReader, RingWriter
from tosca_kiosk.machine.sealed_memory import SealedMemory


@pytest.fixture
def writer(tmp_path):
    ring = RingWriter(tmp_path)
    yield ring
    ring.close()


@pytest.fixture
def reader(writer):
    ring = RingReader(writer.path)
    yield ring
    ring.close()


def test_an_empty_ring_has_no_newest_record(reader):
    assert reader.newest() is None
    assert reader.newest_number == 0


def test_a_reader_started_later_finds_the_newest_record(writer):
    for number in range(100):
        writer.publish(b"record %d" % number)
    late = RingReader(writer.path)
    assert late.newest() == (100, b"record 99")
    late.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3 * SLOTS))
def test_what_was_published_last_is_what_is_read(tmp_path_factory, records):
    writer = RingWriter(tmp_path_factory.mktemp("ring"))
    reader = RingReader(writer.path)
    for number, record in enumerate(records, start=1):
        assert writer.publish(record)
        assert reader.newest() == (number, record)
    reader.close()
    writer.close()


def test_the_largest_record_passes_and_a_larger_one_changes_nothing(writer, reader):
    assert writer.publish(b"x" * MAX_RECORD_BYTES)
    assert not writer.publish(b"y" * (MAX_RECORD_BYTES + 1))
    assert reader.newest() == (1, b"x" * MAX_RECORD_BYTES)


@pytest.mark.parametrize("torn_byte", [0, 8, 12, 16, 16 + 99])
def test_a_torn_record_is_nothing(writer, reader, torn_byte):
    """Slot number, length, checksum, first and last byte of the record: each one changed is found."""
    writer.publish(b"x" * 100)
    slot = 64 + 1 % SLOTS * SLOT_BYTES
    with writer.path.open("r+b") as file:
        file.seek(slot + torn_byte)
        held = file.read(1)
        file.seek(slot + torn_byte)
        file.write(bytes([held[0] ^ 0x55]))
    assert reader.newest() is None


def test_an_old_record_under_a_new_number_is_nothing(writer, reader):
    """A processor may show the slot's number before the bytes: the checksum is seeded with the number."""
    writer.publish(b"old")
    slot = 64 + 1 % SLOTS * SLOT_BYTES
    with writer.path.open("r+b") as file:
        file.seek(8)
        file.write((1 + SLOTS).to_bytes(8, "little"))
        file.seek(slot)
        file.write((1 + SLOTS).to_bytes(8, "little"))
    assert reader.newest() is None


def test_readers_cannot_write(reader):
    with pytest.raises(TypeError):
        reader._words[0] = 1


def test_a_new_writer_removes_the_ring_of_a_dead_one_and_nobody_takes_it_for_new(tmp_path):
    dead = RingWriter(tmp_path)
    dead.publish(b"old")
    old = RingReader(dead.path)
    new = RingWriter(tmp_path)
    assert not dead.path.exists()
    assert old.newest() == (1, b"old")
    reader = RingReader(new.path)
    assert reader.newest() is None
    with pytest.raises(RingError, match="no telemetry ring"):
        RingReader(dead.path)
    for ring in (old, reader, new, dead):
        ring.close()


def test_what_is_no_ring_is_refused_and_a_file_that_could_be_cut_is_none(tmp_path, writer):
    (tmp_path / "file").write_bytes(bytes(64 + SLOTS * SLOT_BYTES))
    (tmp_path / "copy").write_bytes(writer.path.read_bytes())
    (tmp_path / "device").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "copy", "device", "pipe", "nothing"):
        with pytest.raises(RingError, match=f"{name}: no telemetry ring"):
            RingReader(tmp_path / name)
    other = SealedMemory(tmp_path / "other", 64 + SLOTS * SLOT_BYTES)
    other.show()
    with pytest.raises(RingError, match="other: no telemetry ring"):
        RingReader(tmp_path / "other")
    other.close()


@pytest.mark.parametrize("slot_bytes", [0, 8, 24, 1 << 40])
def test_slots_that_hold_nothing_or_do_not_fit_are_no_ring(tmp_path, slot_bytes):
    memory = SealedMemory(tmp_path / "other", 64 + SLOTS * SLOT_BYTES)
    memory.map[:8] = b"TOSCAtr2"
    memory.map[8:16] = (SLOTS * SLOT_BYTES // 8 - 1).to_bytes(8, "little")
    memory.map[16:24] = slot_bytes.to_bytes(8, "little")
    memory.show()
    with pytest.raises(RingError, match="no telemetry ring"):
        RingReader(tmp_path / "other")
    memory.close()


READER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from tosca_kiosk.link.ring import RingReader

    ring = RingReader(Path(sys.argv[1]))
    print("ready", flush=True)
    last = whole = 0
    while True:
        found = ring.newest()
        if found is None:
            continue
        number, record = found
        assert number >= last, f"went back from {last} to {number}"
        if record == b"end":
            print(whole, flush=True)
            break
        assert record == bytes([number % 256]) * (number % 2000), f"record {number} is torn"
        last, whole = number, whole + 1
    """
)


@pytest.mark.process
def test_a_stopped_reader_delays_nobody_and_no_reader_sees_a_torn_record(writer):
    """The stopped reader goes on where the ring is by then; readers that end leave the ring in place."""
    place = str(writer.path)
    with running_program(READER, place) as fast, running_program(READER, place) as stopped:
        os.kill(stopped.pid, signal.SIGSTOP)
        for number in range(1, 40_001):
            assert writer.publish(bytes([number % 256]) * (number % 2000))
        writer.publish(b"end")
        os.kill(stopped.pid, signal.SIGCONT)
        seen = [int(process.communicate(timeout=30)[0]) for process in (fast, stopped)]
    assert fast.returncode == stopped.returncode == 0
    assert seen[0] > 100, "the fast reader saw hardly anything: the test shows nothing"
    assert writer.path.exists()
