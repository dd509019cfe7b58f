"""Standard error when nobody reads it any more."""

from __future__ import annotations

import os
import sys


def hear_no_more() -> None:
    """Let what goes to standard error from now on go nowhere: its reader has left."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, sys.stderr.fileno())
    os.close(nobody)
