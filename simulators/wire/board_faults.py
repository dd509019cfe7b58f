"""The latched faults of the interlock board, as bits of its status line."""

from __future__ import annotations

PEDAL_WIRING, STOP_OPENED, VIBRATION_LOST, HOST_SILENT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
GATE_WELDED, GATE_STUCK_OPEN, ACCELEROMETER_LOST, RESTARTED = 1 << 4, 1 << 5, 1 << 6, 1 << 7
