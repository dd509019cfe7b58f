"""The touchscreen: Kivy, tokens, widgets and screens over control's telemetry and the record."""
