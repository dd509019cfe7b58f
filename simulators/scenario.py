"""Scenarios: YAML files that change the simulated world at a time or after an event.

```yaml
description: Something falls into the pick-off beam.
events:
  - at: emission + 2s            # or 12.5s, 500ms, session, armed + 3s
    photodiode.blocked: true     # one or more paths of `simulators.settable`
```

A bare time counts from the start of the session; what is due before one is declared counts from the
world's start. An event is the first time that it is marked (`World.mark`; `emission` marks itself at the
first light).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from simulators.cart import SimulatedCart
from simulators.settable import PEDAL_PATH, SettingError, Value, check_value, set_value, world_of
from simulators.settable.operator import is_operators
from simulators.world import MARKS, Mark, World

Place = SimulatedCart | World
MAX_DELAY_S = 86400.0
_TIME = r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)"
_AT = re.compile(rf"(?:(?P<mark>{'|'.join(MARKS)})(?:\s*\+\s*(?=\d)|$))?(?:{_TIME})?")
_AT_ALLOWED = (
    f"a time from 0s to {MAX_DELAY_S:g}s like 12.5s or 500ms, an event ({', '.join(MARKS)}), "
    "or both like armed + 3s"
)
_UNIT_S = {"s": 1.0, "ms": 0.001}
_KEYS = ("name", "description", "events")


class ScenarioError(ValueError):
    """A scenario cannot be used: which file, where in it, what stands there, what is allowed."""


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """Changes to make delay_s after a mark, or after the start of the session where there is none."""

    after: Mark | None
    delay_s: float
    changes: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A checked scenario; events stand in the order of the file."""

    name: str
    description: str
    events: tuple[ScenarioEvent, ...]

    @property
    def presses_pedal(self) -> bool:
        """Whether the scenario works the pedal itself, so nothing else should."""
        return any(path == PEDAL_PATH for event in self.events for path, _ in event.changes)

    @property
    def works_operator(self) -> bool:
        """Whether the scenario has the operator do something, so that there must be one."""
        return any(is_operators(path) for event in self.events for path, _ in event.changes)


def load_scenario(path: Path) -> Scenario:
    """Read and check a whole scenario. Raises ScenarioError for whatever is wrong with the file."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}; a YAML file in UTF-8 is needed") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return _scenario(document, path.stem)
    except _PlaceError as wrong:
        raise ScenarioError(f"{path}: {wrong}") from None


def apply(scenario: Scenario, place: Place) -> None:
    """Plan every event on a cart, or in a world without devices; a time that has passed is due at once."""
    for event in scenario.events:
        if event.after is None:
            _FreeEvent(place, event)
        else:
            world_of(place).when(event.after, partial(_plan_after_mark, place, event.after, event))


def _plan_after_mark(place: Place, mark: Mark, event: ScenarioEvent) -> None:
    world = world_of(place)
    marked_s = world.marked_s(mark) or 0.0
    world.kernel.at(marked_s + event.delay_s, partial(_make_changes, place, event))


def _make_changes(place: Place, event: ScenarioEvent) -> None:
    for path, value in event.changes:
        set_value(place, path, value)


class _FreeEvent:
    """An event at a bare time, planned anew when the session is declared before it was due."""

    __slots__ = ("_event", "_happened", "_place", "_timer", "_world")

    def __init__(self, place: Place, event: ScenarioEvent) -> None:
        self._place = place
        self._world = world = world_of(place)
        self._event = event
        self._happened = False
        self._timer = world.kernel.at(event.delay_s, self._happen)
        world.when("session", self._count_from_session)

    def _happen(self) -> None:
        self._happened = True
        _make_changes(self._place, self._event)

    def _count_from_session(self) -> None:
        if not self._happened:
            self._timer.cancel()
            session_s = self._world.marked_s("session") or 0.0
            self._timer = self._world.kernel.at(session_s + self._event.delay_s, self._happen)


class _PlaceError(Exception):
    """What is wrong and where, before the file's name is put to it."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML libraries keep the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name} stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _scenario(document: object, default_name: str) -> Scenario:
    mapping = _mapping(document, "the file")
    for key in mapping:
        if key not in _KEYS:
            raise _PlaceError(f"unknown key {key!r}; allowed: {', '.join(_KEYS)}")
    events = mapping.get("events")
    if not isinstance(events, list) or not events:
        raise _PlaceError(f"events: {events!r} given, a list of at least one event allowed")
    return Scenario(
        name=_text(mapping, "name", default_name),
        description=_text(mapping, "description", ""),
        events=tuple(_event(event, f"events[{index}]") for index, event in enumerate(events)),
    )


def _mapping(value: object, where: str) -> Mapping[object, object]:
    if not isinstance(value, dict):
        raise _PlaceError(f"{where}: {value!r} given, a mapping of keys to values allowed")
    return value


def _text(mapping: Mapping[object, object], key: str, default: str) -> str:
    value = mapping.get(key, default)
    if not isinstance(value, str):
        raise _PlaceError(f"{key}: {value!r} given, text allowed")
    return value.strip()


def _event(value: object, where: str) -> ScenarioEvent:
    mapping = _mapping(value, where)
    if "at" not in mapping:
        raise _PlaceError(f"{where}.at: missing; allowed: {_AT_ALLOWED}")
    after, delay_s = _at(mapping["at"], f"{where}.at")
    changes = [_change(path, value, where) for path, value in mapping.items() if path != "at"]
    if not changes:
        raise _PlaceError(f"{where}: changes nothing; allowed beside at: paths of simulators/settable")
    return ScenarioEvent(after, delay_s, tuple(changes))


def _at(value: object, where: str) -> tuple[Mark | None, float]:
    found = _AT.fullmatch(value.strip()) if isinstance(value, str) and value.strip() else None
    if found is None:
        raise _PlaceError(f"{where}: {value!r} given, allowed: {_AT_ALLOWED}")
    number = found["number"]
    delay_s = float(number) * _UNIT_S[found["unit"]] if number is not None else 0.0
    if not delay_s <= MAX_DELAY_S:
        raise _PlaceError(f"{where}: {value!r} given, allowed: {_AT_ALLOWED}")
    return next((mark for mark in MARKS if mark == found["mark"]), None), delay_s


def _change(path: object, value: object, where: str) -> tuple[str, Value]:
    try:
        check_value(str(path), value)
    except SettingError as error:
        raise _PlaceError(f"{where}.{error}") from None
    assert isinstance(value, bool | int | float | str)
    return str(path), value
