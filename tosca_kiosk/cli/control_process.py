"""`tosca-kiosk control`: the control process, as the supervisor starts it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import click

from simulators.cart import SimulatedCart
from simulators.input_socket import input_socket
from tosca_kiosk.cli.cart import connected_devices, simulated_cart
from tosca_kiosk.config import CartConfig, ConfigError, load_config
from tosca_kiosk.control.clock import RealClock
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.frames import SharedFrames
from tosca_kiosk.control.process import ControlProcess
from tosca_kiosk.control.realtime import end_with_parent, real_time
from tosca_kiosk.control.traces import IdleTraces
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.runtime import WORLD_INPUT_SOCKET
from tosca_kiosk.stop_request import StopRequest


@click.command(hidden=True)
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--runtime", "runtime", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--traces", type=click.Path(path_type=Path), help="Where wire traces of idle faults go.")
@click.option("--parent", type=int, help="End, in order, when this process does.")
def control(config_path: Path, runtime: Path, traces: Path | None, parent: int | None) -> None:
    """Run the control process; prints one JSON line once the link and the loop stand."""
    stop = StopRequest()
    if parent is not None and not end_with_parent(parent, signal.SIGTERM):
        raise click.ClickException(f"process {parent}, which should watch control, is gone")
    try:
        run_control(load_config(config_path), runtime, traces, stop)
    except (ConfigError, OSError) as error:
        raise click.ClickException(str(error)) from error


class Made(NamedTuple):
    """How the controller and the process around it are made."""

    controller: Callable[..., Controller] = Controller
    process: Callable[..., ControlProcess] = ControlProcess


def run_control(
    config: CartConfig,
    runtime: Path,
    traces: Path | None,
    stop: StopRequest,
    made: Callable[[SimulatedCart | None], Made] = lambda cart: Made(),
) -> None:
    """Run control until it is asked to stop; prints one JSON line once the link and the loop stand.

    made: chooses the classes when the simulated cart, where there is one, is known.
    """
    clock = RealClock()
    with ExitStack() as stack:
        cart = stack.enter_context(simulated_cart(config, clock))
        world_input = None
        if cart is not None:
            world_input = runtime / WORLD_INPUT_SOCKET
            stack.enter_context(input_socket(cart, world_input))
        devices = stack.enter_context(connected_devices(config, clock))
        standing = stack.enter_context(real_time())
        # After the class was taken: its thread then goes one below the ticks.
        idle_traces = None if traces is None else stack.enter_context(closing(IdleTraces(traces)))
        details = {
            "scheduling": standing.scheduling,
            "memory_locked": standing.memory_locked,
            "priority": standing.priority,
            "world_input": None if world_input is None else str(world_input),
        }
        frames = None
        if config.camera is not None:
            frames = stack.enter_context(closing(SharedFrames(runtime, clock.start_s)))
        classes = made(cart)
        process = classes.process(
            classes.controller(devices, idle_rules(config), idle_traces, frames),
            clock,
            runtime_dir=runtime,
            rate_hz=config.rate_hz,
            simulated=config.any_simulated,
            details=details,
        )
        ready = {"ready": True, "socket": str(process.socket_path), "start_s": clock.start_s}
        click.echo(json.dumps(ready | details))
        process.run(lambda: stop.asked)


def idle_rules(config: CartConfig) -> Rules:
    """Return what governs control without a session; a session brings its site's tighter limits itself."""
    return Rules(
        limits=Limits(laser_on_delay_s=config.devices.laser.on_delay_ms / 1000.0),
        tec_setpoint_c=config.devices.tec.setpoint_c,
        camera_required=config.camera is not None,
    )
