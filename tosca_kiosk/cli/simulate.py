"""`tosca-kiosk simulate`: the simulated cart for other programs, on pseudo-terminals or TCP ports."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from simulators.cart import SimulatedCart
from simulators.input_socket import input_socket
from simulators.servers import PtyCart, TcpAddress
from tosca_kiosk.cli.completion import scenario_name
from tosca_kiosk.cli.console import put
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.config.cart import COMBO_PORT, DEVICE_KEYS
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.cart import planned_scenario, simulated_cart
from tosca_kiosk.session import RefusedError

LOCAL_HOST = "127.0.0.1"
HIGHEST_PORT = 65535
PORT_KEYS = (*DEVICE_KEYS, COMBO_PORT)


def _tcp_addresses(_context: object, _option: object, texts: tuple[str, ...]) -> dict[str, TcpAddress]:
    """Read every DEVICE=[HOST:]PORT. Raises click.BadParameter, which ends with exit code 2."""
    addresses: dict[str, TcpAddress] = {}
    for text in texts:
        key, _, address = text.partition("=")
        host, _, port = address.rpartition(":")
        if key not in PORT_KEYS or not (port.isascii() and port.isdigit() and int(port) <= HIGHEST_PORT):
            raise click.BadParameter(
                f"{text!r} given; allowed: DEVICE=PORT or DEVICE=HOST:PORT, a device of "
                f"{', '.join(PORT_KEYS)} and a port from 0 (any free one) to {HIGHEST_PORT}"
            )
        if key in addresses:
            raise click.BadParameter(f"{key} is given twice; one port a device is allowed")
        addresses[key] = TcpAddress(host.strip("[]") or LOCAL_HOST, int(port))
    return addresses


@click.command()
@click.option("--seed", type=click.IntRange(0, 999_999), help="The simulated world's seed.")
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE|NAME",
    shell_complete=scenario_name,
    help="What happens to the cart, and when: a file, or the name of a shipped one.",
)
@click.option(
    "--tcp",
    multiple=True,
    metavar="DEVICE=[HOST:]PORT",
    callback=_tcp_addresses,
    help=f"Put a device on a TCP port instead of a pseudo-terminal, on {LOCAL_HOST} unless a host is given; "
    "may be repeated.",
)
@click.option(
    "--links",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for links to the ports that keep their names, like /dev/serial/by-id.",
)
@click.option(
    "--input-socket",
    "input_path",
    type=click.Path(path_type=Path),
    help="A datagram socket that takes the world's own inputs: pedal, emergency stop, faults, cables. "
    "One JSON object a datagram, paths of configs/scenarios/README.md to values: "
    '{"pedal.pressed": true}. {"ask": ["true_power_w", "true_constants"]} is answered to the asker\'s own '
    "socket, with the count of refused datagrams.",
)
@workplace_command
def simulate(
    workplace: Workplace,
    seed: int | None,
    scenario: Path | None,
    tcp: dict[str, TcpAddress],
    links: Path | None,
    input_path: Path | None,
) -> None:
    """Serve the simulated devices until interrupted; prints one JSON object with each device's port.

    \b
    Examples:
      tosca-kiosk simulate --links /tmp/cart
      tosca-kiosk simulate --tcp laser=4001 --scenario pedal_pauses --seed 7
    """
    config, clock = workplace.config, RealClock()
    with ExitStack() as stack:
        stop: list[bool] = []
        stack.enter_context(on_interrupt(lambda: stop.append(True)))
        cart = stack.enter_context(simulated_cart(config, clock, seed))
        if cart is None:
            raise RefusedError(f"{config.source}: no port is sim://; simulate needs a simulated cart")
        for key in tcp:
            if key not in cart.lines:
                raise RefusedError(
                    f"--tcp {key}: this cart has no such port; allowed: {', '.join(cart.lines)}"
                )
        planned_scenario(scenario, cart)
        if input_path is not None:
            stack.enter_context(_world_input(cart, input_path))
        try:
            served = stack.enter_context(PtyCart(cart, links_dir=links, tcp=tcp))
        except OSError as error:
            raise RefusedError(f"the ports cannot be made: {error}") from error
        gc.collect()
        gc.freeze()  # a full collection over everything imported would hold bytes back for 20 ms
        tell_drawn_world(config, cart)
        put(json.dumps(served.paths))
        served.run_until(lambda: bool(stop), clock.now_s)


@contextmanager
def _world_input(cart: SimulatedCart, path: Path) -> Iterator[None]:
    """Open the world's input socket; what lies there is only replaced when it is a socket, too."""
    if path.exists() and not path.is_socket():
        raise RefusedError(f"--input-socket {path}: something else is there; choose another name")
    with ExitStack() as stack:
        try:
            stack.enter_context(input_socket(cart, path))
        except OSError as error:
            raise RefusedError(f"--input-socket {path}: cannot be made: {error}") from error
        yield
