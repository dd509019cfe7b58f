"""An independent judge of a treatment: it sees the true light and the world's true inputs, nothing of ours.

True inputs are contacts, positions and temperatures of the world, what a scenario changed in it, and what the
technician did: which commands were given, not what became of them. It never asks control, drivers or devices
for a state, an interlock or a reading.
"""

from __future__ import annotations

from math import inf

from benchmarks.campaign.causes import CAUSES, GATE_BY_HOST, PARTS, TICK_S, Cause
from benchmarks.campaign.disturbances import Disturbances
from benchmarks.campaign.findings import Lit, Violation
from benchmarks.campaign.lost_ways import ENDLESS_S, WAY_PARTS, Lifted, proved_between
from benchmarks.campaign.totals import could_be_told, dose_allowed_j, excess_j, unrecorded
from benchmarks.rigs.changed_plan import Change, Changes, planned_j, rings_mm
from benchmarks.rigs.light import DARK_W, DRIVER_S, GATE_S
from simulators.true_constants import RING_MM_AT_INDEX
from simulators.world import UM_PER_MM, World
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol import Protocol

TEC_TRIP_C, TEC_SETPOINT_C = 3.0, 25.0
LIMIT_FRACTION, LIMIT_MARGIN_W = 1.05, 0.1
ARM_HOLD_S, PEDAL_AFTER_ARM_S, LIFTED_S = 1.5, 2.0, 0.1
SEEN_S = 0.045
"""From the true edge of a press to the tick that sees it: debouncing (20 ms), bounces, status, tick."""
LOST_LINES_S = 0.03
"""On a line that loses lines a press may be told by one that is lost, and then by the next."""
BOUNCE_S = 0.002
"""The board acts within 2 ms of an edge: a contact that is back before need not have been seen."""
STEADY_UM = 5.0
RING_CHANGED_UM = 50.0
RING_NEAR_MM = 0.06
KEY_OFF_S = 10.0
"""For so long darkness must have been unknown before a supervisor's word closes a session."""

_DISARMING = frozenset({CommandType.STOP, CommandType.PAUSE})
_OTHERS = {"board", "board line", "host"}
"""Parts whose own faults may hide what a release would prove."""
_SUPERVISORS = frozenset({"supervisor", "admin"})


class Monitor:
    """Watches one world from its beginning. worst_s: by cause, how long after its own time light ended.

    endless: what lost both ways before any proof, where light went on: no rule is broken, and nothing passed.
    excess_j: true energy over what was counted, where neither photodiode nor laser was whole. lied_to: the
    session's rules are not the record's. disturbances: what is told of the cart itself.

    The world is one as shipped: ring, power and energy are judged by what the calibrations believe, and a
    drawn world is truly beside that, as far as `benchmarks/bench/drawn_worlds.py` tells.
    """

    def __init__(
        self, world: World, protocol: Protocol, power_limit_w: float, *, lied_to: bool = False
    ) -> None:
        self._world = world
        self._lied_to = lied_to
        self._protocol = protocol
        self._changes: Changes = ()
        self._power_limit_w = power_limit_w
        self.violations: list[Violation] = []
        self.lit: list[Lit] = []
        self.worst_s: dict[tuple[str, str], float] = {}
        self.ended: dict[str, int] = {}
        self.disturbances = Disturbances(world.kernel)
        self._lifted: list[Lifted] = [Lifted(0.0, inf)]
        self.endless: str | None = None
        self.excess_j: float | None = None
        # Light.
        self._lit_s: float | None = None
        self._lit_um = 0.0
        self._dark_s, self._dark_um = 0.0, 0.0
        self._before_j = 0.0
        self._closed_j: float | None = None
        self._told_s = self._doubt_s = 0.0
        self._peak_w = 0.0
        # The technician.
        self._pressed = False
        self._press_s = -inf
        self._left_s: float | None = None
        self._up_s = self._closed_s = -inf
        self._hold_s: float | None = None
        self._armed_s: float | None = None
        self._disarmed_s = -inf
        self._supervisor_due = False
        self._opened_loop_s: float | None = None
        world.watch_light(self._on_light)
        world.stop_loop.subscribe(self._stop_loop_moved)
        for contact in (world.pedal_no, world.pedal_nc):
            contact.subscribe(self._pedal_moved)

    # --- what happens to the computer -------------------------------------------------------------------

    def kiosk_silent(self, silent: bool) -> None:
        """Note that the operator's screen gives no sign of life, or does again."""
        self.disturbances.set("screen silent", silent)

    def journal_failed(self) -> None:
        """Note that the record takes no more."""
        self.disturbances.set("journal fails", True)

    # --- what the technician does -----------------------------------------------------------------------

    def session_opened(self) -> None:
        """Note that a session is open, and count its energy from here."""
        self._doubt_s = self._now_s
        self.disturbances.set("no session", False)
        self._before_j = self._world.true_energy_j()

    def session_closed(self, command: CommandType, role: str | None) -> None:
        """Note that the session was closed, and by which command that was taken."""
        self._closed_j = self._world.true_energy_j()
        if command is CommandType.CLOSE_SESSION:
            if self._world.true_power_w() > DARK_W:
                self._violate("a session closed in light", f"{self._world.true_power_w():.2f} W")
        elif role not in _SUPERVISORS:
            self._violate("a session closed by the word of no supervisor", str(role))
        elif self._told_s - self._doubt_s < KEY_OFF_S:
            self._violate("a session closed by a word too early", f"{self._told_s - self._doubt_s:.2f} s")
        self.disturbances.set("no session", True)

    def overridden(self, change: Change) -> None:
        """Note an override that was taken: the plan is another one from here on."""
        self._changes = (*self._changes, change)
        lit_s = self._now_s - self._disarmed_s
        if self._world.true_power_w() > DARK_W and lit_s > DRIVER_S and self.disturbances.is_whole(PARTS):
            self._violate("an override under light", f"{self._world.true_power_w():.2f} W")
        if change.kind is CommandType.POWER_OVERRIDE and not 0.0 < change.value <= self._power_limit_w:
            self._violate("an override over the limit", f"{change.value:.2f} W")

    def told(self, command: CommandType, role: str | None) -> None:
        """Note a command that was given, whatever becomes of it."""
        now_s = self._now_s
        if command is CommandType.CONFIRM_KEY_OFF:
            self._told_s = now_s
        elif command is CommandType.BEGIN_ARM:
            self._hold_s = now_s
        elif command is CommandType.CANCEL_ARM:
            self._hold_s = None
        elif command is CommandType.ARM:
            held = self._hold_s is not None and now_s - self._hold_s >= ARM_HOLD_S - TICK_S
            if held and self._armed_s is None:
                self._armed_s = now_s
        elif command is CommandType.ACKNOWLEDGE:
            if role in _SUPERVISORS and self._world.stop_loop.closed:
                self._supervisor_due = False
        elif command in _DISARMING:
            self._disarm()
            self.disturbances.set("STOP on the screen" if command is CommandType.STOP else "pause", True)

    def _disarm(self) -> None:
        if self._armed_s is not None:
            self._armed_s, self._disarmed_s = None, self._now_s

    def _pedal_moved(self) -> None:
        pressed = self._world.pedal_no.closed and not self._world.pedal_nc.closed
        if pressed == self._pressed:
            return
        self._pressed = pressed
        if pressed:
            self._lifted[-1] = self._lifted[-1]._replace(until_s=self._now_s)
        else:
            self._lifted.append(Lifted(self._now_s, inf))
        if not pressed:
            self._left_s = self._now_s
            # A press too short to be seen for certain did not end the time in which the pedal was up.
            unheard_s = LOST_LINES_S if "board line" in self.disturbances.ever else 0.0
            if self._now_s - self._closed_s >= SEEN_S + unheard_s:
                self._up_s = self._now_s
            self._begin_anew("pedal up")
        else:
            if self._left_s is not None and self._now_s - self._left_s < BOUNCE_S:
                self.disturbances.since.pop("pedal up", None)
            self._closed_s = self._now_s
            # A contact that fails for some milliseconds is no foot that was lifted and set down again.
            if self._now_s - self._up_s >= LIFTED_S - SEEN_S:
                self._press_s = self._now_s

    def _stop_loop_moved(self) -> None:
        now_s = self._now_s
        if not self._world.stop_loop.closed:
            self._opened_loop_s = now_s
            self._begin_anew("stop loop open")
            return
        if self._opened_loop_s is not None and now_s - self._opened_loop_s < BOUNCE_S:
            self.disturbances.since.pop("stop loop open", None)
            return
        self._disarm()
        self._supervisor_due = self.disturbances.is_whole(("board", "board line"))

    # --- light ------------------------------------------------------------------------------------------

    def _on_light(self, power_w: float, slope_w_per_s: float) -> None:
        """Judge the straight line that ends here, and begin the next."""
        now_s = self._now_s
        if self._lit_s is not None:
            self._judge_light(now_s)
        lit = power_w > DARK_W or slope_w_per_s > 0.0
        if lit and self._lit_s is None:
            self._forget_what_is_over()
            self._light_begins(now_s)
        elif not lit and self._lit_s is not None:
            self._light_ends(now_s)
        if lit:
            self._peak_w = max(self._peak_w, power_w)
            ceiling_w = self._power_limit_w * LIMIT_FRACTION + LIMIT_MARGIN_W
            self.disturbances.set("power over the limit", power_w > ceiling_w)
            off_c = abs(self._world.tec.mount_c() - TEC_SETPOINT_C)
            self.disturbances.set("diode too far from its temperature", off_c > TEC_TRIP_C)

    def _judge_light(self, now_s: float) -> None:
        for name, since_s in self.disturbances.since.items():
            cause = CAUSES[name]
            for way, needs, limit_s in (("gate", cause.gate, GATE_S), ("driver", cause.driver, DRIVER_S)):
                if needs is None:
                    continue
                whole_s = max([self.disturbances.whole_s[part] for part in needs])
                over_s = now_s - max(since_s + cause.own_s, whole_s) - limit_s
                if over_s > 0.0:
                    self._violate(
                        f"light with {name}", f"{way}: {1e3 * over_s:.1f} ms over {1e3 * limit_s:g} ms"
                    )
            if now_s - since_s - cause.own_s > ENDLESS_S:
                self._judge_endless(name, cause)
        moved_um = abs(self._world.stage.position_um() - self._lit_um)
        if moved_um > STEADY_UM and self.disturbances.is_whole(("stage",)):
            self._violate("stage moved under light", f"{moved_um:.1f} um")

    def _judge_endless(self, name: str, cause: Cause) -> None:
        """Judge light that neither way has ended long after it had to."""
        ways = [needs for needs in (cause.gate, cause.driver) if needs is not None]
        if any(self.disturbances.is_whole(needs) for needs in ways):
            return  # judged by the way that is whole
        lost = sorted(self.disturbances.lost.values())
        if (
            len(lost) > 1
            and not self.disturbances.ever & _OTHERS
            and proved_between(lost[0], lost[1], self._lifted)
        ):
            self._violate("a first fault stayed hidden", f"{lost[0].path}, then {lost[1].path}")
        elif self.endless is None:
            self.endless = " and ".join(
                part for part in WAY_PARTS if self.disturbances.whole_s[part] > self._now_s
            )

    def _light_begins(self, now_s: float) -> None:
        self._lit_s = now_s
        position_um = self._world.stage.position_um()
        self._lit_um = position_um
        self._judge_ring(position_um)
        late_s = now_s - self._disarmed_s
        if self._armed_s is None:
            # What was on its way when the command came, ends as light that was there.
            if late_s > (GATE_S if self.disturbances.is_whole(GATE_BY_HOST) else DRIVER_S):
                self._violate("light without arming", f"disarmed {1e3 * late_s:.1f} ms before")
        elif self._press_s - self._armed_s < PEDAL_AFTER_ARM_S - SEEN_S:
            self._violate("light by a pedal pressed too early", f"{self._press_s - self._armed_s:.3f} s")
        if self._lied_to:
            self._violate("light under rules that the record does not have", "")
        if self._supervisor_due:
            self._violate("light after an emergency stop without a supervisor", "")
        if self.lit and self._press_s < self._dark_s and now_s - self._dark_s > BOUNCE_S:
            ring_changed = abs(position_um - self._dark_um) > RING_CHANGED_UM
            if not ring_changed and not self.disturbances.ever & {"diode", "stage"}:
                self._violate("light came back by itself", f"dark for {1e3 * (now_s - self._dark_s):.1f} ms")

    def _judge_ring(self, position_um: float) -> None:
        """The ring is one of the plan in force."""
        ring_mm = RING_MM_AT_INDEX + position_um / UM_PER_MM
        planned_mm = rings_mm(self._protocol, self._changes)
        near = min(abs(ring_mm - wanted_mm) for wanted_mm in planned_mm) <= RING_NEAR_MM
        if not near and "stage" not in self.disturbances.ever:
            self._violate("light of a ring that the plan does not have", f"{ring_mm:.3f} mm of {planned_mm}")

    def _light_ends(self, now_s: float) -> None:
        assert self._lit_s is not None
        self.lit.append(Lit(self._lit_s, now_s))
        self._lit_s, self._dark_s = None, now_s
        self._dark_um = self._world.stage.position_um()
        for name in self.disturbances.since:
            self._note_worst(name, now_s)
        self._forget_what_is_over()

    def _forget_what_is_over(self) -> None:
        for name in [
            name for name in self.disturbances.since if CAUSES[name].latched and not self._still(name)
        ]:
            del self.disturbances.since[name]

    def _note_worst(self, name: str, now_s: float) -> None:
        cause = CAUSES[name]
        after_s = now_s - self.disturbances.since[name] - cause.own_s
        self.ended[name] = self.ended.get(name, 0) + 1
        for way, needs in (("gate", cause.gate), ("driver", cause.driver)):
            if needs is not None and self.disturbances.is_whole(needs):
                self.worst_s[name, way] = max(after_s, self.worst_s.get((name, way), -inf))

    def _still(self, name: str) -> bool:
        """Whether a latched cause stands on without light; a command stands until the next arming."""
        if name == "pedal up":
            return not self._pressed
        if name in ("STOP on the screen", "pause"):
            return self._armed_s is None
        return name == "stop loop open" and not self._world.stop_loop.closed

    # --- at the end -------------------------------------------------------------------------------------

    def finish(self, laser_on_off_s: list[tuple[float, float]], counted_j: float) -> None:
        """Judge the whole treatment. laser_on_off_s: intervals of light as recorded, in the world's time.

        counted_j: the larger of measured and commanded energy, as recorded.
        """
        if self._lit_s is not None:
            self._judge_light(self._now_s)
            self.lit.append(Lit(self._lit_s, self._now_s))
        self._judge_dose()
        self._judge_energy(counted_j)
        self._judge_record(laser_on_off_s)

    def _judge_dose(self) -> None:
        planned = planned_j(self._protocol, self._changes)
        allowed_j = dose_allowed_j(planned, self._peak_w, self.disturbances.ever)
        dose_j = self._world.true_energy_j() - self._before_j
        if allowed_j is not None and not dose_j <= allowed_j:
            self._violate("dose", f"{dose_j:.2f} J of {planned:.2f} J planned, {allowed_j:.2f} J allowed")

    def _judge_energy(self, counted_j: float) -> None:
        """What people act on is never far under the true energy, where anything whole could tell it."""
        until_j = self._world.true_energy_j() if self._closed_j is None else self._closed_j
        true_j = until_j - self._before_j
        over_j = excess_j(true_j, counted_j)
        if not over_j > 0.0:
            return
        if could_be_told(self.disturbances.ever):
            self._violate("energy is not counted", f"{true_j:.2f} J true, {counted_j:.2f} J counted")
        else:
            self.excess_j = over_j

    def _judge_record(self, recorded_s: list[tuple[float, float]]) -> None:
        fails = "journal fails" in self.disturbances.since
        for rule, detail in unrecorded(self.lit, recorded_s, self.disturbances.ever, fails=fails):
            self._violate(rule, detail)

    # --- small change -----------------------------------------------------------------------------------

    @property
    def _now_s(self) -> float:
        return self._world.kernel.now_s

    def _begin_anew(self, cause: str) -> None:
        """Begin a latched cause; under light the first of its times counts."""
        if self._lit_s is None:
            self.disturbances.since.pop(cause, None)
        self.disturbances.set(cause, True)

    def _violate(self, rule: str, detail: str) -> None:
        if all(violation.rule != rule for violation in self.violations):
            self.violations.append(Violation(rule, self._now_s, detail))
