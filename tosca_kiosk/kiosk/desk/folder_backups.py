"""When the sessions' folders are backed up: after each session, and never while one is open."""

from __future__ import annotations

from tosca_kiosk.kiosk.desk.desk import Desk

_AGAIN_AFTER_S = 600.0
"""A place that was not there may be mounted meanwhile."""


class FolderBackups:
    """Call `turn` every turn. problem: why the folders are not backed up, None where nothing is wrong."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._due = True
        self._again_s = 0.0

    @property
    def problem(self) -> str | None:
        folders = self._desk.record.folders
        return None if folders is None else folders.problem

    def turn(self) -> None:
        """Begin a backup where one is due, and end it where a session is open."""
        desk, folders = self._desk, self._desk.record.folders
        if folders is None or not desk.record_open:
            return
        if self._session_is_open():
            folders.stop()
            self._due = True
            return
        failed = folders.problem is not None and desk.now_s >= self._again_s
        if not folders.running and (self._due or failed):
            self._due, self._again_s = False, desk.now_s + _AGAIN_AFTER_S
            folders.begin()

    def _session_is_open(self) -> bool:
        """Whether one is open here or in control, or light may be."""
        desk, telemetry = self._desk, self._desk.telemetry
        controlled = telemetry is not None and telemetry.session_id is not None
        return desk.session is not None or controlled or desk.may_emit
