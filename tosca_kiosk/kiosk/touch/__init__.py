"""Touches before any widget sees them."""
