"""A session's side of the record, for screen and commands alike: its plan, row and folder."""

from tosca_kiosk.session.earlier_dose import EarlierDose, EarlierSession, earlier_dose
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.opening import OpenedRecord, back_up, opening
from tosca_kiosk.session.plan import (
    SessionPlan,
    active_calibrations,
    file_limits,
    idle_rules,
    plan_session,
    rules_for,
)
from tosca_kiosk.session.shipped import ADMIN, load_shipped_content

__all__ = [
    "ADMIN",
    "EarlierDose",
    "EarlierSession",
    "OpenedRecord",
    "RefusedError",
    "SessionPlan",
    "active_calibrations",
    "back_up",
    "earlier_dose",
    "file_limits",
    "idle_rules",
    "load_shipped_content",
    "opening",
    "plan_session",
    "rules_for",
]
