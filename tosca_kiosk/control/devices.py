"""The cart's devices as one: poll them, read what a decision needs, and do what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hardware.interfaces import BoardStatus as _BoardStatus
from hardware.interfaces import (
    Device,
    InterlockBoard,
    Laser,
    LinkState,
    Reading,
    Stage,
    StageStatus,
    TemperatureController,
)
from hardware.trace import WireTrace
from tosca_kiosk.control.frames import Frames
from tosca_kiosk.domain.inputs import BoardIn, LaserIn, StageIn, TecIn
from tosca_kiosk.domain.outputs import Outputs

_READY: Final = LinkState.READY
"""By a name of its own, which Python 3.11 finds five times as fast as a member of an enumeration."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The four devices of a cart. traces: the last seconds of each one's port, by device key."""

    laser: Laser
    tec: TemperatureController
    stage: Stage
    board: InterlockBoard
    traces: Mapping[str, WireTrace] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Device]:
        return iter((self.board, self.laser, self.stage, self.tec))

    def poll(self, now_s: float) -> None:
        """Drain every port; the board first, for the pedal must not wait."""
        self.board.poll(now_s)
        self.laser.poll(now_s)
        self.stage.poll(now_s)
        self.tec.poll(now_s)

    def act(self, outputs: Outputs, now_s: float) -> None:
        """Do what was decided: laser and gate first, in that order, so that off is never behind a move."""
        laser, board = self.laser, self.board
        laser.want(outputs.laser_output, outputs.laser_current_ma)
        if outputs.ask_condition:
            laser.ask_condition()
        laser.flush(now_s)
        board.set_motor(outputs.motor_on, outputs.motor_pwm)
        board.set_aiming(outputs.aiming_on)
        if outputs.clear_board_faults:
            board.clear_faults()
        board.heartbeat(outputs.want_gate)
        board.flush(now_s)
        self._move_stage(outputs, now_s)

    def _move_stage(self, outputs: Outputs, now_s: float) -> None:
        stage = self.stage
        if outputs.acknowledge_stage:
            stage.acknowledge_trip()
        if outputs.home_stage:
            stage.home()
        elif outputs.stage_position_um is not None:
            stage.move_to_um(outputs.stage_position_um)
        stage.flush(now_s)

    def darken(self, now_s: float) -> None:
        """Ask output off, current 0 and gate open, whatever else failed."""
        try:
            self.laser.want(False, 0.0)
            self.laser.flush(now_s)
        finally:
            self.board.heartbeat(False)
            self.board.flush(now_s)

    def not_ready(self) -> list[Device]:
        """Return the devices that are not ready yet, or not any more."""
        return [device for device in self if device.link is not LinkState.READY]


def described(device: Device) -> dict[str, str]:
    """Return what a journal's header says of a device; its origin alone until it is identified."""
    identity = device.identity
    if identity is None:
        return {"origin": str(device.origin)}
    return {
        "origin": str(device.origin),
        "model": identity.model,
        "serial_number": identity.serial_number,
        "firmware": identity.firmware,
        "found_at_start": "; ".join(device.found_at_start),
    }


class Sampler:
    """Turns the drivers' newest readings into a decision's inputs, in session time.

    epoch_s: the clock's time that is session time 0. A reading that has not changed is not built again.
    frames: None where there is no camera.
    """

    def __init__(self, devices: Devices, frames: Frames | None = None) -> None:
        self._devices = devices
        self._frames = frames
        self._board: BoardIn | None = None
        self._laser: LaserIn | None = None
        self._tec: TecIn | None = None
        self._stage: StageIn | None = None
        self.begin(0.0)

    def begin(self, epoch_s: float) -> None:
        """Count time from epoch_s on."""
        self.epoch_s = epoch_s
        self._board_reading: Reading[_BoardStatus] | None = None
        self._stage_reading: Reading[StageStatus] | None = None
        self._laser_news: int | None = None
        self._tec_news: int | None = None

    def board(self) -> BoardIn | None:
        """Return the board's newest status; None until it is ready and when it is lost."""
        board = self._devices.board
        reading = board.status
        if reading is None or board.link is not _READY:
            return None
        if reading is not self._board_reading:
            status = reading.value
            self._board_reading = reading
            self._board = BoardIn(
                measured_s=reading.asked_s - self.epoch_s,
                pedal_pressed=status.pedal_pressed,
                stop_loop_closed=status.stop_loop_closed,
                gate_closed=status.gate_closed,
                gate_wanted=status.gate_wanted,
                motor_on=status.motor_on,
                vibration_healthy=status.vibration_healthy,
                photodiode_v=status.photodiode_v,
                photodiode_saturated=status.photodiode_saturated,
                faults=status.faults,
                aiming_on=status.aiming_on,
            )
        return self._board

    def laser(self) -> LaserIn | None:
        """Return the laser's newest answers; None until every one is known."""
        laser = self._devices.laser
        if laser.link is not _READY:
            return None
        if laser.news != self._laser_news:
            self._laser_news = laser.news
            self._laser = _laser_in(laser, self.epoch_s)
        return self._laser

    def tec(self) -> TecIn | None:
        """Return the temperature controller's newest answers; None until every one is known."""
        tec = self._devices.tec
        if tec.link is not _READY:
            return None
        if tec.news != self._tec_news:
            self._tec_news = tec.news
            self._tec = _tec_in(tec, self.epoch_s)
        return self._tec

    def stage(self) -> StageIn | None:
        """Return the stage's newest status; None until it is ready and when it is lost."""
        stage = self._devices.stage
        reading = stage.status
        if reading is None or stage.link is not _READY:
            return None
        if reading is not self._stage_reading:
            status = reading.value
            self._stage_reading = reading
            self._stage = StageIn(
                measured_s=reading.asked_s - self.epoch_s,
                position_um=status.position_um,
                target_um=status.target_um,
                index_known=status.index_known,
                settled=status.settled,
                trips=status.trips,
            )
        return self._stage

    def frame_s(self, now_s: float) -> float | None:
        """Return when the newest new picture was taken; None before the first. now_s: the clock's time."""
        taken_s = None if self._frames is None else self._frames.newest_s(now_s)
        return None if taken_s is None else taken_s - self.epoch_s

    def frame_covered(self) -> bool:
        """Return whether the picture that `frame_s` saw last is covered; without a camera there is none."""
        return self._frames is not None and self._frames.covered


def _laser_in(laser: Laser, epoch_s: float) -> LaserIn | None:
    output, current, measured = laser.output_on, laser.set_current_ma, laser.measured_current_ma
    condition, errors = laser.condition_bits, laser.errors
    if output is None or current is None or measured is None or condition is None or errors is None:
        return None
    return LaserIn(
        output_on=output.value,
        output_asked_s=output.asked_s - epoch_s,
        set_current_ma=current.value,
        set_asked_s=current.asked_s - epoch_s,
        measured_current_ma=measured.value,
        measured_asked_s=measured.asked_s - epoch_s,
        condition=condition.value,
        condition_asked_s=condition.asked_s - epoch_s,
        errors=errors.value,
        errors_asked_s=errors.asked_s - epoch_s,
    )


def _tec_in(tec: TemperatureController, epoch_s: float) -> TecIn | None:
    temperature, setpoint, output, condition = (
        tec.temperature_c,
        tec.setpoint_c,
        tec.output_on,
        tec.condition_bits,
    )
    if temperature is None or setpoint is None or output is None or condition is None:
        return None
    return TecIn(
        temperature_c=temperature.value,
        temperature_asked_s=temperature.asked_s - epoch_s,
        setpoint_c=setpoint.value,
        output_on=output.value,
        output_asked_s=output.asked_s - epoch_s,
        condition=condition.value,
        condition_asked_s=condition.asked_s - epoch_s,
    )
