"""The touches of a treatment: homing, arming, pausing, ending. What they ask for is led by the leader."""

from __future__ import annotations

from typing import Any

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.treatment.form import TreatmentForm
from tosca_kiosk.kiosk.snapshot.course import LEFT_FREELY, Opening
from tosca_kiosk.link.telemetry import SelfTestShown


class Treatment(Part[TreatmentForm]):
    """Opens a session by itself as soon as nothing is in the way, and works it."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self.form = TreatmentForm()

    # --- before the session -----------------------------------------------------------------------------

    def enter(self, about: Any = None) -> None:
        """Begin with the chosen patient and protocol; a session that is open goes on as it stands."""
        if self._desk.session is None:
            self.form = TreatmentForm()
            self._leader.opening.forget()

    def leave(self) -> None:
        """Go back to the protocols; only before a session is open."""
        if self._desk.course.opening in LEFT_FREELY:
            self._leader.opening.forget()
            self._desk.router.back("protocols")

    def turn(self) -> None:
        """Open the session as soon as nothing is in the way."""
        desk, course, telemetry = self._desk, self._desk.course, self._desk.telemetry
        if self.form.asking_end and course.opening is not Opening.OPEN:
            self.form = TreatmentForm()
        if desk.router.shown != "treatment" or telemetry is None or course.refused:
            return
        if course.opening is not Opening.NOT_ASKED or telemetry.phase != Phase.IDLE:
            return
        if telemetry.stage_homed and self._is_tested(telemetry.self_test):
            self._leader.opening.prepare()

    def _is_tested(self, test: SelfTestShown | None) -> bool:
        """Return whether a self-test counts; ask for one where none does, and say what was found wrong."""
        if test is None or test.problem is None:
            return test is not None
        asked_after = self._desk.course.tested_after
        if test.done is None and asked_after is None:
            self._desk.change(tested_after=test.runs)
            self._leader.order(CommandType.RUN_SELF_TEST)
        elif test.done is None and test.runs > (asked_after or 0):
            more = f" (+{len(test.failed) - 1} more)" if len(test.failed) > 1 else ""
            self._desk.change(refused=f"{test.failed[0]}{more}" if test.failed else test.problem)
        return False

    def home_stage(self) -> None:
        """Home the stage: the operator has confirmed that it may move."""
        self._desk.change(refused="")
        self._leader.order(CommandType.HOME_STAGE)

    def retry(self) -> None:
        """Try again what was refused."""
        self._desk.change(refused="", tested_after=None)

    def open(self) -> None:
        """Open the session: the operator knows of the earlier dose."""
        self._leader.opening.open()

    # --- the session ------------------------------------------------------------------------------------

    def begin_arm(self) -> None:
        """The finger is on ARM: control starts the motor and counts."""
        self._desk.change(refused="")
        self._leader.order(CommandType.BEGIN_ARM)

    def arm(self) -> None:
        """ARM was held long enough."""
        self._leader.order(CommandType.ARM)

    def cancel_arm(self) -> None:
        """ARM was let go too early."""
        self._leader.order(CommandType.CANCEL_ARM)

    def pause(self) -> None:
        """Pause: light off, back to ready."""
        self._leader.order(CommandType.PAUSE)

    def switch_aiming(self) -> None:
        """Switch the aiming beam over from what the board reads back; unknown counts as on."""
        telemetry = self._desk.telemetry
        off = telemetry is not None and telemetry.aiming is False
        self._leader.order(CommandType.AIMING_ON if off else CommandType.AIMING_OFF)

    def ask_end(self, asking: bool) -> None:
        """Show or hide the question whether an unfinished session shall end."""
        self.form = TreatmentForm(asking_end=asking)

    def end(self) -> None:
        """Close the session and go to its summary."""
        self._leader.closing.end()
