"""Driver of a linear stage on a Xeryon controller."""

from hardware.xeryon.driver import XeryonStage

__all__ = ["XeryonStage"]
