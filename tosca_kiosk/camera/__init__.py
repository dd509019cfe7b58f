"""The camera process, and the newest frame in shared memory that control and the screen look into."""
