"""Arroyo LaserSource (4300 series) and TECSource (5300 series) drivers."""
