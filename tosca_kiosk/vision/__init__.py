"""The camera process: capture, and the newest frame in memory that control and the screen look into."""
