"""Summary: what it shows, how it looks, what its touches ask for."""
