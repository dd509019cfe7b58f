"""Between the screens and what they show: one part a screen, each with its form and its actions."""

from tosca_kiosk.kiosk.presenter.presenter import Presenter

__all__ = ["Presenter"]
