"""What a disk may hold after a power cut, made of a log of everything that a program wrote and synced.

`disk_log.c` writes the log. What a sync has returned for is on the disk: of a file its content, of a folder
its names. Everything later may be there or not, each write by itself and not even whole, names of a folder in
their order. So a name may lead to a file without its content, and a content be there that no name leads to.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final, Generic, NamedTuple, TypeVar

SECTOR_BYTES: Final = 512
"""What a disk writes whole or not at all."""
_RECORD: Final = struct.Struct("<QQQIIIIII")
_SOURCE: Final = Path(__file__).with_suffix(".c")
_NOT_KEPT: Final = "-shm"
"""SQLite's index of its log lives in memory, and is made anew."""

Change = TypeVar("Change")


class Left(StrEnum):
    """How much of what was not synced a disk holds."""

    NOTHING = "nothing"
    NAMES = "names"
    SOME = "some"


class Told(NamedTuple):
    """One record. what: as in disk_log.c; size of a write in memory, of a cut file: offset."""

    time_s: float
    what: str
    inode: int
    offset: int
    thread: int
    flags: int
    path: str
    other: str
    data: bytes


class UnmodelledError(Exception):
    """The program did what the log cannot tell."""


def built(folder: Path) -> Path:
    """Compile the library; return it. Raises CalledProcessError, with what the compiler said."""
    library = folder / "disk_log.so"
    command = [
        "gcc",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(_SOURCE),
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return library


def environment(library: Path, root: Path, memory: Path, log: Path) -> dict[str, str]:
    """Return the environment in which a program's writes below root are told in a file."""
    told = {"DISK_LOG_ROOT": root, "DISK_LOG_MEMORY": memory, "DISK_LOG_FILE": log, "LD_PRELOAD": library}
    return {**os.environ, **{name: str(path) for name, path in told.items()}}


def read(log: Path) -> list[Told]:
    """Return what a program told."""
    content = log.read_bytes()
    found, at = [], 0
    while at < len(content):
        time_ns, inode, offset, what, thread, path, other, data, flags = _RECORD.unpack_from(content, at)
        at += _RECORD.size
        parts = []
        for size in (path, other, data):
            parts.append(content[at : at + size])
            at += size
        found.append(
            Told(
                time_s=time_ns / 1e9,
                what=chr(what),
                inode=inode,
                offset=offset,
                thread=thread,
                flags=flags,
                path=os.fsdecode(parts[0]),
                other=os.fsdecode(parts[1]),
                data=parts[2],
            )
        )
    return found


class _Write(NamedTuple):
    """A change of a file's content: bytes at an offset, or None for the file cut to it."""

    offset: int
    data: bytes | None

    def into(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(0, self.offset + len(self.data) - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def torn(self, chance: random.Random) -> _Write:
        """Return so much of it as a disk may have written."""
        if self.data is None or len(self.data) <= SECTOR_BYTES:
            return self
        sectors = chance.randrange(len(self.data) // SECTOR_BYTES + 1)
        if chance.random() < 0.5:
            return _Write(self.offset, self.data[: sectors * SECTOR_BYTES])
        begin = min(sectors * SECTOR_BYTES, len(self.data))
        return _Write(self.offset + begin, self.data[begin:])


@dataclass(eq=False)
class _Later(Generic[Change]):
    """What was changed since the last sync, oldest first. before: how many changes came before those."""

    changes: list[Change] = field(default_factory=list)
    before: int = 0

    @property
    def end(self) -> int:
        return self.before + len(self.changes)

    def taken(self, end: int) -> list[Change]:
        """Take what was changed up to there; another sync may have taken it already."""
        count = max(0, end - self.before)
        found, self.changes = self.changes[:count], self.changes[count:]
        self.before += count
        return found


@dataclass(eq=False)
class _File:
    """synced: what is on the disk for certain; later: what was written since."""

    synced: bytearray = field(default_factory=bytearray)
    later: _Later[_Write] = field(default_factory=_Later)

    def write(self, offset: int, data: bytes | None) -> None:
        self.later.changes.append(_Write(offset, data))

    def left(self, how: Left, chance: random.Random) -> bytes:
        content = bytearray(self.synced)
        if how is Left.SOME:
            share = chance.choice((0.2, 0.5, 0.8, 1.0))
            for write in self.later.changes:
                if chance.random() < share:
                    (write.torn(chance) if chance.random() < 0.2 else write).into(content)
        return bytes(content)


class _Named(NamedTuple):
    """A change of a folder's names. thing: what the name leads to, a file or "folder"; None where it goes."""

    path: str
    thing: _File | str | None


class Disk:
    """A file system's state while a log is played, from what stood there at first."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[str, _File | str] = {}
        self._synced_names: dict[str, _File | str] = {}
        self._later: dict[str, _Later[_Named]] = {}
        self._files: dict[int, _File] = {}
        self._syncing: dict[tuple[int, int], int] = {}
        for path in sorted(root.rglob("*")):
            if path.is_dir():
                self._names[str(path)] = "folder"
            else:
                self._names[str(path)] = made = _File(bytearray(path.read_bytes()))
                self._files[path.stat().st_ino] = made
        self._synced_names = dict(self._names)

    def play(self, told: Told) -> None:
        """Let the next thing happen. Raises UnmodelledError."""
        match told.what:
            case "o":
                self._open(told)
            case "w":
                self._file(told.inode).write(told.offset, told.data)
            case "t":
                self._file(told.inode).write(told.offset, None)
            case "s":
                later = self._of_folder(told.path) if told.flags else self._file(told.inode).later
                self._syncing[told.thread, told.inode] = later.end
            case "S":
                self._sync(told)
            case "r" | "u" | "m" | "l":
                self._rename(told)
            case "?" if not told.path.endswith(_NOT_KEPT):
                raise UnmodelledError(f"{told.other} into {told.path}")

    def _rename(self, told: Told) -> None:
        if told.what == "m":
            self._name(told.path, "folder")
        elif told.what == "l":
            self._name(told.path, self._names[told.other])
        else:
            if told.what == "r":
                self._name(told.other, self._names[told.path])
            self._name(told.path, None)

    def _file(self, inode: int) -> _File:
        return self._files.setdefault(inode, _File())

    def _open(self, told: Told) -> None:
        held = self._names.get(told.path)
        if held is None:
            self._files[told.inode] = held = _File()
            self._name(told.path, held)
        assert isinstance(held, _File)
        self._files[told.inode] = held
        if told.flags & os.O_TRUNC:
            held.write(0, None)

    def _name(self, path: str, thing: _File | str | None) -> None:
        if thing is None:
            del self._names[path]
        else:
            self._names[path] = thing
        self._of_folder(str(PurePosixPath(path).parent)).changes.append(_Named(path, thing))

    def _sync(self, told: Told) -> None:
        end = self._syncing.pop((told.thread, told.inode))
        if told.flags:
            for change in self._of_folder(told.path).taken(end):
                _apply(self._synced_names, change)
        else:
            file = self._file(told.inode)
            for write in file.later.taken(end):
                write.into(file.synced)

    def _of_folder(self, path: str) -> _Later[_Named]:
        return self._later.setdefault(path, _Later())

    def left(self, how: Left, chance: random.Random) -> Iterator[tuple[PurePosixPath, bytes | None]]:
        """Yield what the disk holds after a cut now: paths below the root, each with a file's content."""
        names = dict(self._synced_names)
        for later in self._later.values() if how is not Left.NOTHING else ():
            count = len(later.changes)
            for change in later.changes[: count if how is Left.NAMES else chance.randint(0, count)]:
                _apply(names, change)
        reached = {str(self._root)}
        for path in sorted(names, key=lambda path: path.count("/")):
            parent = str(PurePosixPath(path).parent)
            if parent not in reached or path.endswith(_NOT_KEPT):
                continue
            reached.add(path)
            thing = names[path]
            content = thing.left(how, chance) if isinstance(thing, _File) else None
            yield PurePosixPath(path).relative_to(self._root), content


def _apply(names: dict[str, _File | str], change: _Named) -> None:
    if change.thing is None:
        names.pop(change.path, None)
    else:
        names[change.path] = change.thing


def put(left: Iterator[tuple[PurePosixPath, bytes | None]], place: Path) -> None:
    """Write what a disk holds into an empty folder."""
    for name, content in left:
        if content is None:
            (place / name).mkdir()
        else:
            (place / name).write_bytes(content)
            (place / name).chmod(0o600)  # rights are not in the log; a key that others may read is refused
