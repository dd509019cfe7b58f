"""Between the screens and what they show: the registry of the screens, and the turns that they share."""

from tosca_kiosk.kiosk.presenter.presenter import Presenter

__all__ = ["Presenter"]
