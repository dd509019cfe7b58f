"""What a self-test has seen: samples of all devices, step by step, and how far each link came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from hardware.interfaces import BoardStatus, Device, Identity, LinkState
from hardware.settings import BoardSettings, LaserSettings, StageSettings, TecSettings
from tosca_kiosk.control.devices import Devices, Sampler
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules


class CartSettings(Protocol):
    """What the configuration says of each device."""

    @property
    def laser(self) -> LaserSettings: ...
    @property
    def tec(self) -> TecSettings: ...
    @property
    def stage(self) -> StageSettings: ...
    @property
    def board(self) -> BoardSettings: ...


class Link(NamedTuple):
    """How far a driver came with its device, as `hardware.interfaces.Device` says it."""

    state: LinkState
    problem: str | None
    identity: Identity | None
    found_at_start: tuple[str, ...]

    @staticmethod
    def of(device: Device) -> Link:
        return Link(device.link, device.problem, device.identity, device.found_at_start)


class Sample(NamedTuple):
    """All devices at one moment.

    inputs: what a decision would know, on the clock of the test. board: its whole status; None with inputs'.
    lost_lines: status lines missing or damaged since the program started. tec_errors: None until known.
    tec_heard_s: when the TEC was asked what it has answered whatever its sensor says; None until it has.
    """

    inputs: Inputs
    board: BoardStatus | None
    lost_lines: int
    tec_errors: tuple[int, ...] | None
    tec_heard_s: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checks may look at. Samples are oldest first.

    all: of the whole test, once every ready device has been asked everything. rest: the motor off and at
    rest; running: the motor on and up to speed; end: the motor off again. links: by device key.
    """

    settings: CartSettings
    rules: Rules
    links: Mapping[str, Link]
    all: Sequence[Sample]
    rest: Sequence[Sample]
    running: Sequence[Sample]
    end: Sequence[Sample]


class Watcher:
    """Takes samples of devices."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._sampler = Sampler(devices)

    def sample(self, now_s: float) -> Sample:
        """Return what the devices' newest readings say."""
        devices, sampler = self._devices, self._sampler
        inputs = Inputs(
            now_s=now_s,
            late_s=0.0,
            overrun_s=0.0,
            board=sampler.board(),
            laser=sampler.laser(),
            tec=sampler.tec(),
            stage=sampler.stage(),
            operator_s=None,
            frame_s=None,
            journal_ok=True,
            disk_ok=True,
        )
        board, status, errors = devices.board, devices.board.status, devices.tec.errors
        return Sample(
            inputs,
            None if inputs.board is None or status is None else status.value,
            board.sequence_gaps + board.crc_errors,
            None if errors is None else errors.value,
            self._tec_heard_s(),
        )

    def _tec_heard_s(self) -> float | None:
        output, condition = self._devices.tec.output_on, self._devices.tec.condition_bits
        if output is None or condition is None:
            return None
        return min(output.asked_s, condition.asked_s) - self._sampler.epoch_s
