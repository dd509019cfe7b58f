"""A cart's configuration as a test writes it: the shipped one, changed."""

import copy

import yaml

from tosca_kiosk.config import bundled

SIMULATED = yaml.safe_load(bundled("simulated.yaml").read_text("utf-8")) | {"camera": "none"}
REAL_PORTS = {key: f"/dev/serial/by-id/{key}" for key in SIMULATED["devices"]}
MISSING = object()
DELETED = {"simulation": MISSING}
CAMERA = {"driver": "opencv", "source": "/dev/video0"}
SERIAL_FORM = "the device's serial number, printable characters without blanks"


def changed(changes):
    """Return the shipped simulated configuration with values changed by dotted path, or taken away."""
    document = copy.deepcopy(SIMULATED)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = document
        for key in parents:
            place = place[key]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return document


def on_ports(**ports):
    return {f"devices.{key}.port": port for key, port in ports.items()}
