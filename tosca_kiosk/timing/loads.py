"""What runs beside control while it is measured, each as a process of its own at a program's usual priority.

Every load tells what it does and when, so that the report can say what ran as a period was missed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.journal_lines import ChainWriter, Header, Summary, TickLine
from tosca_kiosk.domain.outputs import DARK
from tosca_kiosk.domain.rules import NO_SESSION
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.storage import Database, import_journal, patients, sessions
from tosca_kiosk.storage.backup import make_backup

UI: Final = "ui"
VIDEO_PX: Final = (1920, 1080)
VIDEO_HZ: Final = 30
VIDEO_FRAMES: Final = 900
"""A file holds 30 s; then a new one replaces it, so that a long run fills no disk."""
IMPORTED_TICKS: Final = 6000
_SPIN_S: Final = 0.05
_CODECS: Final = (("MJPG", "mkv"), ("mp4v", "mp4"))
_START: Final = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)

Activity = Iterator[str]
"""Yields the name of what it does next; what follows is done until the next name."""


def video(folder: Path, clock: RealClock) -> Activity:
    """Encode 1080p at 30 frames a second into a file, as a recording does. Raises OSError without a codec."""
    import cv2  # noqa: PLC0415 -- the other loads do without it
    import numpy as np  # noqa: PLC0415

    width, height = VIDEO_PX
    noise = np.random.default_rng(1).integers(0, 255, (height, width * 2, 3), dtype=np.uint8)
    texture = cv2.GaussianBlur(noise, (0, 0), 3.0)
    frame, due_s = 0, clock.now_s()
    while True:
        writer = _video_file(folder)
        try:
            for _ in range(VIDEO_FRAMES):
                yield "waiting for a frame"
                due_s = max(due_s + 1.0 / VIDEO_HZ, clock.now_s())
                clock.sleep_until(due_s)
                yield "encoding a frame"
                left = frame * 7 % width
                writer.write(np.ascontiguousarray(texture[:, left : left + width]))
                frame += 1
        finally:
            writer.release()


def _video_file(folder: Path) -> Any:
    import cv2  # noqa: PLC0415

    for codec, suffix in _CODECS:
        fourcc = cv2.VideoWriter.fourcc(*codec)
        writer = cv2.VideoWriter(str(folder / f"load.{suffix}"), fourcc, VIDEO_HZ, VIDEO_PX)
        if writer.isOpened():
            return writer
    raise OSError(
        f"no video codec of {', '.join(codec for codec, _ in _CODECS)}; this OpenCV encodes nothing"
    )


def database(folder: Path, clock: RealClock) -> Activity:
    """Import the journal of a session of a minute, then back the database up, over and over."""
    template, journal = folder / "template.db", folder / "load.jsonl"
    yield "making the record"
    with Database.open(template) as opened, opened.transaction(1) as transaction:
        patients.add(transaction, _START)
        sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=_START,
            protocol_name="load",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    journal.write_bytes(b"".join(_journal_lines()))
    target, backups = folder / "load.db", folder / "backups"
    while True:
        yield "importing a journal"
        shutil.copyfile(template, target)
        with Database.open(target) as opened:
            import_journal(opened, journal, clock.utc())
            yield "backing up"
            make_backup(target, backups, clock.utc())
        yield "clearing away"
        shutil.rmtree(backups)
        for left in folder.glob("load.db*"):
            left.unlink()


def _journal_lines() -> Iterator[bytes]:
    writer = ChainWriter()
    yield writer.header(
        Header(
            version=1,
            session_id=1,
            patient_id=1,
            tech_id=1,
            started_utc="2026-03-14 09:26:53.589793",
            origin="sim",
            software="0",
            devices={},
            rules=NO_SESSION,
        )
    )
    for number in range(IMPORTED_TICKS):
        time_s = number / 100
        inputs = Inputs(
            now_s=time_s,
            late_s=0.0,
            overrun_s=0.0,
            board=None,
            laser=None,
            tec=None,
            stage=None,
            operator_s=None,
            frame_s=None,
            journal_ok=True,
            disk_ok=True,
        )
        yield writer.tick(TickLine(time_s, inputs, DARK, (_event(number),) if number % 10 == 0 else ()))
    yield writer.end(
        Summary(
            status="completed",
            abort_reason=None,
            duration_s=60.0,
            laser_on_time_s=60.0,
            avg_power_w=5.0,
            max_power_w=5.1,
            energy_j=300.0,
        )
    )


def _event(number: int) -> TreatmentEvent:
    return TreatmentEvent(
        event_type="power_change",
        power_commanded_w=5.0,
        power_actual_w=5.0 + number * 1e-6,
        ring_size_mm=3.0,
        actuator_position_um=1000.0,
        photodiode_v=2.5,
        footpedal=True,
        smoothing=True,
        interlocks={"board": True, "laser": True},
        details={"sample": True},
    )


def cpu(folder: Path, clock: RealClock) -> Activity:
    """Keep a processor busy."""
    while True:
        yield "spinning"
        until_s = clock.now_s() + _SPIN_S
        while clock.now_s() < until_s:
            pass


LOADS: Final[dict[str, Callable[[Path, RealClock], Activity]]] = {
    "video": video,
    "database": database,
    "cpu": cpu,
}
NAMES: Final = (UI, *LOADS)
"""Every load by name; ui is the kiosk itself, which is started as the supervisor does it."""


def run(name: str, folder: Path, clock: RealClock, began: Callable[[], None]) -> None:
    """Run a load until the process is ended; began is called when its work, not its preparation, begins.

    Writes `activity-NAME.txt` into the folder: monotonic seconds and what begins then, a line each.
    """
    told = False
    with (folder / f"activity-{name}.txt").open("w", buffering=1, encoding="utf-8") as log:
        for activity in LOADS[name](folder, clock):
            log.write(f"{clock.start_s + clock.now_s():.6f} {activity}\n")
            if not told and activity != "making the record":
                told = True
                began()
