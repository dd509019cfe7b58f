"""Every screen by its name."""

from __future__ import annotations

from tosca_kiosk.kiosk.panel.panel import UiPanel
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.screens.base import KioskScreen
from tosca_kiosk.kiosk.screens.fault.screen import FaultScreen
from tosca_kiosk.kiosk.screens.first_start.screen import FirstStartScreen
from tosca_kiosk.kiosk.screens.key_off.screen import KeyOffScreen
from tosca_kiosk.kiosk.screens.login.screen import LoginScreen
from tosca_kiosk.kiosk.screens.patients.screen import PatientsScreen
from tosca_kiosk.kiosk.screens.protocols.screen import ProtocolsScreen
from tosca_kiosk.kiosk.screens.safety_log.screen import SafetyLogScreen
from tosca_kiosk.kiosk.screens.summary.screen import SummaryScreen
from tosca_kiosk.kiosk.screens.treatment.screen import TreatmentScreen
from tosca_kiosk.kiosk.snapshot.state import ScreenName

SCREENS: dict[ScreenName, type[KioskScreen]] = {
    ScreenName.FIRST_START: FirstStartScreen,
    ScreenName.LOGIN: LoginScreen,
    ScreenName.PATIENTS: PatientsScreen,
    ScreenName.PROTOCOLS: ProtocolsScreen,
    ScreenName.TREATMENT: TreatmentScreen,
    ScreenName.FAULT: FaultScreen,
    ScreenName.KEY_OFF: KeyOffScreen,
    ScreenName.SUMMARY: SummaryScreen,
    ScreenName.SAFETY_LOG: SafetyLogScreen,
}


def make_screens(presenter: Presenter, panel: UiPanel) -> dict[ScreenName, KioskScreen]:
    """Make every screen once; making them on first sight would hold up the main loop."""
    return {name: screen(presenter=presenter, panel=panel) for name, screen in SCREENS.items()}
