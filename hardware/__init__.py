"""Drivers of the cart's devices: protocol state machines over pyserial ports."""
