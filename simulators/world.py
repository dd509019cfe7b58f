"""The simulated world: one kernel, one seed, and everything the simulated devices are wired to.

All physics steps on one grid of 10 ms; between its points everything is in closed form. Reading never changes
anything, so the same seed and the same inputs give the same floats however often anyone asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Literal, get_args

from simulators.camera.truth import CameraFaults
from simulators.hands import OperatorHands
from simulators.kernel import Kernel
from simulators.physics.contacts import ContactFault, GateRelay, Pedal, StopLoop, SwitchContact
from simulators.physics.diode import Diode, OnLight
from simulators.physics.photodiode import Photodiode
from simulators.physics.power_meter import PowerMeter
from simulators.physics.profiles import STANDARD_TEC, TEN_WATT, DiodeProfile, TecProfile
from simulators.physics.smoothing import Smoothing
from simulators.physics.stage import Stage
from simulators.physics.tec import Tec
from simulators.true_constants import TrueConstants, drawn_constants, shipped_constants

STEP_S = 0.01
STEPS_PER_TEC_STEP = 2
STEPS_PER_WINDOW = 10
UM_PER_MM = 1000.0

Mark = Literal["session", "armed", "emission"]
MARKS: tuple[Mark, ...] = get_args(Mark)


class World:
    """The plant, with what only a judge may see (`true_...`) and what a scenario changes.

    warm: the mount starts regulated and settled at warm_setpoint_c (see `Tec`); else all is at ambient_c.
    drawn: its constants are the seed's, and not those that the shipped calibrations believe in.
    """

    def __init__(
        self,
        seed: int,
        profile: DiodeProfile = TEN_WATT,
        warm: bool = False,
        *,
        tec_profile: TecProfile = STANDARD_TEC,
        ambient_c: float = 22.0,
        warm_setpoint_c: float = 25.0,
        drawn: bool = False,
    ) -> None:
        self.seed = seed
        self.kernel = Kernel()
        self.ring_offset_mm = 0.0
        self.ring_gain = 1.0
        self.aiming_fault: ContactFault = "ok"
        """The aiming diode's driver: open never lights it, closed always does."""
        self._aiming_driven = False
        made = drawn_constants(self.random_seed, profile) if drawn else shipped_constants(profile)
        self._ring_at_index_mm = made["optics.ring_at_index_mm"]
        self._ring_mm_per_mm = made["optics.ring_mm_per_mm"]
        self.photodiode = self._photodiode(made)
        self.meter = PowerMeter(self._random("meter"))
        self.tec = Tec(
            tec_profile,
            self._random("tec"),
            ambient_c=ambient_c,
            step_s=STEP_S * STEPS_PER_TEC_STEP,
            preheated=warm,
            setpoint_c=warm_setpoint_c,
        )
        self.diode = self._diode(profile, made)
        self.stage = self._stage(made)
        self.smoothing = self._smoothing(made, drawn)
        self.pedal = Pedal(self.kernel, self._random("pedal"))
        self.stop_loop = StopLoop()
        self.camera = CameraFaults()
        self.operator = OperatorHands()
        self.gate = GateRelay(self.kernel)
        self._marks: dict[Mark, float] = {}
        self._waiting: list[tuple[Mark, Callable[[], None]]] = []
        self._light_watchers: list[OnLight] = []
        self._steps = 1
        self.kernel.at(STEP_S, self._step)

    @property
    def pedal_no(self) -> SwitchContact:
        return self.pedal.normally_open

    @property
    def pedal_nc(self) -> SwitchContact:
        return self.pedal.normally_closed

    def advance(self, until_s: float) -> None:
        """Let the world run up to and including until_s."""
        self.kernel.advance(until_s)

    def random_seed(self, name: str) -> int:
        """The same for the same world seed and name, in every process."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    @property
    def aiming(self) -> bool:
        """Whether the aiming beam is lit."""
        return self._aiming_driven if self.aiming_fault == "ok" else self.aiming_fault == "closed"

    def set_aiming(self, on: bool) -> None:
        self._aiming_driven = on

    def ring_size_mm(self) -> float:
        """The diameter of the laser ring on the tissue at the stage's present position."""
        grown_mm = self.ring_gain * self._ring_mm_per_mm * self.stage.carriage_um() / UM_PER_MM
        return self._ring_at_index_mm + self.ring_offset_mm + grown_mm

    def true_constants(self) -> TrueConstants:
        """What the devices truly are now, with what has worn, drifted and slipped since they were made."""
        diode, photodiode, stage, motor = self.diode, self.photodiode, self.stage, self.smoothing
        return {
            "diode.threshold_25_a": diode.profile.threshold_25_a * (1.0 + diode.ageing),
            "diode.slope_25_w_per_a": diode.profile.slope_25_w_per_a * (1.0 - diode.ageing),
            "diode.t0_k": diode.profile.t0_k,
            "diode.t1_k": diode.profile.t1_k,
            "photodiode.volt_per_watt": photodiode.volt_per_watt * photodiode.drift,
            "photodiode.dark_v": photodiode.dark_v,
            "optics.ring_at_index_mm": self._ring_at_index_mm + self.ring_offset_mm,
            "optics.ring_mm_per_mm": self._ring_mm_per_mm * self.ring_gain,
            "stage.scale": stage.scale,
            "stage.index_offset_um": stage.index_offset_um + stage.scale_slip_um,
            "motor.rest_mg": motor.rest_mg(),
            "motor.vibration_gain": motor.arriving,
        }

    def true_power_w(self) -> float:
        """The light that leaves, whatever any device says."""
        return self.diode.optical_power_w()

    def true_energy_j(self) -> float:
        """The light that has left since the world began."""
        return self.diode.emitted_energy_j()

    def watch_light(self, on_light: OnLight) -> None:
        """Have on_light(power_w, slope_w_per_s) called at the start of each straight line of true light."""
        self._light_watchers.append(on_light)

    def mark(self, name: Mark) -> None:
        """Declare that an event scenarios wait for happens now; only its first time counts."""
        if name in self._marks:
            return
        self._marks[name] = self.kernel.now_s
        due = [action for mark, action in self._waiting if mark == name]
        self._waiting = [waiting for waiting in self._waiting if waiting[0] != name]
        for action in due:
            action()

    def marked_s(self, name: Mark) -> float | None:
        """When an event was marked, None before."""
        return self._marks.get(name)

    def when(self, name: Mark, action: Callable[[], None]) -> None:
        """Call action inside the event that is marked, or now where that has been."""
        if name in self._marks:
            action()
        else:
            self._waiting.append((name, action))

    def _random(self, component: str) -> Random:
        return Random(self.random_seed(component))

    def _photodiode(self, made: TrueConstants) -> Photodiode:
        return Photodiode(
            self.kernel,
            self._random("photodiode"),
            volt_per_watt=made["photodiode.volt_per_watt"],
            dark_v=made["photodiode.dark_v"],
        )

    def _diode(self, profile: DiodeProfile, made: TrueConstants) -> Diode:
        return Diode(
            self.kernel,
            replace(
                profile,
                threshold_25_a=made["diode.threshold_25_a"],
                slope_25_w_per_a=made["diode.slope_25_w_per_a"],
                t0_k=made["diode.t0_k"],
                t1_k=made["diode.t1_k"],
            ),
            self._random("diode"),
            mount_c=self.tec.mount_c,
            on_light=self._on_light,
            step_s=STEP_S,
        )

    def _stage(self, made: TrueConstants) -> Stage:
        return Stage(
            self.kernel,
            self._random("stage"),
            scale=made["stage.scale"],
            index_offset_um=made["stage.index_offset_um"],
        )

    def _smoothing(self, made: TrueConstants, drawn: bool) -> Smoothing:
        """A motor as shipped begins at a rest level of its own, which no calibration believes in."""
        return Smoothing(
            self.kernel,
            self._random("smoothing"),
            vibration_gain=made["motor.vibration_gain"],
            rest_mg=made["motor.rest_mg"] if drawn else None,
        )

    def _on_light(self, power_w: float, slope_w_per_s: float) -> None:
        self.photodiode.light(power_w, slope_w_per_s)
        if "emission" not in self._marks and (power_w > 0.0 or slope_w_per_s > 0.0):
            self.mark("emission")
        for watch in self._light_watchers:
            watch(power_w, slope_w_per_s)

    def _step(self) -> None:
        steps, diode = self._steps, self.diode
        diode.step()
        if steps % STEPS_PER_TEC_STEP == 0:
            self.tec.step(diode.take_heat_j() / (STEP_S * STEPS_PER_TEC_STEP))
        self.photodiode.step()
        if steps % STEPS_PER_WINDOW == 0:
            self.smoothing.close_window()
        # Counted, not added up, so that the grid does not drift.
        self._steps = steps = steps + 1
        self.kernel.at(steps * STEP_S, self._step)
