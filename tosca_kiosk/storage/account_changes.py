"""Changes of accounts that are there: name, role, closed and open again. Nothing is ever deleted."""

from __future__ import annotations

from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.users import Role, User, get, list_all, role_of


def change(
    transaction: Transaction, tech_id: int, *, full_name: str | None = None, role: str | None = None
) -> User:
    """Change an account's full name, role or both, None for what stays; return what it is then.

    StorageError for an empty name, an unknown role, and where no admin who can sign in would be left.
    """
    values = {}
    if full_name is not None:
        if not full_name.strip():
            raise StorageError("an account needs a full name; give one")
        values["full_name"] = full_name.strip()
    if role is not None:
        wanted = role_of(role)
        if wanted is not Role.ADMIN:
            _keep_an_admin(transaction, get(transaction, tech_id))
        values["role"] = str(wanted)
    if values:
        transaction.update("tech_users", {"tech_id": tech_id}, **values)
    return get(transaction, tech_id)


def deactivate(transaction: Transaction, tech_id: int) -> None:
    """Close an account; its rows stay. StorageError where no admin who can sign in would be left."""
    _keep_an_admin(transaction, get(transaction, tech_id))
    transaction.update("tech_users", {"tech_id": tech_id}, is_active=False)


def activate(transaction: Transaction, tech_id: int) -> None:
    """Open a closed account again, with its PIN and its wait. StorageError for one that is open."""
    user = get(transaction, tech_id)
    if user.is_active:
        raise StorageError(f"{user.username} is active already; nothing was changed")
    transaction.update("tech_users", {"tech_id": tech_id}, is_active=True)


def _keep_an_admin(transaction: Transaction, user: User) -> None:
    """Refuse to lose the last active admin, and the last one with a PIN.

    Without such a one changes of accounts would be free for everybody again.
    """
    admins = [other for other in list_all(transaction) if other.is_active and other.role is Role.ADMIN]
    if [admin.tech_id for admin in admins] == [user.tech_id]:
        raise StorageError(f"{user.username} is the last active admin; make another one first")
    if [admin.tech_id for admin in admins if admin.has_pin] == [user.tech_id]:
        raise StorageError(f"{user.username} is the last admin with a PIN; give another one a PIN first")
