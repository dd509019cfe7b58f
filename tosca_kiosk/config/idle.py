"""What governs a cart while no session is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tosca_kiosk.config.cart import CartConfig
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.site_limits import site_limits


def idle_rules(config: CartConfig, site: Mapping[str, Any] | None = None) -> Rules:
    """Return the rules in force without a session: the site's limits and the configuration's set points.

    site: the settings of the record. Control, which loads no database, begins without and asks a helper for
    them. Raises SiteLimitError.
    """
    limits = site_limits(site or {})
    on_delay_s = max(limits.laser_on_delay_s, config.devices.laser.on_delay_ms / 1000.0)
    return Rules(
        limits=msgspec.structs.replace(limits, laser_on_delay_s=on_delay_s),
        tec_setpoint_c=config.devices.tec.setpoint_c,
        camera_required=config.camera is not None,
    )
