"""The record's own rows as columns: typed as the schema says, each value exactly as it stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from tosca_kiosk.domain.interlocks import INTERLOCKS
from tosca_kiosk.domain.summary import known_before
from tosca_kiosk.exports import tables
from tosca_kiosk.exports.columns import Batch, Kind, Table
from tosca_kiosk.exports.reduced import object_of
from tosca_kiosk.exports.typed import typed
from tosca_kiosk.session.happenings import happenings
from tosca_kiosk.session.session_result import plan_in_force, plan_of
from tosca_kiosk.storage import Reader, archives, energies, events, sessions

ROWS_A_BATCH: Final = 20_000
_FAULT_SOURCES: Final = frozenset(row.source for row in INTERLOCKS)
_YEARS_A_BAND, _OLDEST_BAND = 10, 90
_HELPERS: Final = {"first_start": Kind.TIME}
"""What is read and not shown: something that is shown is made of it."""
_OF_DEVIATION: Final = ("time_s", "action", "old_value", "new_value", "reason")

_SESSIONS: Final = (
    {
        "session_id": "s.session_id",
        "patient": "p.patient_code",
        "patient_date_of_birth": "p.date_of_birth",
        "patient_gender": "p.gender",
        "technician": "t.username",
        "protocol_name": "s.protocol_name",
        "protocol": "s.protocol_data_snapshot",
        "origin": "j.origin",
        "start_time": "s.start_time",
        "end_time": "s.end_time",
        "duration_seconds": "s.duration_seconds",
        "status": "s.status",
        "abort_reason": "s.abort_reason",
        "treatment_site": "s.treatment_site",
        "treatment_notes": "s.treatment_notes",
        "post_treatment_notes": "s.post_treatment_notes",
        "total_laser_on_time_seconds": "s.total_laser_on_time_seconds",
        "avg_power_watts": "s.avg_power_watts",
        "max_power_watts": "s.max_power_watts",
        "total_energy_joules": "s.total_energy_joules",
        "first_session_id": "n.first_session_id",
        "ticks": "j.tick_count",
        "journal_is_whole": "j.is_whole",
        "late_ticks": "l.late_ticks",
        "worst_late_ms": "l.worst_late_ms",
        "session_folder_path": "s.session_folder_path",
        "video_path": "s.video_path",
        "first_start": "(SELECT min(start_time) FROM sessions WHERE patient_id = s.patient_id)",
    },
    "FROM sessions s LEFT JOIN patients p USING (patient_id) LEFT JOIN tech_users t USING (tech_id) "
    "LEFT JOIN session_journals j USING (session_id) LEFT JOIN session_parts n USING (session_id) "
    "LEFT JOIN session_timing l USING (session_id) WHERE s.session_id = ?",
)
_EVENTS: Final = (
    {name: name for name in events.TREATMENT_COLUMNS},
    "FROM treatment_events WHERE session_id = ? ORDER BY event_id",
)
_SAFETY: Final = (
    {
        "log_id": "l.log_id",
        "session_id": "l.session_id",
        "timestamp": "l.timestamp",
        "technician": "t.username",
        "event_type": "l.event_type",
        "severity": "l.severity",
        "description": "l.description",
        "system_state": "l.system_state",
        "laser_state": "l.laser_state",
        "footpedal_state": "l.footpedal_state",
        "smoothing_device_state": "l.smoothing_device_state",
        "photodiode_voltage_v": "l.photodiode_voltage_v",
        "action_taken": "l.action_taken",
        "details": "l.details",
    },
    "FROM safety_log l LEFT JOIN tech_users t USING (tech_id) WHERE l.session_id = ? ORDER BY l.log_id",
)
_AMENDMENTS: Final = (
    {
        "amendment_id": "a.amendment_id",
        "session_id": "a.session_id",
        "field": "a.field",
        "amendment": "a.amendment",
        "reason": "a.reason",
        "technician": "t.username",
        "amended_date": "a.amended_date",
    },
    "FROM session_amendments a LEFT JOIN tech_users t USING (tech_id) WHERE a.session_id = ? "
    "ORDER BY a.amendment_id",
)

_Source = tuple[Mapping[str, str], str]
"""By column what is selected for it, and from where."""
_Columns = dict[str, list[Any]]


class Recorded:
    """Reads the tables of an export from one snapshot. odd: how many values of which column are none."""

    def __init__(self, reader: Reader, numbers: Sequence[int]) -> None:
        self._reader = reader
        self._numbers = numbers
        self.odd = Counter[str]()

    def batches(self, table: Table, tell: Callable[[float], object]) -> Iterator[Batch]:
        """Yield the rows of a table, session by session. tell: hears how much of it is read.

        Raises StorageError where an archive that holds events cannot be read.
        """
        read = _READ[table.name]
        for number, session_id in enumerate(self._numbers):
            tell(number / len(self._numbers))
            for columns in read(self, session_id):
                yield [columns[name] for name in table.names]

    def _sessions_table(self, session_id: int) -> Iterator[_Columns]:
        for columns in self._read(tables.SESSIONS, _SESSIONS, session_id):
            starts = columns["start_time"]
            born, first = columns["patient_date_of_birth"], columns["first_start"]
            columns["patient_age_band"] = [_age_band(*pair) for pair in zip(born, starts, strict=True)]
            columns["start_day"] = [_days(*pair) for pair in zip(first, starts, strict=True)]
            columns["abort_source"] = [_fault_source(reason) for reason in columns["abort_reason"]]
            yield columns

    def _events_table(self, session_id: int) -> Iterator[_Columns]:
        for columns in self._read(tables.TREATMENT_EVENTS, _EVENTS, session_id):
            columns["is_sample"] = [_is_sample(details) for details in columns["event_details"]]
            yield columns

    def _safety_table(self, session_id: int) -> Iterator[_Columns]:
        [(held,)] = self._reader.tuples("SELECT start_time FROM sessions WHERE session_id = ?", (session_id,))
        [start] = typed(Kind.TIME, [held]).values
        for columns in self._read(tables.SAFETY_EVENTS, _SAFETY, session_id):
            columns["time_offset_ms"] = [_offset_ms(start, time) for time in columns["timestamp"]]
            yield columns

    def _deviations_table(self, session_id: int) -> Iterator[_Columns]:
        found = happenings(self._reader, sessions.get(self._reader, session_id)).deviations
        if found:
            clocks = [None if one.override is None else one.override.elapsed_s for one in found]
            columns = {name: [getattr(one, name) for one in found] for name in _OF_DEVIATION}
            yield columns | {"session_id": [session_id] * len(found), "treatment_clock_s": clocks}

    def _energies_table(self, session_id: int) -> Iterator[_Columns]:
        session = sessions.get(self._reader, session_id)
        plan = plan_of(session)
        in_force = plan_in_force(plan, happenings(self._reader, session))
        given = energies.of_sessions(self._reader, (session_id,)).get(session_id, energies.UNKNOWN)
        yield {
            "session_id": [session_id],
            "planned_joules": [None if plan is None else plan.planned_energy_j],
            "planned_in_force_joules": [None if in_force is None else in_force.planned_energy_j],
            "measured_joules": [given.measured_j],
            "commanded_joules": [given.commanded_j],
            "larger_joules": [given.larger_j],
        }

    def _amendments_table(self, session_id: int) -> Iterator[_Columns]:
        return self._read(tables.AMENDMENTS, _AMENDMENTS, session_id)

    def _read(self, table: Table, source: _Source, session_id: int) -> Iterator[_Columns]:
        """Yield what is selected for a session, column by column; events also from an archive."""
        selected, rest = source
        sql = f"SELECT {', '.join(selected.values())} {rest}"
        found: Iterator[tuple[Any, ...]] = archives.select(self._reader, session_id, sql, (session_id,))
        if "treatment_events" not in rest:
            found = iter(self._reader.tuples(sql, (session_id,)))
        while rows := list(islice(found, ROWS_A_BATCH)):
            read = zip(selected, zip(*rows, strict=True), strict=True)
            yield {name: self._typed(table, name, list(values)) for name, values in read}

    def _typed(self, table: Table, name: str, held: list[Any]) -> list[Any]:
        kinds = _HELPERS | {column.name: column.kind for column in table.columns}
        values, odd = typed(kinds[name], held)
        self.odd[f"{table.name}.{name}"] += odd
        return values


_READ: Final[dict[str, Callable[[Recorded, int], Iterator[_Columns]]]] = {
    "sessions": Recorded._sessions_table,
    "treatment_events": Recorded._events_table,
    "safety_events": Recorded._safety_table,
    "deviations": Recorded._deviations_table,
    "energies": Recorded._energies_table,
    "amendments": Recorded._amendments_table,
}


@lru_cache(4096)
def _is_sample(details: str | None) -> bool:
    return object_of(details).get("sample") is True


def _age_band(born: date | None, start: datetime | None) -> str | None:
    if born is None or start is None or start.date() < born:
        return None
    years = start.year - born.year - ((start.month, start.day) < (born.month, born.day))
    if years >= _OLDEST_BAND:
        return f"{_OLDEST_BAND}+"
    first = years // _YEARS_A_BAND * _YEARS_A_BAND
    return f"{first}-{first + _YEARS_A_BAND - 1}"


def _days(first: datetime | None, start: datetime | None) -> int | None:
    return None if first is None or start is None else (start.date() - first.date()).days


def _offset_ms(start: datetime | None, time: datetime | None) -> int | None:
    return None if start is None or time is None else round((time - start).total_seconds() * 1000)


def _fault_source(reason: str | None) -> str | None:
    source = known_before(reason or "").partition(":")[0]
    return source if source in _FAULT_SOURCES else None
