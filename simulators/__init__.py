"""The simulated cart: physics, and the devices' wire protocols over it."""
