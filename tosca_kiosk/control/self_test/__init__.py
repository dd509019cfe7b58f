"""The cart's self-test: every device watched at rest, then with the smoothing motor on; never with light."""

from tosca_kiosk.control.self_test.evidence import CartSettings, Evidence
from tosca_kiosk.control.self_test.kept import KeptSelfTest, Progress
from tosca_kiosk.control.self_test.run import SelfTest, run_self_test
from tosca_kiosk.control.self_test.table import CHECKS, Check, Outcome, Result, judged

__all__ = [
    "CHECKS",
    "CartSettings",
    "Check",
    "Evidence",
    "KeptSelfTest",
    "Outcome",
    "Progress",
    "Result",
    "SelfTest",
    "judged",
    "run_self_test",
]
