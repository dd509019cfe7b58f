"""Changes of the record as they are shown: who, when, why, and each field before and after."""

from __future__ import annotations

from typing import Any, Final

from tosca_kiosk.cli.earlier_values import shown
from tosca_kiosk.cli.tables import printable
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.storage.history import BEFORE_THE_AUDIT, Change

_FOUND: Final = {"application": "", "sql": "another program", "migration": "an upgrade", "found": "unknown"}
"""By source: who changed a row of which no operator is known."""


def answer_changes(workplace: Workplace, found: list[Change], *, to_supervisor: bool) -> None:
    """Print changes for a program or a person."""
    told = [_told(change, to_supervisor=to_supervisor) for change in found]
    workplace.answer({"changes": told}, "\n".join(_in_words(one) for one in told))


def _told(change: Change, *, to_supervisor: bool) -> dict[str, Any]:
    fields = [
        {
            "field": field.name,
            "old": shown(change.table, field.name, field.old, to_supervisor=to_supervisor),
            "new": shown(change.table, field.name, field.new, to_supervisor=to_supervisor),
        }
        for field in change.fields
    ]
    return {
        "audit_id": change.audit_id,
        "time": change.time,
        "operator": change.operator,
        "source": change.source,
        "table": change.table,
        "row": change.key,
        "action": change.action,
        "reason": change.reason,
        "fields": fields,
        "odd": list(change.odd),
    }


def _in_words(told: dict[str, Any]) -> str:
    if told["action"] == BEFORE_THE_AUDIT:
        head = f"{told['table']} {told['row']}, as the audit first knew it:"
    else:
        who = told["operator"] or _FOUND.get(told["source"]) or "nobody named"
        why = "" if told["reason"] is None else f": {told['reason']}"
        what = f"{told['table']} {told['row']}  {told['action']} by {who}{why}"
        head = f"{told['audit_id']}  {told['time'][:19]}  {what}"
    lines = [f"    {field['field']}: {_change_in_words(told, field)}" for field in told["fields"]]
    lines += [f"    {odd}" for odd in told["odd"]]
    return "\n".join(printable(line) for line in (head, *lines))


def _change_in_words(told: dict[str, Any], field: dict[str, Any]) -> str:
    if told["action"] in ("insert", BEFORE_THE_AUDIT):
        return _value(field["new"])
    return f"{_value(field['old'])} -> {_value(field['new'])}"


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)
