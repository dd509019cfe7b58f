"""The commands of TOSCA Kiosk; the only part that knows every other."""

from tosca_kiosk.cli.main import main

__all__ = ["main"]
