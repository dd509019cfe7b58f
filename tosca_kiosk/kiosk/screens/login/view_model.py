"""Signing in: an account, then its PIN; a delay after wrong ones is counted down in sight."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.snapshot.accounts import Rows, account_rows
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.storage.users import Role


@dataclass(frozen=True, slots=True)
class LoginView:
    """rows: username, name, role. chosen: the username whose PIN is asked for, "" for none.

    problem: why nobody can sign in now; wait_s: whole seconds until a PIN is looked at again.
    message: what the pad is for, or why the last PIN was not accepted. unlock: what the key says that has
    another admin end a wait, "" where there is none.
    """

    rows: Rows
    chosen: str
    message: str
    wait_s: int
    busy: bool
    problem: str
    session_open: str
    unlock: str


def view(state: KioskState) -> LoginView:
    """Return what the screen shows."""
    form = state.form(LoginForm)
    locked = form.unlocking
    rows = account_rows(state) if locked is None else _others(state, locked.username)
    wait_s = max(0, math.ceil(form.retry_at_s - state.now_s))
    return LoginView(
        rows=rows,
        chosen="" if form.chosen is None else form.chosen.username,
        message=_message(form, bool(rows)),
        wait_s=wait_s,
        busy=form.busy,
        problem=_problem(state),
        session_open="" if state.session is None else "A session is open. Sign in to go on with it.",
        unlock=_unlock(state, form, wait_s),
    )


def _message(form: LoginForm, anybody: bool) -> str:
    """Return what the pad's digits are for."""
    if form.unlocking is not None and form.chosen is None:
        return f"Which admin unlocks {form.unlocking.full_name}?"
    if form.chosen is None:
        return "Touch your name, then type your PIN." if anybody else ""
    return "Checking the PIN ..." if form.busy else form.refused or f"PIN of {form.chosen.full_name}"


def _others(state: KioskState, username: str) -> Rows:
    """Return the admins other than this one."""
    return tuple(row for row in account_rows(state, Role.ADMIN) if row[0] != username)


def _unlock(state: KioskState, form: LoginForm, wait_s: int) -> str:
    if form.busy:
        return ""
    if form.unlocking is not None:
        return "Back"
    waits = form.chosen is not None and wait_s > 0 and _others(state, form.chosen.username)
    return "Unlock" if waits else ""


def _problem(state: KioskState) -> str:
    if state.record_problem is not None:
        return wording.RECORD_LOST
    if state.accounts is not None:
        return ""
    return state.failed_jobs[0] if state.failed_jobs else "Opening the record ..."
