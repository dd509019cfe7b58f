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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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


class Mistake(NamedTuple):
    """One mistake in a scenario. path: as in `events[1].at`; line: of the file, None where none is known."""

    path: str
    line: int | None
    text: str

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line is not None else []
        place += [self.path] if self.path else []
        return f"{', '.join(place)}: {self.text}" if place else self.text


class ScenarioError(ValueError):
    """A scenario cannot be used: which file, and of every mistake where it is and what is allowed."""

    def __init__(self, path: Path, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(f"{path}: {'; '.join(map(str, mistakes))}")
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """Changes to make delay_s after a mark, or after the start of the session where there is none."""

    after: Mark | None
    delay_s: float
    changes: tuple[tuple[str, Value], ...]

    @property
    def at(self) -> str:
        """When it happens, as a file says it."""
        delay = f"{self.delay_s:g}s"
        if self.after is None:
            return delay
        return f"{self.after} + {delay}" if self.delay_s else self.after


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
    """Read and check a whole scenario. Raises ScenarioError with every mistake in the file."""
    document, lines, mistakes = _read(path)
    mistakes += [Mistake(path=where, line=_line(lines, where), text=text) for where, text in _wrong(document)]
    if mistakes:
        raise ScenarioError(path, tuple(sorted(mistakes, key=lambda mistake: mistake.line or 0)))
    return _scenario(document, path.stem)


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


Lines = dict[str, int]


def _read(path: Path) -> tuple[Any, Lines, list[Mistake]]:
    """Return what a file holds, on which line each path begins, and the keys that stand twice.

    Raises ScenarioError for a file that cannot be read, or is no YAML.
    """
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        lines: Lines = {}
        doubled = [] if node is None else list(_note_lines(node, "", lines, set()))
        return None if node is None else loader.construct_document(node), lines, doubled
    except (OSError, UnicodeDecodeError) as error:
        wrong = Mistake(path="", line=None, text=f"cannot be read: {error}; a YAML file in UTF-8 is needed")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        wrong = Mistake(
            path="", line=None if mark is None else mark.line + 1, text=f"not YAML: {_said(error)}"
        )
    except (yaml.YAMLError, ValueError) as error:
        wrong = Mistake(path="", line=None, text=f"not YAML: {_said(error)}")
    except RecursionError:
        wrong = Mistake(path="", line=None, text="not YAML that can be read: nested too deeply")
    raise ScenarioError(path, (wrong,))


def _said(error: Exception) -> str:
    return " ".join(str(error).split())


def _note_lines(node: yaml.Node, path: str, lines: Lines, seen: set[int]) -> Iterator[Mistake]:
    """Keep the line of each path under a node; yield keys that stand twice, of which YAML keeps the last."""
    if id(node) in seen:
        return  # an alias of what is noted already
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{path}.{key.value}".removeprefix(".")
            line = key.start_mark.line + 1
            if name in lines:
                yield Mistake(path=name, line=line, text=f"{key.value} stands twice; keep one")
            lines[name] = line
            yield from _note_lines(value, name, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            name = f"{path}[{index}]"
            lines[name] = value.start_mark.line + 1
            yield from _note_lines(value, name, lines, seen)


def _line(lines: Lines, path: str) -> int | None:
    """Return the line of a path, or of the event that it should stand in."""
    return lines.get(path) or lines.get(path.partition("]")[0] + "]")


def _wrong(document: object) -> Iterator[tuple[str, str]]:
    """Yield path and text of everything that is not allowed."""
    if not isinstance(document, dict):
        yield "the file", f"{document!r} given, a mapping of keys to values allowed"
        return
    for key in document:
        if key not in _KEYS:
            yield str(key), f"unknown key {key!r}; allowed: {', '.join(_KEYS)}"
    for key in ("name", "description"):
        if not isinstance(document.get(key, ""), str):
            yield key, f"{document[key]!r} given, text allowed"
    events = document.get("events")
    if not isinstance(events, list) or not events:
        yield "events", f"{events!r} given, a list of at least one event allowed"
        return
    for index, event in enumerate(events):
        yield from _wrong_event(event, f"events[{index}]")


def _wrong_event(event: object, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(event, dict):
        yield where, f"{event!r} given, a mapping of keys to values allowed"
        return
    if "at" not in event:
        yield f"{where}.at", f"missing; allowed: {_AT_ALLOWED}"
    elif _at(event["at"]) is None:
        yield f"{where}.at", f"{event['at']!r} given, allowed: {_AT_ALLOWED}"
    changes = {str(path): value for path, value in event.items() if path != "at"}
    if not changes:
        yield where, "changes nothing; allowed beside at: paths of simulators/settable"
    for path, value in changes.items():
        try:
            check_value(path, value)
        except SettingError as error:
            yield f"{where}.{path}", str(error).removeprefix(f"{path}: ")


def _at(value: object) -> tuple[Mark | None, float] | None:
    """Return after which mark and how many seconds a time is, None where it is none."""
    found = _AT.fullmatch(value.strip()) if isinstance(value, str) and value.strip() else None
    if found is None:
        return None
    number = found["number"]
    delay_s = float(number) * _UNIT_S[found["unit"]] if number is not None else 0.0
    if not delay_s <= MAX_DELAY_S:
        return None
    return next((mark for mark in MARKS if mark == found["mark"]), None), delay_s


def _scenario(document: dict[str, Any], default_name: str) -> Scenario:
    """Make a scenario of what is right."""
    return Scenario(
        name=document.get("name", default_name).strip(),
        description=document.get("description", "").strip(),
        events=tuple(_event(event) for event in document["events"]),
    )


def _event(event: dict[str, Any]) -> ScenarioEvent:
    at = _at(event["at"])
    assert at is not None
    changes = tuple((path, value) for path, value in event.items() if path != "at")
    return ScenarioEvent(after=at[0], delay_s=at[1], changes=changes)
