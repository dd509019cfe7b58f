"""Pure rules: protocols, calibrations, interlocks and the safety state machine. No I/O, no clock."""
