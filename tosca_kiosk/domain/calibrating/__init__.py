"""Whether a measured calibration may be one: readings, fit, uncertainty, verdict, drift. Pure, no clock."""
