"""A session's side of the record, for screen and commands alike: its plan, row and folder."""

from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.opening import OpenedRecord, back_up, opening
from tosca_kiosk.session.overdue import OVERDUE, overdue_calibrations
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
    "OVERDUE",
    "OpenedRecord",
    "RefusedError",
    "SessionPlan",
    "active_calibrations",
    "back_up",
    "file_limits",
    "idle_rules",
    "load_shipped_content",
    "opening",
    "overdue_calibrations",
    "plan_session",
    "rules_for",
]
