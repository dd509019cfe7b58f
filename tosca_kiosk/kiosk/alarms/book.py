"""The book that keeps alarms until somebody has seen them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tosca_kiosk.kiosk.alarms.alarm import Alarm, Priority
from tosca_kiosk.kiosk.alarms.conditions import Condition

_RANKS = list(Priority)


class AlarmBook:
    """Alarms by source. One that is over stays until it is acknowledged; nothing leaves by itself."""

    def __init__(self) -> None:
        self._alarms: dict[str, Alarm] = {}
        self._shown: tuple[Alarm, ...] = ()

    def update(self, now_s: float, standing: Iterable[Condition]) -> tuple[Alarm, ...]:
        """Take what stands now; return all alarms, the one to show first at the front."""
        conditions = {condition.source: condition for condition in standing}
        before = dict(self._alarms)
        for source, condition in conditions.items():
            known = self._alarms.get(source)
            if known is None or not known.active:
                self._alarms[source] = Alarm(*condition, since_s=now_s)
            elif (known.what, known.to_do) != condition[2:]:
                self._alarms[source] = replace(known, what=condition.what, to_do=condition.to_do)
        for source, alarm in list(self._alarms.items()):
            if source in conditions:
                continue
            if alarm.acknowledged:
                del self._alarms[source]
            elif alarm.active:
                self._alarms[source] = replace(alarm, active=False)
        if self._alarms != before:
            self._sort()
        return self._shown

    def note(self, now_s: float, condition: Condition) -> None:
        """Add an alarm for something that has happened and is over."""
        self._alarms[condition.source] = Alarm(*condition, since_s=now_s, active=False)
        self._sort()

    def acknowledge(self, sources: Iterable[str] | None = None) -> None:
        """Say that somebody has seen these alarms, None for all of them."""
        for source in list(self._alarms) if sources is None else sources:
            alarm = self._alarms.get(source)
            if alarm is None:
                continue
            if alarm.active:
                self._alarms[source] = replace(alarm, acknowledged=True)
            else:
                del self._alarms[source]
        self._sort()

    def _sort(self) -> None:
        self._shown = tuple(
            sorted(
                self._alarms.values(),
                key=lambda alarm: (not alarm.active, _RANKS.index(alarm.priority), -alarm.since_s),
            )
        )
