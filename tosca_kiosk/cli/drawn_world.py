"""What a drawn world truly is, told to whoever started it: nobody else can know, and no device tells."""

from __future__ import annotations

from simulators.cart import SimulatedCart
from simulators.true_constants import CONSTANTS
from tosca_kiosk.cli.console import say
from tosca_kiosk.config import CartConfig
from tosca_kiosk.running.cart import PROFILES


def tell_drawn_world(config: CartConfig, cart: SimulatedCart) -> None:
    """Say each true constant beside the shipped one; nothing of a world as shipped."""
    simulation = config.simulation
    if simulation is None or simulation.true_constants != "drawn":
        return
    say(f"The world's true constants are drawn by seed {cart.world.seed}:")
    for name, value in cart.world.true_constants().items():
        constant = CONSTANTS[name]
        shipped = constant.shipped(PROFILES[simulation.laser_profile])
        say(f"  {name:<26}{value:>10.5g} {constant.unit:<6} (shipped {shipped:g}): {constant.meaning}")
