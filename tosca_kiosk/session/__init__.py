"""A session's side of the record, for screen and commands alike: its plan, row and folder."""

from tosca_kiosk.session.backing_up import BackedUp, BackupOvertakenError, SessionBackup, back_up
from tosca_kiosk.session.doubtful import DOUBTFUL_SETTING
from tosca_kiosk.session.earlier_dose import EarlierDose, EarlierSession, earlier_dose
from tosca_kiosk.session.errors import REFUSALS, RefusedError
from tosca_kiosk.session.folder_keeper import FolderKeeper
from tosca_kiosk.session.followed_plan import Deviation, FollowedPlan, followed_plan
from tosca_kiosk.session.helper_command import helper_command
from tosca_kiosk.session.opening import OpenedRecord, opening
from tosca_kiosk.session.overdue import OVERDUE, overdue_calibrations
from tosca_kiosk.session.plan import SessionPlan, active_calibrations, file_limits, plan_session, rules_for
from tosca_kiosk.session.recorded_rules import compared_with_record, recorded_rules
from tosca_kiosk.session.sealing import Sealing
from tosca_kiosk.session.shipped import ADMIN, load_shipped_content

__all__ = [
    "ADMIN",
    "DOUBTFUL_SETTING",
    "OVERDUE",
    "REFUSALS",
    "BackedUp",
    "BackupOvertakenError",
    "Deviation",
    "EarlierDose",
    "EarlierSession",
    "FolderKeeper",
    "FollowedPlan",
    "OpenedRecord",
    "RefusedError",
    "Sealing",
    "SessionBackup",
    "SessionPlan",
    "active_calibrations",
    "back_up",
    "compared_with_record",
    "earlier_dose",
    "file_limits",
    "followed_plan",
    "helper_command",
    "load_shipped_content",
    "opening",
    "overdue_calibrations",
    "plan_session",
    "recorded_rules",
    "rules_for",
]
