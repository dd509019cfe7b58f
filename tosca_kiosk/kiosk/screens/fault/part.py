"""The reset of a fault, and the end of the session that it has interrupted."""

from __future__ import annotations

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.desk.by_pin import ByPin
from tosca_kiosk.kiosk.desk.desk import Answered
from tosca_kiosk.kiosk.screens.fault.form import FaultForm


class Fault(ByPin[FaultForm]):
    """Resets a fault: by who is signed in where a technician may, else by the PIN of one who may."""

    command = CommandType.ACKNOWLEDGE
    new_form = FaultForm

    def reset(self) -> None:
        """Reset as a technician who is signed in."""
        if self._desk.user is not None and not self.form.busy:
            self._desk.order(self.command, self._asked())

    def end(self) -> None:
        """End the session that the fault has interrupted."""
        self._leader.closing.end()

    def _asked(self) -> Answered:
        telemetry, answered = self._desk.telemetry, super()._asked()
        sources = () if telemetry is None else telemetry.faults

        def acknowledge(refused: str | None) -> None:
            if refused is None:
                self._desk.alarms.acknowledge(sources)
            answered(refused)

        return acknowledge
