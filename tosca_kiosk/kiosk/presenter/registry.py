"""Every screen, a row each: its folder, and where one may go. A new screen is its folder and its row here."""

from __future__ import annotations

from tosca_kiosk.kiosk.desk.router import ANYWHERE, AS_IT_WAS, EVERYBODY, NOBODY_YET, Occasion, Row


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


def _by(*occasions: Occasion) -> frozenset[Occasion]:
    return frozenset(occasions)


# fmt: off
ROWS: tuple[Row, ...] = (
    Row("first_start", who=NOBODY_YET, brought_by=_by(Occasion.NO_ADMIN), then="login"),
    Row("login", who=NOBODY_YET, brought_by=_by(Occasion.RECORD_UNREAD, Occasion.SIGNED_OUT), quiet=True),
    Row("patients", go_from=_of("protocols", "summary"), brought_by=_by(Occasion.SIGNED_IN)),
    Row("protocols", go_from=_of("patients")),
    Row("treatment", go_from=_of("protocols"), back_to=_of("protocols"),
        brought_by=_by(Occasion.SESSION_OPEN), under_light=True, wants_picture=True),
    Row("fault", who=EVERYBODY, brought_by=_by(Occasion.FAULT), then=AS_IT_WAS),
    Row("key_off", who=EVERYBODY, brought_by=_by(Occasion.UNCONFIRMED), then="treatment"),
    Row("summary", go_from=ANYWHERE, back_to=_of("treatment"), quiet=True),
    Row("safety_log", go_from=_of("patients", "summary"), back_to=_of("patients", "summary")),
)
# fmt: on
"""In the order of the way through a treatment."""
