"""What the first start of a simulated cart loads: shipped protocols and the simulators' calibrations."""

from __future__ import annotations

import json
from datetime import datetime

from tosca_kiosk.config import CartConfig, bundled
from tosca_kiosk.config.cart import SIMULATED_COMBOS, SIMULATED_LASERS
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol, to_json
from tosca_kiosk.storage import Database, calibrations, database_is_fresh, protocols, users

ADMIN = "admin"


def load_shipped_content(database: Database, config: CartConfig, now: datetime) -> None:
    """Load protocols and calibrations into a record that has none yet; a record in use is left alone.

    The calibrations are bound to the simulators' impossible serial numbers; a ComboSource drives the same
    laser as the driver beside it, under a number of its own.
    """
    if not database_is_fresh(database):
        return
    profile = "10w" if config.simulation is None else config.simulation.laser_profile
    own = {SIMULATED_LASERS[profile]: SIMULATED_COMBOS[profile]} if config.combo_simulated else {}
    rows = json.loads(bundled(f"calibrations/simulated_{profile}.json").read_text(encoding="utf-8"))
    admin = users.find(database, ADMIN)
    admin_id = 1 if admin is None else admin.tech_id
    with database.transaction() as transaction:
        for path in sorted(bundled("protocols").glob("*.json")):
            protocol = parse_protocol(path.read_bytes(), str(path), path.stem, Limits(max_power_w=10.0))
            protocols.add(
                transaction,
                protocol.name,
                str(protocol.protocol_type),
                to_json(protocol),
                now,
                description=protocol.description or None,
                created_by=admin_id,
            )
        for row in rows:
            calibrations.add(
                transaction,
                calibrated_utc=now,
                tech_id=admin_id,
                device_type=row["device_type"],
                device_serial=own.get(row["device_serial_number"], row["device_serial_number"]),
                calibration_type=row["calibration_type"],
                calibration_data=json.dumps(row["calibration_data"]),
                validation_data=json.dumps(row["validation_data"]),
                notes=row["notes"],
            )
