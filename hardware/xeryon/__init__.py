"""Driver of a linear stage on a Xeryon controller."""
