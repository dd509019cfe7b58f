"""The control loop: fixed-rate ticks over the drivers, journal and clocks."""
