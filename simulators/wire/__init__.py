"""The devices as their wires show them, read from each device's WIRE.md alone."""
