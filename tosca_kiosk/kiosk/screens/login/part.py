"""Signing in with an account and its PIN, which passes through here to the record and is kept nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.desk.wrong_pins import still_waiting, wrong_pin
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.storage.users import PinCheck, User


class Login(Part[LoginForm]):
    """The only account that can sign in is chosen already."""

    def __init__(self, desk: Desk, leader: Leader) -> None:
        super().__init__(desk, leader)
        self._known: Accounts | None = None
        self.form = LoginForm()

    def enter(self, about: Any = None) -> None:
        """Ask anew who works."""
        self._known = known = self._desk.accounts
        only = known.users[0] if known is not None and len(known.users) == 1 else None
        refused, retry_at_s = still_waiting(self._desk, only)
        self.form = LoginForm(chosen=only, refused=refused, retry_at_s=retry_at_s)

    def turn(self) -> None:
        """Begin anew when the accounts were read again; wait no longer than the account does."""
        if self._desk.accounts is not self._known:
            self.enter()
        waits = self.form.retry_at_s > self._desk.now_s
        if waits and not still_waiting(self._desk, self.form.chosen)[1]:
            self.form = replace(self.form, refused="", retry_at_s=0.0)

    def choose(self, user: User | None) -> None:
        """Choose whose PIN is asked for; None goes back to the list."""
        if not self.form.busy:
            refused, retry_at_s = still_waiting(self._desk, user)
            self.form = replace(self.form, chosen=user, refused=refused, retry_at_s=retry_at_s)

    def unlock(self) -> None:
        """Have another admin end the wait of the chosen account, or go back to it."""
        form = self.form
        if form.busy:
            return
        if form.unlocking is not None:
            self.form = LoginForm()
            self.choose(form.unlocking)
        elif form.chosen is not None and form.retry_at_s > self._desk.now_s:
            self.form = LoginForm(unlocking=form.chosen)

    def pin(self, pin: str) -> None:
        """Try the chosen account's PIN."""
        user = self.form.chosen
        if user is None or self.form.busy:
            return
        self.form = replace(self.form, busy=True, refused="")
        record, locked = self._desk.record, self.form.unlocking
        if locked is None:
            self._desk.ask(lambda: accounts.sign_in(record, user.username, pin), self._tried, self._refused)
        else:
            self._desk.ask(
                lambda: accounts.unlock(record, locked, user.username, pin),
                lambda tried: self._unlocked(locked, tried),
                self._refused,
            )

    def _tried(self, tried: PinCheck) -> None:
        if tried.user is None:
            refused, retry_at_s = wrong_pin(self._desk, self.form.chosen, tried)
            self.form = replace(self.form, busy=False, refused=refused, retry_at_s=retry_at_s)
            return
        self.form = LoginForm()
        self._desk.sign_in(tried.user, weak_pin=tried.weak)

    def _unlocked(self, locked: User, tried: PinCheck) -> None:
        if tried.user is None:
            self._tried(tried)
            return
        self._desk.wrong_pins.pop(locked.username, None)
        self.form = LoginForm(chosen=locked)

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)
