"""What each driver reads: the names of its properties that a reading fills and a lost device empties."""

from __future__ import annotations

READINGS = {
    "laser": (
        "output_on",
        "set_current_ma",
        "measured_current_ma",
        "condition_bits",
        "event_bits",
        "errors",
    ),
    "tec": ("temperature_c", "setpoint_c", "output_on", "condition_bits", "errors"),
    "stage": ("status",),
    "board": ("status",),
}
"""By device key."""
