"""Where something ends that the record must prove: its head is signed, and the anchor taken out of the file.

What hinders either is said and holds nothing up: the record is closed, copied and migrated all the same. Only
the next session is refused then, by its opening.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tosca_kiosk.storage import Database, StorageError, anchors, cart_key, heads
from tosca_kiosk.storage.signing import SigningKey

log = logging.getLogger("tosca_kiosk.session")


class Sealing:
    """Signs the record of a data directory, and takes the anchors out.

    anchor_path: the file that every anchor is appended to, where one stands; None for none. say: tells a
    person or a log what could not be done.
    """

    def __init__(self, data_dir: Path, anchor_path: Path | None, say: Callable[[str], object]) -> None:
        self._data_dir = data_dir
        self._anchor_path = anchor_path
        self._say = say
        self._told_of_journal = False

    def begin(self, database: Database) -> None:
        """See to it that a new record has its key and its first head."""
        with self.signing(database):
            pass

    def sign(self, database: Database, reason: str) -> None:
        """Sign the present head. reason: as in `heads.sign`."""
        with self.signing(database) as key:
            if key is not None:
                with database.transaction() as transaction:
                    heads.sign(transaction.connection, key, reason)

    @contextmanager
    def signing(self, database: Database) -> Iterator[SigningKey | None]:
        """Give the key for what is done inside `with`, None where there is none; then take the anchor out."""
        before = _newest(database)
        try:
            key = cart_key.of_record(database, self._data_dir)
        except StorageError as error:
            key = None
            self._say(f"The record is not signed: {error}")
        yield key
        if _newest(database) != before:
            self.take_out(database)

    def take_out(self, database: Database) -> str | None:
        """Take the newest anchor out, to the system's journal and to the file that is configured.

        Return why the system's journal has none, which is logged once: not every machine has one.
        """
        head = _newest(database)
        if head is None:
            return None
        line = anchors.line_of(head)
        untold = anchors.tell_system_journal(line)
        if untold is not None and not self._told_of_journal:
            self._told_of_journal = True
            log.info(untold)
        if self._anchor_path is not None:
            try:
                # A missing file is a stick that is not in: made here, it would lie under the stick's place.
                anchors.append(self._anchor_path, line, create=False)
            except StorageError as error:
                self._say(str(error))
        return untold


def _newest(database: Database) -> heads.Head | None:
    """Return the newest head, None also where none can be read: that keeps nothing from its end."""
    try:
        with database.reading() as reader:
            return heads.newest(reader.connection)
    except StorageError:
        return None
