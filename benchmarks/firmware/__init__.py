"""The interlock board's firmware on its emulated chip: its rig, and what is measured of it."""
