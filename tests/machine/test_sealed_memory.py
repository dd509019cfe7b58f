"""Memory that processes share: nobody can cut it, and who finds it gone is told so and lives."""

import errno
import os
import subprocess
import sys
import textwrap

import pytest

from tosca_kiosk.machine.sealed_memory import SealedMemory, map_sealed

SIZE = 1 << 16


@pytest.fixture
def memory(tmp_path):
    made = SealedMemory(tmp_path / "memory", SIZE)
    made.show()
    yield made
    made.close()


def test_what_is_written_is_read_by_whoever_maps_it(memory):
    memory.map[:5] = b"hello"
    seen, _ = map_sealed(memory.path)
    assert seen[:5] == b"hello"
    assert len(seen) == SIZE
    with pytest.raises(TypeError):
        seen[0] = 1
    seen.close()


CUTS = {
    "truncated": lambda path: os.truncate(path, 0),
    "cut": lambda path: os.truncate(path, 100),
    "written anew": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_the_kernel_refuses_whoever_would_cut_it(memory, cut):
    with pytest.raises(PermissionError):
        cut(memory.path)
    assert memory.map[-1] == 0


def test_it_grows_as_little(memory):
    with pytest.raises(PermissionError):
        os.truncate(memory.path, 2 * SIZE)


def test_whether_it_can_be_found_is_known(memory, tmp_path):
    assert memory.in_place
    memory.path.rename(tmp_path / "elsewhere")
    assert not memory.in_place
    memory.path.write_bytes(b"")
    assert not memory.in_place
    memory.show()
    assert memory.in_place
    assert {path.name for path in tmp_path.iterdir()} == {"memory", "elsewhere"}


def test_after_its_writer_nobody_finds_it_and_who_has_it_keeps_it(tmp_path):
    path = tmp_path / "memory"
    memory = SealedMemory(path, SIZE)
    memory.show()
    seen, _ = map_sealed(path)
    memory.map[0] = 7
    memory.close()
    assert seen[0] == 7
    with pytest.raises(OSError, match="memory"):
        map_sealed(path)
    assert path.is_symlink()


@pytest.mark.parametrize("what", ["file", "unsealed", "pipe", "device", "directory", "nothing"])
def test_what_could_be_cut_or_is_no_memory_is_not_mapped_and_nobody_waits_for_it(tmp_path, what):
    path, file = tmp_path / "memory", -1
    if what == "file":
        path.write_bytes(bytes(SIZE))
    elif what == "unsealed":
        file = os.memfd_create("memory")
        os.truncate(file, SIZE)
        path.symlink_to(f"/proc/{os.getpid()}/fd/{file}")
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "directory":
        path.mkdir()
    with pytest.raises((OSError, ValueError)):
        map_sealed(path)
    if file >= 0:
        os.close(file)


def test_without_room_it_is_refused_by_name(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="no shared memory of 65536 bytes can be had") as caught:
        SealedMemory(tmp_path / "memory", SIZE)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "memory")


def test_a_directory_without_room_for_its_link_is_named(tmp_path):
    memory = SealedMemory(tmp_path / "gone" / "memory", SIZE)
    with pytest.raises(OSError, match="the link to shared memory cannot be made") as caught:
        memory.show()
    assert caught.value.filename == str(tmp_path / "gone" / "memory")
    memory.close()


# --- under a running writer and a running reader --------------------------------------------------------

RING = """
    from tosca_kiosk.link.ring import RingReader, RingWriter
    writer = RingWriter(folder)
    path = writer.path
    reader = RingReader(path)
    def go_on(number):
        assert writer.publish(b"%d" % number)
        assert reader.newest() == (number, b"%d" % number)
"""
FRAMES = """
    import numpy as np
    from tosca_kiosk.camera.frame_memory import FrameReader, FrameWriter
    from tosca_kiosk.machine.runtime import FRAMES_FILE
    writer, path = FrameWriter(folder), folder / FRAMES_FILE
    reader = FrameReader(path)
    def go_on(number):
        image = np.full((480, 640), number % 251, np.uint8)
        try:
            writer.publish(image, number=number, taken_s=float(number), content=number)
        except OSError as error:
            print("writer:", error)
        if reader.newest_s(1000.0 + number) is None:
            print("reader:", reader.problem)
        elif (seen := reader.image()) is not None:
            assert seen.min() == seen.max()
"""
ATTACKED = """
    import os, sys
    from pathlib import Path
    folder = Path(sys.argv[1])
    {memory}
    for number in range(1, 10):
        go_on(number)
    try:
        {attack}
    except PermissionError as error:
        print("refused:", error)
    for number in range(10, 40):
        go_on(number)
    print("alive")
"""
ATTACKS = {
    "truncated": "os.truncate(path, 0)",
    "cut": "os.truncate(path, 4096)",
    "emptied": "path.write_bytes(b'')",
    "replaced": "(folder / 'x').write_bytes(b'x'); (folder / 'x').replace(path)",
    "unlinked": "path.unlink()",
}


@pytest.mark.process
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("memory", [RING, FRAMES], ids=["ring", "frames"])
def test_whatever_is_done_to_the_path_writer_and_reader_live(tmp_path, memory, attack):
    lines = textwrap.dedent(ATTACKED).format(
        memory=textwrap.indent(textwrap.dedent(memory), "").strip(), attack=attack
    )
    program = tmp_path / "program.py"
    program.write_text(lines, encoding="utf-8")
    folder = tmp_path / "runtime"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, str(program), str(folder)], capture_output=True, text=True, check=False, timeout=60.0
    )
    assert (done.returncode, done.stderr) == (0, ""), "SIGBUS is -7"
    assert done.stdout.endswith("alive\n")
    if memory is FRAMES and attack in (ATTACKS["replaced"], ATTACKS["unlinked"]):
        assert f"writer: {folder / 'camera.frames'}: was removed or replaced while in use" in done.stdout
        assert "reader: the camera's memory was lost:" in done.stdout
