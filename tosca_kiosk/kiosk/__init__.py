"""The touchscreen over control's telemetry and the record: rooms by subject, and a folder for each screen."""
