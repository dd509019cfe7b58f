"""Driver of the interlock board, the microcontroller that holds the gate."""

from hardware.interlock_board.driver import InterlockBoardDriver

__all__ = ["InterlockBoardDriver"]
