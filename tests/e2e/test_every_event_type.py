"""Every event type of the schema has a source: code that makes it, and a session in which it occurs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from benchmarks.rigs.simulated_cart import Bench, bench
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.interlocks import INTERLOCKS
from tosca_kiosk.domain.journal_lines import ChainReader, EventsOfTick
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.rows import StepRows
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.journal import JOURNAL_NAME

pytestmark = pytest.mark.slow

PROTOCOL = Protocol(
    "Two rings",
    "",
    (Step(1, 1.0, 5.0, 5.0, 3.0, RampType.CONSTANT), Step(2, 600.0, 5.0, 5.0, 3.5, RampType.CONSTANT)),
)
HOLD_S = 1.6
EVENTS = msgspec.json.Decoder(EventsOfTick)


class Source(NamedTuple):
    """What makes a type, None for the interlock table; and the scenario in which it occurs."""

    made_by: Callable[..., Any] | None
    scenario: str


def rows_of(scenario: str) -> Source:
    return Source(None, scenario)


TREATMENT: dict[str, Source] = {
    "laser_on": Source(StepRows.laser_on, "treated over a change of rings"),
    "laser_off": Source(StepRows.laser_off, "treated over a change of rings"),
    "power_set": Source(StepRows.step_start, "treated over a change of rings"),
    "power_change": Source(StepRows.sample, "treated over a change of rings"),
    "ring_size_set": Source(StepRows.step_planned, "opened"),
    "ring_size_change": Source(StepRows.step_begun, "treated over a change of rings"),
    "protocol_step_start": Source(StepRows.step_start, "treated over a change of rings"),
    "protocol_step_end": Source(StepRows.step_finished, "treated over a change of rings"),
    "pause": Source(StepRows.pause, "paused"),
    "resume": Source(StepRows.resume, "gone on with"),
    "safety_warning": Source(StepRows.warning, "photodiode a little high"),
    "safety_trigger": Source(StepRows.trigger, "emergency stop pressed and released"),
    "user_action": Source(StepRows.command, "overridden in a pause"),
}
PENDING = {"image_captured": "the camera's recordings make it"}
SAFETY: dict[str, Source] = {
    "e_stop_pressed": rows_of("emergency stop pressed and released"),
    "e_stop_released": rows_of("emergency stop pressed and released"),
    "footpedal_released": Source(StepRows.released, "pedal released"),
    "footpedal_timeout": rows_of("board's line late"),
    "smoothing_device_fault": rows_of("smoothing motor dead and mended"),
    "smoothing_device_recovery": rows_of("smoothing motor dead and mended"),
    "photodiode_out_of_range": rows_of("photodiode a little high"),
    "photodiode_fault": rows_of("light seen in the dark"),
    "interlock_failure": rows_of("laser unplugged and plugged"),
    "interlock_recovery": rows_of("laser unplugged and plugged"),
    "power_limit_exceeded": rows_of("photodiode saturated"),
    "system_watchdog_timeout": rows_of("board hears no heartbeat"),
}


class Course:
    """One session of a simulated cart, gone through scenario by scenario. times: when each has ended."""

    def __init__(self, cart: Bench) -> None:
        self.cart = cart
        self.times: dict[str, float] = {}

    @property
    def state(self) -> Any:
        return self.cart.controller.state

    def ended(self, scenario: str) -> None:
        self.times[scenario] = self.state.now_s

    def tell(self, command: CommandType, role: str | None = None, **more: Any) -> None:
        self.cart.controller.submit(Command(id=1, type=command, role=role, **more))
        self.cart.wait(0.02)

    def light(self) -> None:
        self.cart.press(False)
        self.cart.wait(0.2)
        armed = self.cart.operator._arm()
        self.cart.run_until_script(armed, lambda: self.state.phase is Phase.ARMED)
        self.cart.run_until(lambda: self.state.beam is Beam.WAITING)
        self.cart.press(True)
        self.cart.run_until(lambda: self.state.beam is Beam.EMITTING)
        self.cart.wait(0.8)

    def fault(self, scenario: str, path: str, value: Any, well: Any) -> None:
        """Have something fail, mend it, and have a supervisor reset it."""
        self.cart.change(path, value)
        self.cart.run_until(lambda: self.state.phase is Phase.FAULT, within_s=5.0)
        self.cart.press(False)
        self.cart.wait(0.5)
        self.cart.change(path, well)
        self.cart.wait(0.5)
        for _ in range(40):
            if self.state.phase is Phase.READY:
                break
            self.tell(CommandType.ACKNOWLEDGE, "admin")
            self.cart.wait(0.2)
        assert self.state.phase is Phase.READY, (scenario, self.state.faults)
        self.ended(scenario)


def go_through(cart: Bench, folder: Path) -> dict[str, float]:
    course = Course(cart)
    cart.run(cart.operator.prepare())
    cart.open(folder, PROTOCOL)
    cart.run_until(lambda: course.state.session_open)
    course.ended("opened")
    course.light()
    cart.run_until(lambda: course.state.step_index == 1 and course.state.beam is Beam.EMITTING)
    cart.wait(0.6)
    course.ended("treated over a change of rings")
    course.tell(CommandType.PAUSE)
    course.ended("paused")
    course.tell(CommandType.POWER_OVERRIDE, value=4.5, reason="patient tolerance")
    course.ended("overridden in a pause")
    course.light()
    course.ended("gone on with")
    cart.change("photodiode.drift", 1.2)
    cart.wait(1.0)
    cart.change("photodiode.drift", 1.0)
    course.ended("photodiode a little high")
    cart.press(False)
    cart.wait(0.3)
    course.ended("pedal released")
    course.tell(CommandType.PAUSE)
    course.fault("light seen in the dark", "photodiode.dark_v", 0.4, 0.0)
    for scenario, path, value, well in (
        ("emergency stop pressed and released", "stop_loop.closed", False, True),
        ("board's line late", "board.wire.delay_s", 0.3, 0),
        ("photodiode saturated", "photodiode.drift", 3.0, 1.0),
        ("board hears no heartbeat", "board.firmware.ignores", "HB", "nothing"),
        ("laser unplugged and plugged", "laser.unplugged", True, False),
        ("smoothing motor dead and mended", "smoothing.strength", 0.0, 1.0),
    ):
        course.light()
        course.fault(scenario, path, value, well)
    course.tell(CommandType.CLOSE_SESSION)
    cart.run_until(lambda: not course.state.session_open)
    cart.controller.end_session()
    return course.times


@pytest.fixture(scope="module")
def occurred(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By scenario, the types of its rows."""
    folder = tmp_path_factory.mktemp("session")
    with bench() as cart:
        times = go_through(cart, folder)
    found: dict[str, set[str]] = {scenario: set() for scenario in times}
    for event_type, at_s in _typed(folder):
        scenario = next((name for name, until_s in times.items() if at_s <= until_s), None)
        if scenario is not None:
            found[scenario].add(event_type)
    return found


def _typed(folder: Path) -> Iterator[tuple[str, float]]:
    for line in ChainReader((folder / JOURNAL_NAME).read_bytes()).ticks_json():
        tick = EVENTS.decode(line)
        yield from ((event.event_type, tick.t) for event in (*tick.e, *tick.s))


@pytest.mark.parametrize(("event_type", "source"), (TREATMENT | SAFETY).items())
def test_a_type_is_made_by_its_source_and_occurs_in_a_session(
    event_type: str, source: Source, occurred: dict[str, set[str]]
) -> None:
    if source.made_by is None:
        assert any(event_type in (row.event_type, row.recovery) for row in INTERLOCKS)
    else:
        assert f'"{event_type}"' in inspect.getsource(source.made_by)
    assert event_type in occurred[source.scenario]


def test_the_schema_names_no_other_type() -> None:
    schema = (Path(__file__).parents[1] / "storage" / "seed_schema.sql").read_text(encoding="utf-8")
    named = set(_listed(schema))
    assert named == {*TREATMENT, *PENDING, *SAFETY}
    assert (len(TREATMENT) + len(PENDING), len(SAFETY)) == (14, 12)


def _listed(schema: str) -> Iterator[str]:
    """The types in the comments behind `event_type TEXT NOT NULL`."""
    for part in schema.split("event_type TEXT NOT NULL,")[1:]:
        for line in part.splitlines()[1:]:
            if not line.strip().startswith("--"):
                break
            yield from (word.strip(" '") for word in line.strip(" -").split(",") if "'" in word)
