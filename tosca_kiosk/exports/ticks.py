"""Every tick of a session's journal as a row with named columns: what came in, what was decided.

The journal holds inputs and outputs; phase, powers and energies come from deciding the same again. A journal
of older rules is decided by the present ones: from the first tick on whose outputs would be others, what is
decided is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec

from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.journal_lines import Header, TickLine
from tosca_kiosk.domain.replay import decided_ticks
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import State
from tosca_kiosk.exports.columns import Column, Kind, Pseudonymised, Table

_NUMBER, _BOOLEAN, _TEXT, _INTEGER = Kind.NUMBER, Kind.BOOLEAN, Kind.TEXT, Kind.INTEGER
_OUT, _WORD = Pseudonymised.LEFT_OUT, Pseudonymised.WORD


class _Part(NamedTuple):
    """Columns that are read from one thing. read: reads all of them at once."""

    columns: tuple[Column, ...]
    read: Callable[[Any], tuple[Any, ...]]


def _part(rows: Iterable[tuple[Any, ...]]) -> _Part:
    """Return the columns of rows: an attribute, and the column that it is."""
    attributes, columns = zip(*((row[0], Column(*row[1:])) for row in rows), strict=True)
    return _Part(columns, attrgetter(*attributes))


_CONTROL: Final = _part(
    (
        ("late_s", "late_s", _NUMBER, "s", "how late the tick began"),
        ("overrun_s", "overrun_s", _NUMBER, "s", "for which ticks have taken longer than their period"),
        ("operator_s", "operator_seen_s", _NUMBER, "s", "session time of the screen's newest sign of life"),
        ("frame_s", "frame_s", _NUMBER, "s", "session time of the newest new picture"),
        ("frame_covered", "frame_covered", _BOOLEAN, "", "whether the newest picture is black or clipped"),
        ("journal_ok", "journal_ok", _BOOLEAN, "", "whether the last write took all bytes"),
        ("disk_ok", "disk_ok", _BOOLEAN, "", "whether the disk has the room to arm"),
        ("runtime_ok", "runtime_ok", _BOOLEAN, "", "whether the processes' folder is the one they began in"),
        ("rules_problem", "rules_problem", _TEXT, "", "why there may be no light", _OUT),
        ("self_test_problem", "self_test_problem", _TEXT, "", "why there may be no light", _OUT),
        ("real_time_problem", "real_time_problem", _TEXT, "", "why there may be no light", _OUT),
        ("self_test_motor", "self_test_motor", _BOOLEAN, "", "whether a self-test asks for the motor"),
    )
)  # fmt: skip
_BOARD: Final = _part(
    (
        ("measured_s", "board_measured_s", _NUMBER, "s", "session time of its status, by its clock"),
        ("pedal_pressed", "pedal_pressed", _BOOLEAN, "", ""),
        ("stop_loop_closed", "stop_loop_closed", _BOOLEAN, "", "emergency stop not pressed"),
        ("gate_closed", "gate_closed", _BOOLEAN, "", "the laser's interlock loop is closed, so light may be"),
        ("gate_wanted", "gate_wanted", _BOOLEAN, "", "as the board has it"),
        ("motor_on", "motor_on", _BOOLEAN, "", "smoothing motor, as the board has it"),
        ("vibration_healthy", "vibration_healthy", _BOOLEAN, "", "of the smoothing device"),
        ("photodiode_v", "photodiode_v", _NUMBER, "V", ""),
        ("photodiode_saturated", "photodiode_saturated", _BOOLEAN, "", "the converter is at its end"),
        ("faults", "board_faults", _INTEGER, "", "bits of the board's latched faults"),
        ("aiming_on", "aiming_on", _BOOLEAN, "", "aiming beam, as the board has it"),
    )
)  # fmt: skip
_LASER: Final = _part(
    (
        ("output_on", "laser_output_on", _BOOLEAN, "", "read back"),
        ("output_asked_s", "laser_output_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("set_current_ma", "set_current_ma", _NUMBER, "mA", "set current, read back"),
        ("set_asked_s", "set_current_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("measured_current_ma", "measured_current_ma", _NUMBER, "mA", "of the laser diode"),
        ("measured_asked_s", "measured_current_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("condition", "laser_condition", _INTEGER, "", "bits of the driver's condition register"),
        ("condition_asked_s", "laser_condition_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("errors_asked_s", "laser_errors_asked_s", _NUMBER, "s", "session time when its queue was asked"),
    )
)  # fmt: skip
_TEC: Final = _part(
    (
        ("temperature_c", "tec_temperature_c", _NUMBER, "°C", ""),
        ("temperature_asked_s", "tec_temperature_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("setpoint_c", "tec_setpoint_c", _NUMBER, "°C", ""),
        ("output_on", "tec_output_on", _BOOLEAN, "", "read back"),
        ("output_asked_s", "tec_output_asked_s", _NUMBER, "s", "session time when that was asked"),
        ("condition", "tec_condition", _INTEGER, "", "bits of the controller's condition register"),
        ("condition_asked_s", "tec_condition_asked_s", _NUMBER, "s", "session time when that was asked"),
    )
)  # fmt: skip
_STAGE: Final = _part(
    (
        ("measured_s", "stage_measured_s", _NUMBER, "s", "session time of the stage's status"),
        ("position_um", "ring_position_um", _NUMBER, "µm", "the stage's position, which makes the ring"),
        ("target_um", "ring_target_um", _NUMBER, "µm", "where it is to go"),
        ("index_known", "stage_index_known", _BOOLEAN, "", "whether it is homed"),
        ("settled", "stage_settled", _BOOLEAN, "", "fresh, reached, within tolerance"),
    )
)  # fmt: skip
_ASKED: Final = _part(
    (
        ("laser_output", "asked_laser_output", _BOOLEAN, "", "what the laser is to do in this tick"),
        ("laser_current_ma", "asked_current_ma", _NUMBER, "mA", "set current for this tick"),
        ("want_gate", "asked_gate", _BOOLEAN, "", "what the board is to do in this tick"),
        ("motor_on", "asked_motor", _BOOLEAN, "", ""),
        ("stage_position_um", "asked_position_um", _NUMBER, "µm", "NULL leaves the stage alone"),
        ("ask_condition", "asked_condition", _BOOLEAN, "", "the condition register is asked out of turn"),
        ("home_stage", "asked_homing", _BOOLEAN, "", ""),
        ("acknowledge_stage", "asked_stage_acknowledge", _BOOLEAN, "", ""),
        ("clear_board_faults", "asked_board_clear", _BOOLEAN, "", ""),
        ("aiming_on", "asked_aiming", _BOOLEAN, "", ""),
    )
)  # fmt: skip
_DECIDED: Final = _part(
    (
        ("phase", "phase", _TEXT, "", "`idle`, `ready`, `armed`, `treating`, `fault`", _WORD),
        ("beam", "beam", _TEXT, "", "how far switching on has come; `emitting`: light", _WORD),
        ("paused", "paused", _BOOLEAN, "", "by the operator"),
        ("finished", "finished", _BOOLEAN, "", "the protocol is at its end"),
        ("elapsed_s", "treatment_clock_s", _NUMBER, "s", "runs only while light is confirmed"),
        ("command_w", "power_commanded_w", _NUMBER, "W", "set point"),
        ("expected_w", "power_expected_w", _NUMBER, "W", "what the photodiode should see"),
        ("measured_w", "power_measured_w", _NUMBER, "W", "from the photodiode"),
        ("emission_s", "emission_s", _NUMBER, "s", "with the output on, so far"),
        ("commanded_j", "commanded_energy_j", _NUMBER, "J", "so far"),
        ("measured_j", "measured_energy_j", _NUMBER, "J", "so far"),
        ("dark", "dark", _BOOLEAN, "", "it is known that no light leaves"),
    )
)  # fmt: skip

_FIRST: Final = (
    Column("session_id", _INTEGER, "", "the session's number in the record", Pseudonymised.PSEUDONYM),
    Column("time_s", _NUMBER, "s", "session time of the tick"),
)
_BY_HAND: Final = (
    Column("protocol_step", _INTEGER, "", "from 1"),
    Column("ring_diameter_mm", _NUMBER, "mm", "from the stage's position by its calibration"),
    Column("faults", _TEXT, "", "sources that are latched, oldest first, a blank between"),
    Column("commands", _TEXT, "", "what was asked of control in this tick, a blank between"),
    Column("laser_errors", _TEXT, "", "codes of the laser's error queue, a blank between"),
    Column("stage_trips", _TEXT, "", "of the stage, a blank between"),
)  # fmt: skip
_DEVICES: Final = ((_BOARD, "board"), (_LASER, "laser"), (_TEC, "tec"), (_STAGE, "stage"))
_PARTS: Final = (_CONTROL, *(part for part, _ in _DEVICES), _ASKED, _DECIDED)

TICKS: Final = Table(
    "ticks",
    "a tick of control, as often as its rate, of the sessions' journals as far as their chain proves them",
    (*_FIRST, *(column for part in _PARTS for column in part.columns), *_BY_HAND),
)

_tick_line = msgspec.json.Decoder(TickLine).decode
_READ_DEVICES: Final = tuple((part.read, name, (None,) * len(part.columns)) for part, name in _DEVICES)
_READ_CONTROL, _READ_ASKED, _READ_DECIDED = _CONTROL.read, _ASKED.read, _DECIDED.read
_UNDECIDED: Final = (None,) * len(_DECIDED.columns)


def rows(header: Header, lines: Iterator[bytes]) -> Iterator[tuple[Any, ...]]:
    """Yield a row of TICKS for each tick line of a journal.

    Raises msgspec.DecodeError for a line that is no tick of this program.
    """
    rules, known = header.rules, True
    for line, decision in decided_ticks(header, lines):
        tick = _tick_line(line)
        known = known and decision.outputs == tick.o
        yield (header.session_id, tick.t, *_of_inputs(tick), *_of_state(rules, tick.i, decision.state, known))


def _of_inputs(tick: TickLine) -> Iterator[Any]:
    inputs = tick.i
    yield from _READ_CONTROL(inputs)
    for read, name, nothing in _READ_DEVICES:
        device = getattr(inputs, name)
        yield from nothing if device is None else read(device)
    yield from _READ_ASKED(tick.o)


def _of_state(rules: Rules, inputs: Inputs, state: State, known: bool) -> Iterator[Any]:
    yield from _READ_DECIDED(state) if known else _UNDECIDED
    yield state.step_index + 1 if known and rules.protocol is not None else None
    yield _diameter_mm(rules, inputs)
    yield _joined(state.faults) if known else None
    yield _joined(command.type for command in inputs.commands)
    yield None if inputs.laser is None else _joined(inputs.laser.errors)
    yield None if inputs.stage is None else _joined(inputs.stage.trips)


def _diameter_mm(rules: Rules, inputs: Inputs) -> float | None:
    stage, calibrations = inputs.stage, rules.calibrations
    if stage is None or calibrations is None or not stage.index_known:
        return None
    return calibrations.ring.curve.continued(stage.position_um)


def _joined(parts: Any) -> str:
    return " ".join(str(part) for part in parts)
