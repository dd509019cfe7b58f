"""What counts as light in the simulated world, and how soon either way to darkness must have ended it."""

from __future__ import annotations

DARK_W = 0.001
"""True power under this is darkness."""
EMITS_W = 0.1
"""Over this more than the contacts' and ramps' ends leaves."""
LIT_W = 1.0
"""Over this the treatment is under way; less may be the beginning of a ramp."""

GATE_S, DRIVER_S = 0.020, 0.100
"""From the end of a cause's own time to the dark, by each way alone: the board's gate, the host's driver."""
