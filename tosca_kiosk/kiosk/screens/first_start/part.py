"""The first start: the admin's PIN and the first technician, each PIN typed twice and kept nowhere."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.domain.pin_rules import pin_problem
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm, SetUpStep
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.kiosk.services.accounts import Accounts

_NEXT = {
    SetUpStep.ADMIN_PIN: SetUpStep.ADMIN_PIN_AGAIN,
    SetUpStep.ADMIN_PIN_AGAIN: SetUpStep.NAME,
    SetUpStep.NAME: SetUpStep.PIN,
    SetUpStep.PIN: SetUpStep.PIN_AGAIN,
}
_BACK = {
    SetUpStep.ADMIN_PIN_AGAIN: SetUpStep.ADMIN_PIN,
    SetUpStep.NAME: SetUpStep.ADMIN_PIN,
    SetUpStep.PIN: SetUpStep.NAME,
    SetUpStep.PIN_AGAIN: SetUpStep.PIN,
}
_TYPED_TWICE = {
    SetUpStep.ADMIN_PIN_AGAIN: SetUpStep.ADMIN_PIN,
    SetUpStep.PIN_AGAIN: SetUpStep.PIN,
}


class FirstStart(Part[FirstStartForm]):
    """Sets the admin's PIN and creates the first technician, both or neither."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self._pins: dict[SetUpStep, str] = {}
        self.form = FirstStartForm()

    def pin(self, pin: str) -> None:
        """Take the PIN of the present step."""
        step = self.form.step
        first = _TYPED_TWICE.get(step)
        if first is None and (problem := pin_problem(pin)):
            self.form = replace(self.form, refused=f"{problem[:1].upper()}{problem[1:]}.")
            return
        if first is not None and self._pins.get(first) != pin:
            self._pins.clear() if step is SetUpStep.ADMIN_PIN_AGAIN else self._pins.pop(first, None)
            self.form = replace(self.form, step=first, refused="The two PINs differ. Type it again.")
            return
        self._pins[first or step] = pin
        if step is SetUpStep.PIN_AGAIN:
            self._finish()
        else:
            self.form = replace(self.form, step=_NEXT[step], refused="")

    def name(self, full_name: str) -> None:
        """Take the technician's name."""
        if full_name.strip():
            self.form = replace(self.form, full_name=full_name.strip(), step=SetUpStep.PIN, refused="")
        else:
            self.form = replace(self.form, refused="A technician needs a name.")

    def back(self) -> None:
        """Go one step back."""
        if not self.form.busy:
            self.form = replace(self.form, step=_BACK.get(self.form.step, self.form.step), refused="")

    def _finish(self) -> None:
        record, form = self._desk.record, self.form
        admin_pin, pin = self._pins[SetUpStep.ADMIN_PIN], self._pins[SetUpStep.PIN]
        self.form = replace(form, busy=True, refused="")
        self._desk.ask(
            lambda: accounts.set_up(record, admin_pin, form.full_name, pin), self._done, self._refused
        )

    def _done(self, known: Accounts) -> None:
        self._pins.clear()
        self.form = FirstStartForm()
        self._desk.read_accounts()

    def _refused(self, text: str) -> None:
        self._pins.clear()
        self.form = FirstStartForm(refused=text)
