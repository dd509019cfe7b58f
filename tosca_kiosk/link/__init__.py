"""What passes between control and the other processes: telemetry one way, commands and replies the other."""
