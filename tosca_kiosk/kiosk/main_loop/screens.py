"""Makes every screen of the registry."""

from __future__ import annotations

from tosca_kiosk.kiosk.panel.panel import UiPanel
from tosca_kiosk.kiosk.panel.screen import KioskScreen
from tosca_kiosk.kiosk.presenter import Presenter


def make_screens(presenter: Presenter, panel: UiPanel) -> dict[str, KioskScreen]:
    """Make every screen once; making them on first sight would hold up the main loop."""
    desk, parts = presenter.desk, presenter.parts
    return {
        row.name: row.load("screen", "Screen")(desk=desk, part=parts[row.name], panel=panel)
        for row in presenter.rows
    }
