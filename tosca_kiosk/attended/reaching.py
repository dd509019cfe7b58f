"""The link to the control that runs for a data directory, or why this terminal has none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, RuntimeDirError, runtime_dir

REACHED_WITHIN_S: Final = 5.0
LOOK_EVERY_S: Final = 0.02
START: Final = "start it in another terminal: tosca-kiosk run --without-kiosk"


class NotReachedError(Exception):
    """Control cannot be worked from here. The text says why and what to do."""


def socket_of(data_dir: Path) -> Path:
    """Return where the control that runs for a data directory hears. Raises NotReachedError."""
    try:
        return runtime_dir(data_dir) / CONTROL_SOCKET
    except RuntimeDirError as error:
        raise NotReachedError(str(error)) from error


@contextmanager
def reached(socket_path: Path) -> Iterator[ControlLink]:
    """Hold the link to the control that hears at a path. Raises NotReachedError."""
    link = ControlLink(socket_path)
    try:
        _reach(link, socket_path)
        yield link
    finally:
        link.close()


def _reach(link: ControlLink, socket_path: Path) -> None:
    clock = RealClock()
    if not link.connect():
        raise NotReachedError(f"{socket_path}: no control runs ({link.problem}); {START}")
    while True:
        link.poll()
        if link.connected:
            return
        if "another kiosk" in (link.problem or "") or clock.now_s() > REACHED_WITHIN_S:
            raise NotReachedError(
                f"{socket_path}: control refuses this terminal ({link.problem}); {_advice(link)}"
            )
        clock.sleep_until(clock.now_s() + LOOK_EVERY_S)


def _advice(link: ControlLink) -> str:
    taken = "another kiosk" in (link.problem or "")
    return f"end the kiosk or the other command that has it, and {START}" if taken else START
