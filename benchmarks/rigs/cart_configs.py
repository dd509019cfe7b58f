"""Configurations of carts for measurements and tests: warm, and of a real cart on given ports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tosca_kiosk.config import CartConfig, bundled, load_config

SEED_AT_INDEX = 10
"""In this world the stage wakes up so near its index that homing takes 0.2 s; it can take 30."""


def warm_config() -> CartConfig:
    """Return the shipped simulated configuration, its laser settled."""
    config = load_config(bundled("simulated.yaml"))
    assert config.simulation is not None
    return replace(config, simulation=replace(config.simulation, warm=True))


def warm_config_file(folder: Path, camera: str = "none") -> Path:
    """Write the shipped simulated configuration with a TEC that has settled; return its path.

    Without a camera, unless one is named: it has a process of its own, which few need.
    """
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    for shipped, wanted in (
        ("warm: false", "warm: true"),
        ("  seed: 1 ", f"  seed: {SEED_AT_INDEX} "),
        ("camera: simulated", f"camera: {camera}"),
    ):
        assert shipped in text
        text = text.replace(shipped, wanted)
    path = folder / "warm.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def real_config_file(ports: dict[str, str], folder: Path) -> Path:
    """Write the configuration of a real cart, as far as its drivers can tell, on the given ports."""
    document: dict[str, Any] = yaml.safe_load(bundled("simulated.yaml").read_text(encoding="utf-8"))
    for key, port in ports.items():
        document["devices"][key]["port"] = port
    del document["simulation"]
    document |= {"cart": "real", "camera": {"driver": "opencv", "source": "/dev/video0"}}
    path = folder / "on_ports.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path
