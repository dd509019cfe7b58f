"""Bad lines for every driver and every simulated device."""
