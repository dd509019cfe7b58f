"""The record as it was at a session's opening: what the audit says was changed since then is undone.

The audit's numbers count, not its times: they rise with every change, whatever a clock does meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tosca_kiosk.storage.columns import Held, judged
from tosca_kiosk.storage.door import Reader, Row
from tosca_kiosk.storage.errors import StorageError

_KEYS = {"system_config": "config_key", "calibrations": "calibration_id"}
"""The tables that are rewound, with their keys; every other one is read as it is now."""


class Rewound(Reader):
    """Reads settings and calibrations as they were when a session's row was made.

    Lives as long as the snapshot that it is made from. Raises StorageError where the audit does not know the
    session.
    """

    def __init__(self, snapshot: Reader, session_id: int) -> None:
        super().__init__(snapshot.path, snapshot.raw, snapshot.known)
        made = self.rows(
            "SELECT max(audit_id) AS number FROM audit_log "
            "WHERE table_name = 'sessions' AND row_key = :session AND action = 'insert'",
            session=session_id,
        )
        number = made[0]["number"]
        if number is None:
            raise StorageError(
                f"{self.path}: the audit does not say when session {session_id} was opened; "
                "run tosca-kiosk db check"
            )
        self._since = int(number)

    def held(
        self,
        table: str,
        *,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        skip: int = 0,
        **filters: Any,
    ) -> list[Held]:
        """Do what Reader.held does; a filter is a value, not several."""
        if table not in _KEYS:
            return super().held(table, order_by=order_by, limit=limit, skip=skip, **filters)
        kinds = self.columns(table)
        every = [judged(table, kinds, row) for row in self._as_they_were(table)]
        found = [one for one in every if all(one.row[name] == value for name, value in filters.items())]
        for name in reversed((order_by,) if isinstance(order_by, str) else tuple(order_by)):
            column = name.removeprefix("-")
            found.sort(key=lambda one: _place(one.row[column]), reverse=name != column)
        return found[skip:][:limit]

    def _as_they_were(self, table: str) -> list[Row]:
        """Return the rows as SQLite held them, which is how the audit keeps them too."""
        key = _KEYS[table]
        rows = {str(row[key]): row for row in self.rows(f"SELECT * FROM {table}")}
        changes = self.rows(
            "SELECT row_key, old_values FROM audit_log WHERE table_name = :table AND audit_id > :since "
            "ORDER BY audit_id DESC",
            table=table,
            since=self._since,
        )
        for change in changes:
            rows.pop(change["row_key"], None)
            if change["old_values"] is not None:
                old = self._old(change["old_values"], table)
                rows[str(old[key])] = old
        return list(rows.values())

    def _old(self, values: str, table: str) -> Row:
        try:
            old: Row = msgspec.json.decode(values)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise StorageError(
                f"{self.path}: the audit of {table} cannot be read ({error}); run tosca-kiosk db check"
            ) from error
        return old


def _place(value: Any) -> tuple[bool, Any]:
    """Return what sorts a column's values as SQLite does: what is not there comes first."""
    return (False, 0) if value is None else (True, value)
