"""Light that is not known to have ended: what it shows, how it looks, what its touches ask for."""
