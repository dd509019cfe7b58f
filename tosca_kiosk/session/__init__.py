"""A session's side of the record, for screen and commands alike: its plan, row and folder."""

from tosca_kiosk.session.backing_up import BackedUp, BackupOvertakenError, SessionBackup, back_up
from tosca_kiosk.session.clock_witness import skipped_unseen
from tosca_kiosk.session.doubtful import DOUBTFUL_SETTING
from tosca_kiosk.session.earlier_dose import EarlierDose, EarlierSession, earlier_dose
from tosca_kiosk.session.errors import REFUSALS, RefusedError
from tosca_kiosk.session.folder_keeper import FolderKeeper
from tosca_kiosk.session.helper_command import helper_command
from tosca_kiosk.session.opening import OpenedRecord, opening
from tosca_kiosk.session.overdue import OVERDUE, OVERDUE_TO_DO, overdue_calibrations
from tosca_kiosk.session.pause_keeper import PauseKeeper
from tosca_kiosk.session.plan import SessionPlan, active_calibrations, plan_session, rules_for
from tosca_kiosk.session.recorded_rules import compared_with_record, recorded_rules
from tosca_kiosk.session.rest import OpenRest, Treatment, open_rests, rest_or_why, treatment_of
from tosca_kiosk.session.saved_protocols import ANY_LIMITS, file_limits
from tosca_kiosk.session.sealing import Sealing
from tosca_kiosk.session.session_result import SessionResult, plan_of, session_result
from tosca_kiosk.session.shipped import ADMIN, load_shipped_content

__all__ = [
    "ADMIN",
    "ANY_LIMITS",
    "DOUBTFUL_SETTING",
    "OVERDUE",
    "OVERDUE_TO_DO",
    "REFUSALS",
    "BackedUp",
    "BackupOvertakenError",
    "EarlierDose",
    "EarlierSession",
    "FolderKeeper",
    "OpenRest",
    "OpenedRecord",
    "PauseKeeper",
    "RefusedError",
    "Sealing",
    "SessionBackup",
    "SessionPlan",
    "SessionResult",
    "Treatment",
    "active_calibrations",
    "back_up",
    "compared_with_record",
    "earlier_dose",
    "file_limits",
    "helper_command",
    "load_shipped_content",
    "open_rests",
    "opening",
    "overdue_calibrations",
    "plan_of",
    "plan_session",
    "recorded_rules",
    "rest_or_why",
    "rules_for",
    "session_result",
    "skipped_unseen",
    "treatment_of",
]
