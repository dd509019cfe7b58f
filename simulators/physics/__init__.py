"""Physics of the simulated cart, with named constants and their sources."""
