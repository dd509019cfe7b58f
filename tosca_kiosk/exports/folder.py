"""The folder that an export is written into: all of its files, or none of them, and nothing over another."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from tosca_kiosk.machine.part_file import PART, begin, take_away_dead
from tosca_kiosk.machine.synced import make_folder, sync
from tosca_kiosk.session import RefusedError

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def leftovers_taken_away(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """Take away what an export that was killed has left of these files; return it. Raises RefusedError."""
    if not folder.is_dir():
        return ()
    with _refusing(folder):
        return tuple(take_away_dead(folder / f"{name}{PART}" for name in names))


@contextmanager
def export_folder(folder: Path, names: Sequence[str]) -> Iterator[dict[str, BinaryIO]]:
    """Open a file of each name in the folder, made where it is missing; they get their names at the end.

    After any error none of them is there, nor a folder that was made for them. Raises RefusedError where one
    is there already, and for a disk that is full or takes no file.
    """
    made = not folder.exists()
    with _refusing(folder), ExitStack() as undone:
        make_folder(folder)
        if made:
            undone.callback(_without, folder.rmdir)
        _refuse_existing(folder, names)
        files: dict[str, BinaryIO] = {}
        for name in names:
            part = folder / f"{name}{PART}"
            files[name] = undone.enter_context(os.fdopen(begin(part), "wb"))
            undone.callback(_without, part.unlink)
        yield files
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(folder, names, but_parts=True)
        for name in names:
            (folder / f"{name}{PART}").rename(folder / name)
            undone.callback(_without, (folder / name).unlink)
        sync(folder)
        undone.pop_all()
        for file in files.values():
            file.close()  # and only now not held any more


def _refuse_existing(folder: Path, names: Sequence[str], *, but_parts: bool = False) -> None:
    for name in names:
        if (folder / name).exists():
            raise RefusedError(
                f"{folder / name} is there already; give another folder with --to, or take the file away"
            )
        if not but_parts and (folder / f"{name}{PART}").exists():
            raise RefusedError(
                f"{folder / name}{PART} is of an export that runs; wait for it, or give another folder "
                "with --to"
            )


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        if error.errno in _FULL:
            raise RefusedError(
                f"{folder}: the disk is full, nothing was exported; free space there or give another folder "
                "with --to"
            ) from error
        raise RefusedError(
            f"{where}: cannot be written ({error.strerror}), nothing was exported; give another folder with "
            "--to"
        ) from error


def _without(take_away: Callable[[], object]) -> None:
    """Take away what must not stay; that it is gone already, or cannot be, is no further error."""
    with suppress(OSError):
        take_away()
