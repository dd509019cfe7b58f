"""A cart's configuration, checked whole before any port is opened, and the files shipped with it."""

from tosca_kiosk.config.bundled import bundled
from tosca_kiosk.config.cart import CartConfig, ConfigError, Devices, Simulation
from tosca_kiosk.config.idle import idle_rules
from tosca_kiosk.config.load import load_config
from tosca_kiosk.config.timing import TimingLimits

__all__ = [
    "CartConfig",
    "ConfigError",
    "Devices",
    "Simulation",
    "TimingLimits",
    "bundled",
    "idle_rules",
    "load_config",
]
