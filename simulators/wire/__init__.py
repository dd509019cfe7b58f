"""The devices as their wires show them, read from the protocol pages alone."""
