"""Why something was changed: a row of `change_reasons` for all that one transaction changed."""

from __future__ import annotations

from tosca_kiosk.storage.door import Reader, Transaction


def newest_change(reader: Reader) -> int:
    """Return the number of the audit's newest row, 0 where there is none."""
    [row] = reader.rows("SELECT coalesce(max(audit_id), 0) AS newest FROM audit_log")
    return int(row["newest"])


def keep(transaction: Transaction, before: int, reason: str) -> None:
    """Keep why all was done that the audit tells since its row `before`; nothing where it tells nothing."""
    newest = newest_change(transaction)
    if newest > before:
        transaction.insert("change_reasons", first_audit_id=before + 1, last_audit_id=newest, reason=reason)
