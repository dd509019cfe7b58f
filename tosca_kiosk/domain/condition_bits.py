"""The condition registers of laser driver and temperature controller: which bits forbid light, and when."""

from __future__ import annotations

BIT_CURRENT_LIMIT = 1 << 0
BIT_VOLTAGE_LIMIT = 1 << 1
BIT_MONITOR_CURRENT_LIMIT = 1 << 2
BIT_MONITOR_POWER_LIMIT = 1 << 3
BIT_INTERLOCK_OPEN = 1 << 4
BIT_OPEN_CIRCUIT = 1 << 7
BIT_SHORT = 1 << 8
BIT_OUT_OF_TOLERANCE = 1 << 9
BIT_R_LIMIT = 1 << 13
BIT_T_LIMIT = 1 << 14
BIT_THERMAL_TRIP = 1 << 15

# Laser condition bits that no phase allows, and those that light allows even less. The interlock bit has a
# row of its own; current limit and out of tolerance are warnings, for both come and go while power slews.
LASER_FORBIDDEN_ALWAYS = BIT_VOLTAGE_LIMIT | BIT_OPEN_CIRCUIT | BIT_SHORT | BIT_T_LIMIT | BIT_THERMAL_TRIP
LASER_FORBIDDEN_IN_LIGHT = (
    LASER_FORBIDDEN_ALWAYS | BIT_MONITOR_CURRENT_LIMIT | BIT_MONITOR_POWER_LIMIT | BIT_R_LIMIT
)
LASER_WARNING = BIT_CURRENT_LIMIT | BIT_OUT_OF_TOLERANCE

# TEC condition bits 2-7 and 12: sensor limit, T high, T low, sensor short, sensor open, module open, runaway.
TEC_FORBIDDEN = 0b1_0000_1111_1100
