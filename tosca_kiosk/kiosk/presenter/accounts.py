"""The first start and signing in: PINs pass through here to the record and are kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tosca_kiosk.kiosk.presenter.desk import Desk
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.kiosk.snapshot.forms import FirstStartForm, LoginForm, SetUpStep
from tosca_kiosk.link.messages import PinTried
from tosca_kiosk.storage.users import PinCheck, User

WAITS = "Several wrong PINs in a row."
"""Said of an account whose PIN is not looked at for a while."""

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


class FirstStart:
    """Sets the admin's PIN and creates the first technician, each PIN typed twice."""

    def __init__(self, desk: Desk, accounts_known: Callable[[Accounts], None]) -> None:
        self._desk = desk
        self._accounts_known = accounts_known
        self._pins: dict[SetUpStep, str] = {}
        self.form = FirstStartForm()

    def pin(self, pin: str) -> None:
        """Take the PIN of the present step."""
        step = self.form.step
        first = _TYPED_TWICE.get(step)
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
        self._accounts_known(known)

    def _refused(self, text: str) -> None:
        self._pins.clear()
        self.form = FirstStartForm(refused=text)


class Login:
    """Signs in with an account and its PIN."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.form = LoginForm()

    def load(self) -> None:
        """Read who can sign in."""
        record = self._desk.record
        self._desk.ask(lambda: accounts.accounts(record), self.known, lambda text: None)

    def known(self, known: Accounts) -> None:
        """Take who can sign in; the only one is chosen already."""
        only = known.users[0] if len(known.users) == 1 else None
        refused, retry_at_s = still_waiting(self._desk, only)
        self.form = LoginForm(accounts=known, chosen=only, refused=refused, retry_at_s=retry_at_s)

    def choose(self, user: User | None) -> None:
        """Choose whose PIN is asked for; None goes back to the list."""
        if not self.form.busy:
            refused, retry_at_s = still_waiting(self._desk, user)
            self.form = replace(self.form, chosen=user, refused=refused, retry_at_s=retry_at_s)

    def pin(self, pin: str) -> None:
        """Try the chosen account's PIN."""
        user = self.form.chosen
        if user is None or self.form.busy:
            return
        self.form = replace(self.form, busy=True, refused="")
        record = self._desk.record
        self._desk.ask(lambda: accounts.sign_in(record, user.username, pin), self._tried, self._refused)

    def _tried(self, tried: PinCheck) -> None:
        if tried.user is None:
            refused, retry_at_s = wrong_pin(self._desk, self.form.chosen, tried)
            self.form = replace(self.form, busy=False, refused=refused, retry_at_s=retry_at_s)
            return
        self.form = LoginForm(accounts=self.form.accounts)
        self._desk.user = tried.user

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)


def pin_tried(desk: Desk, tried: PinTried) -> None:
    """Record what control says of a PIN; a right one signs in where nobody is."""

    def noted(check: PinCheck) -> None:
        if desk.user is None:
            desk.user = check.user

    if tried.looked_at:
        desk.ask(
            lambda: accounts.note_try(desk.record, tried.username, tried.right),
            noted,
            lambda text: None,  # a record that is lost is an alarm of its own
        )
    if tried.wait_s > 0.0:
        desk.wrong_pins[tried.username] = WAITS, desk.now_s + tried.wait_s


def wrong_pin(desk: Desk, user: User | None, tried: PinCheck) -> tuple[str, float]:
    """Return what to say of a PIN that was not accepted, and when the next one is looked at."""
    if tried.retry_at is None:
        return "Wrong PIN. Try again.", 0.0
    wait_s = (tried.retry_at - desk.record.utc()).total_seconds()
    # Also said of a PIN that came during the wait and was not looked at.
    said = f"{tried.wrong_tries} wrong PINs in a row.", desk.now_s + max(0.0, wait_s)
    if user is not None:
        desk.wrong_pins[user.username] = said
    return said


def still_waiting(desk: Desk, user: User | None) -> tuple[str, float]:
    """Return what was said of this account's wrong PINs while its wait lasts, wherever one went meanwhile."""
    said = desk.wrong_pins.get("" if user is None else user.username)
    return said if said is not None and desk.now_s < said[1] else ("", 0.0)
