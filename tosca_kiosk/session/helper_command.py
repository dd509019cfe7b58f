"""How control's helper is started; control itself may not know the record's side."""

from __future__ import annotations

import sys


def helper_command() -> list[str]:
    """Return the command line of the helper, to which control adds its own configuration and record."""
    return [sys.executable, "-m", "tosca_kiosk.session.helper"]
