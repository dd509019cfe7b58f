"""`tosca-kiosk devices`: connect to every device of the configuration and say what it is."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from hardware.interfaces import Device, LinkState
from tosca_kiosk.cli.cart import connected_devices, simulated_cart
from tosca_kiosk.cli.workplace import Workplace, say, workplace_command
from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.control.devices import Devices

CONNECT_WITHIN_S = 10.0
POLL_S = 0.01
DECIDED = (LinkState.READY, LinkState.REFUSED, LinkState.LOST)


@click.command()
@workplace_command
def devices(workplace: Workplace) -> None:
    """Connect and identify every device of the configuration; exit code 1 when one is not ready."""
    config = workplace.config
    rows = [_row(config, found) for found in _found(config)]
    workplace.answer({"devices": rows}, _table(rows))
    missing = [row for row in rows if row["state"] != "ready"]
    for row in missing:
        say(f"tosca-kiosk: {row['problem']}")
    if missing:
        raise SystemExit(1)


def _found(config: CartConfig) -> list[dict[str, Any]]:
    clock: Clock = VirtualClock() if config.all_simulated else RealClock()
    with simulated_cart(config, clock), connected_devices(config, clock) as connected:
        _wait_until_decided(connected, clock)
        return [_description(device) for device in connected]


def _wait_until_decided(connected: Devices, clock: Clock) -> None:
    deadline_s = clock.now_s() + CONNECT_WITHIN_S
    while clock.now_s() < deadline_s and any(device.link not in DECIDED for device in connected):
        clock.sleep_until(clock.now_s() + POLL_S)
        connected.poll(clock.now_s())


def _description(device: Device) -> dict[str, Any]:
    identity = device.identity
    return {
        "device": device.key,
        "state": str(device.link),
        "origin": str(device.origin),
        "model": None if identity is None else identity.model,
        "serial_number": None if identity is None else identity.serial_number,
        "firmware": None if identity is None else identity.firmware,
        "found_at_start": list(device.found_at_start),
        "problem": device.problem or _silence(device),
    }


def _silence(device: Device) -> str | None:
    if device.link is LinkState.READY:
        return None
    return f"{device.key}: no answer within {CONNECT_WITHIN_S:g} s; check power, cable and baud rate"


def _row(config: CartConfig, found: dict[str, Any]) -> dict[str, Any]:
    return {"port": config.devices.ports[found["device"]], **found}


def _table(rows: list[dict[str, Any]]) -> str:
    table = Table("Device", "State", "Model", "Serial number", "Firmware", "Origin", "Port")
    for row in rows:
        shown = (row[key] or "-" for key in ("state", "model", "serial_number", "firmware", "origin", "port"))
        table.add_row(row["device"], *shown)
    console = Console(width=160)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()
