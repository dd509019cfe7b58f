"""Accounts as rows of a list, for every screen that asks for somebody's PIN."""

from __future__ import annotations

from tosca_kiosk.kiosk.snapshot.state import KioskState
from tosca_kiosk.storage.users import Role

Rows = tuple[tuple[str, str, str], ...]


def account_rows(state: KioskState, needed: Role = Role.TECHNICIAN) -> Rows:
    """Return username, name and role of everybody whose role covers the needed one."""
    accounts = state.accounts
    users = () if accounts is None else accounts.users
    return tuple(
        (user.username, user.full_name, str(user.role).capitalize())
        for user in users
        if user.role.covers(needed)
    )
