"""The folder backup beside the kiosk: in a thread of its own, ended as soon as somebody needs the machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from tosca_kiosk.session.errors import REFUSALS
from tosca_kiosk.storage import Database
from tosca_kiosk.storage.folder_backup import FolderBackup, roots
from tosca_kiosk.storage.restic import InterruptedRunError

_LEAVES_WITHIN_S: Final = 6.0


class FolderKeeper:
    """database: gives the open record. place: the configured directory. Close it, or its thread goes on."""

    def __init__(
        self, database: Callable[[], Database], data_dir: Path, place: Path, utc: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._backup = FolderBackup(data_dir, place)
        self._utc = utc
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.problem: str | None = None
        """How old the newest backup is and why the last one failed, None where it did not."""

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._thread is not None

    def begin(self) -> None:
        """Back up what is new, unless that is under way."""
        if self._thread is None:
            self._stopping = False
            self._thread = threading.Thread(target=self._run, name="folder-backup", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End what is under way, soon; the next one goes on."""
        self._stopping = True

    def wait(self, timeout_s: float) -> bool:
        """Wait until none is under way; False when that did not come in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self.running

    def close(self) -> None:
        """End what is under way."""
        self.stop()
        self.wait(_LEAVES_WITHIN_S)

    def _run(self) -> None:
        try:
            database = self._database()
            if folders := roots(database, self._backup.data_dir):
                saved = self._backup.back_up(folders, self._utc(), may_go_on=lambda: not self._stopping)
                if saved.first:
                    logging.getLogger(__name__).warning(self._backup.to_keep)
            self.problem = None
        except InterruptedRunError:
            pass
        except (*REFUSALS, OSError) as error:
            self.problem = f"{self._backup.status.in_words(self._utc()).split(' The last one')[0]} {error}"
            logging.getLogger(__name__).warning(self.problem)
        except Exception:
            self.problem = "The folder backup made a mistake; the kiosk's log has the details."
            logging.getLogger(__name__).exception("the folder backup failed")
        finally:
            self._thread = None
