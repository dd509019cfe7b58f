"""Accounts as rows of a list, for every screen that asks for somebody's PIN."""

from __future__ import annotations

from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.storage.users import Role, User

Rows = tuple[tuple[str, str, str], ...]


def account_rows(state: KioskState, needed: Role = Role.TECHNICIAN) -> Rows:
    """Return username, name and role of everybody whose role covers the needed one.

    Whose role is not known is shown where everybody is.
    """
    accounts = state.accounts
    users = () if accounts is None else accounts.users
    return tuple(
        (user.username, user.full_name, wording.marked(_role(user), user.odd))
        for user in users
        if user.covers(needed) or (user.role is None and needed is Role.TECHNICIAN)
    )


def _role(user: User) -> str:
    return wording.UNKNOWN if user.role is None else str(user.role).capitalize()
