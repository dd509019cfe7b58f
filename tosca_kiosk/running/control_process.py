"""The control process: the cart's devices, the helper that reads the record, and the loop between them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import click

from simulators.cart import SimulatedCart
from simulators.input_socket import input_socket
from tosca_kiosk.config import CartConfig, idle_rules
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.frames import SharedFrames
from tosca_kiosk.control.helpers import Helpers
from tosca_kiosk.control.process import ControlProcess
from tosca_kiosk.control.received import Ceilings
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.journal.fault_traces import IdleTraces
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import Standing, real_time, shortcoming
from tosca_kiosk.machine.runtime import WORLD_INPUT_SOCKET
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.cart import connected_devices, simulated_cart


def helper_command(helper: str | None, config_path: Path, data_dir: Path | None) -> list[str] | None:
    """Return the helper's whole command line; configuration and record are those that control was given."""
    if not helper or data_dir is None:
        return None
    return [*shlex.split(helper), "--config", str(config_path), "--data-dir", str(data_dir)]


class Made(NamedTuple):
    """How the controller and the process around it are made."""

    controller: Callable[..., Controller] = Controller
    process: Callable[..., ControlProcess] = ControlProcess


def run_control(
    config: CartConfig,
    runtime: Path,
    traces: Path | None,
    stop: StopRequest,
    helper: Sequence[str] | None,
    made: Callable[[SimulatedCart | None], Made] = lambda cart: Made(),
) -> None:
    """Run control until it is asked to stop; prints one JSON line once the link and the loop stand.

    helper: the command line of the process that answers about the record, None where none was given.
    made: chooses the classes when the simulated cart, where there is one, is known.
    """
    clock = RealClock()
    with ExitStack() as stack:
        # Before the class is taken: it is started beside the ticks, and reads the record outside them.
        helpers = stack.enter_context(closing(Helpers(helper)))
        helpers.start()
        cart = stack.enter_context(simulated_cart(config, clock))
        world_input = None
        if cart is not None:
            world_input = runtime / WORLD_INPUT_SOCKET
            stack.enter_context(input_socket(cart, world_input))
        devices = stack.enter_context(connected_devices(config, clock))
        standing = stack.enter_context(real_time())
        # After the class was taken: its thread then goes one below the ticks.
        idle_traces = None if traces is None else stack.enter_context(closing(IdleTraces(traces)))
        delay = delay_of(config, standing)
        details = {
            "scheduling": standing.scheduling,
            "memory_locked": standing.memory_locked,
            "priority": standing.priority,
            "delayed": delay.shown,
            "world_input": None if world_input is None else str(world_input),
        }
        frames = None
        if config.camera is not None:
            frames = stack.enter_context(closing(SharedFrames(runtime, clock.start_s)))
        classes, rules = made(cart), idle_rules(config)
        process = classes.process(
            classes.controller(
                devices,
                rules,
                KeptSelfTest(devices, config.devices, rules, clock),
                idle_traces,
                frames,
                real_time_problem=delay.problem,
            ),
            clock,
            runtime_dir=runtime,
            rate_hz=config.rate_hz,
            simulated=config.any_simulated,
            details=details,
            helpers=helpers,
            ceilings=_ceilings(config),
        )
        ready = {"ready": True, "socket": str(process.socket_path), "start_s": clock.start_s}
        click.echo(json.dumps(ready | details))
        process.run(lambda: stop.asked)


class Delay(NamedTuple):
    """What may delay control. shown: on the screen; problem: why there is no light, None where there is."""

    shown: str | None
    problem: str | None


def delay_of(config: CartConfig, standing: Standing) -> Delay:
    """Return what may delay a control on which a real laser depends; a site may take light all the same."""
    shown = shortcoming(standing) if config.demands_real_time else None
    return Delay(shown=shown, problem=None if config.allow_without_real_time else shown)


def _ceilings(config: CartConfig) -> Ceilings:
    laser, stage = config.devices.laser, config.devices.stage
    return Ceilings(
        laser_current_limit_ma=laser.current_limit_ma,
        travel_min_um=stage.travel_min_um,
        travel_max_um=stage.travel_max_um,
        light=config.calibration_light,
    )
