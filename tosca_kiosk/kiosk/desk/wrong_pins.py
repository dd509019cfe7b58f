"""Wrong PINs and the wait after them, which holds for an account wherever its PIN is asked for."""

from __future__ import annotations

from tosca_kiosk.domain.pin_tries import wrong_pin_text
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.link.messages import PinTried
from tosca_kiosk.storage import users
from tosca_kiosk.storage.users import PinCheck, User

_LOOK_EVERY_S = 2.0
_WAITS = "Several wrong PINs in a row."
"""Said of an account whose PIN is not looked at for a while."""
_SIGNS_IN_WITHIN_S = 4.0
"""A PIN that could not be noted for longer signs nobody in: whoever typed it may have gone."""


def pin_tried(desk: Desk, tried: PinTried) -> None:
    """Record what control says of a PIN; a right one signs in where nobody is."""
    asked_s = desk.now_s

    def noted(check: PinCheck) -> None:
        in_time = desk.now_s - asked_s < _SIGNS_IN_WITHIN_S
        if desk.user is None and check.user is not None and in_time:
            desk.sign_in(check.user)

    missing = "A PIN that was tried is not in the record"
    if not tried.looked_at:
        desk.errands.run(
            None, missing, lambda: accounts.note_wait(desk.record, tried.username), lambda nothing: None
        )
    else:
        if tried.right:
            desk.signed[tried.id] = tried.username
        desk.errands.run(
            None, missing, lambda: accounts.note_try(desk.record, tried.username, tried.right), noted
        )
    if tried.wait_s > 0.0:
        desk.wrong_pins[tried.username] = _WAITS, desk.now_s + tried.wait_s


def wrong_pin(desk: Desk, user: User | None, tried: PinCheck) -> tuple[str, float]:
    """Return what to say of a PIN that was not accepted, and when the next one is looked at."""
    text = wrong_pin_text(max(1, tried.wrong_tries))  # of an account that is gone none are counted
    if tried.wait_s <= 0.0:
        return text, 0.0
    # Also said of a PIN that came during the wait and was not looked at.
    said = text, desk.now_s + tried.wait_s
    if user is not None:
        desk.wrong_pins[user.username] = said
    return said


def follow_record(desk: Desk) -> None:
    """Call every turn: look now and then whether a wait that is counted here was ended elsewhere."""
    counted = any(desk.now_s < until_s for _, until_s in desk.wrong_pins.values())
    if not counted or not desk.record_open or desk.now_s < desk.wrong_pins_looked_s + _LOOK_EVERY_S:
        return
    desk.wrong_pins_looked_s = desk.now_s

    def known(free: set[str]) -> None:
        for username in free & set(desk.wrong_pins):
            del desk.wrong_pins[username]

    record = desk.record
    desk.ask(lambda: users.without_wrong_pins(record.database), known, lambda text: None)


def still_waiting(desk: Desk, user: User | None) -> tuple[str, float]:
    """Return what was said of this account's wrong PINs while its wait lasts, wherever one went meanwhile."""
    said = desk.wrong_pins.get("" if user is None else user.username)
    return said if said is not None and desk.now_s < said[1] else ("", 0.0)
