"""Arroyo LaserSource (4300 series) and TECSource (5300 series) drivers."""

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.names import error_name, laser_condition_names, tec_condition_names
from hardware.arroyo.tec import ArroyoTec

__all__ = ["ArroyoLaser", "ArroyoTec", "error_name", "laser_condition_names", "tec_condition_names"]
