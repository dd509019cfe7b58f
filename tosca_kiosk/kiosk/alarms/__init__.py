"""Alarms: which conditions there are, the book of them, and how they sound."""
