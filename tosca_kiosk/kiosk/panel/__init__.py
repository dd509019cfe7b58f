"""What surrounds every screen: the panel with STOP, the list of alarms, keys that do nothing."""
