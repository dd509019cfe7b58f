"""The processes of `tosca-kiosk timing`: control with a clock in its tick, operator, loads, witness."""

from __future__ import annotations

import signal
from array import array
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from simulators.cart import SimulatedCart
from tosca_kiosk.config import load_config
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import end_with_parent, real_time
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, WORLD_INPUT_SOCKET
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.control_process import Made, helper_command, run_control
from tosca_kiosk.timing import loads

if TYPE_CHECKING:
    from tosca_kiosk.timing.hand import Hand

FRAME_S = 0.03
READY = "ready"
_path = click.Path(path_type=Path)


def _ended_by(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    if not end_with_parent(parent, number):
        raise click.ClickException(f"process {parent}, which measures, is gone")


@click.command("timing-control", hidden=True)
@click.option("--config", "config_path", type=_path, required=True)
@click.option("--runtime", type=_path, required=True)
@click.option("--ticks", type=int, required=True, help="How many ticks there is room for.")
@click.option("--out", type=_path, required=True)
@click.option("--helper", required=True)
@click.option("--data-dir", type=_path, required=True)
@click.option("--parent", type=int, required=True)
def timing_control(
    config_path: Path, runtime: Path, ticks: int, out: Path, helper: str, data_dir: Path, parent: int
) -> None:
    """Run the control process with a clock between the parts of its tick."""
    stop = StopRequest()
    _ended_by(parent, signal.SIGTERM)
    # Imported here: the other processes of this file do without the drivers.
    from tosca_kiosk.timing.measured import (  # noqa: PLC0415
        MeasuredController,
        MeasuredProcess,
        TickRows,
    )

    rows = TickRows(ticks)

    def made(cart: SimulatedCart | None) -> Made:
        assert cart is not None
        process = partial(MeasuredProcess, rows=rows, advance=cart.world.advance)
        return Made(MeasuredController, process)

    command = helper_command(helper, config_path, data_dir)
    run_control(load_config(config_path), runtime, None, stop, command, made)
    rows.save(out)


@click.command("timing-operator", hidden=True)
@click.option("--config", "config_path", type=_path, required=True)
@click.option("--data-dir", type=_path, required=True)
@click.option("--runtime", type=_path, required=True)
@click.option("--screen", type=click.Choice(["none", "panel", "offscreen"]), required=True)
@click.option("--parent", type=int, required=True)
def timing_operator(config_path: Path, data_dir: Path, runtime: Path, screen: str, parent: int) -> None:
    """Treat for as long as it may, on the kiosk or without a screen; says when light goes on or off."""
    _ended_by(parent)
    from tosca_kiosk.link.datagram import DatagramOutlet  # noqa: PLC0415
    from tosca_kiosk.timing.hand import Hand, make_record  # noqa: PLC0415

    make_record(load_config(config_path), data_dir)
    with closing(DatagramOutlet(runtime / WORLD_INPUT_SOCKET)) as world:
        hand = Hand(lambda pressed: world.send({"pedal.pressed": pressed}), click.echo)
        if screen == "none":
            _without_screen(hand, config_path, data_dir, runtime / CONTROL_SOCKET)
        from tosca_kiosk.kiosk import app  # noqa: PLC0415

        code = app.run(
            runtime / CONTROL_SOCKET,
            runtime / WORLD_INPUT_SOCKET,
            data_dir,
            config_path,
            windowed=True,
            lock_held=False,
            offscreen=screen == "offscreen",
            hand=hand,
        )
    raise SystemExit(code)


def _without_screen(hand: Hand, config_path: Path, data_dir: Path, socket: Path) -> NoReturn:
    from tosca_kiosk.kiosk.main_loop.heartbeat import Heartbeat  # noqa: PLC0415
    from tosca_kiosk.kiosk.presenter import Presenter  # noqa: PLC0415
    from tosca_kiosk.kiosk.services import Record, Worker  # noqa: PLC0415
    from tosca_kiosk.link.client import ControlLink  # noqa: PLC0415

    clock = RealClock()
    with ExitStack() as stack:
        worker, link = Worker(), ControlLink(socket)
        stack.callback(worker.close)
        stack.callback(link.close)
        record = Record(load_config(config_path), data_dir)
        stack.callback(record.close)
        presenter = Presenter(record, worker, link, lambda: None)
        heartbeat = Heartbeat(link.alive)
        while True:
            clock.sleep_until(clock.now_s() + FRAME_S)
            presenter.turn(clock.start_s + clock.now_s())
            hand(presenter)
            heartbeat.drawn()
            heartbeat.beat(clock.now_s())


@click.command("timing-load", hidden=True)
@click.argument("name", type=click.Choice(list(loads.LOADS)))
@click.option("--folder", type=_path, required=True)
@click.option("--parent", type=int, required=True)
def timing_load(name: str, folder: Path, parent: int) -> None:
    """Run a load until it is ended; prints `ready` when its work begins."""
    _ended_by(parent)
    loads.run(name, folder, RealClock(), lambda: click.echo(READY))


@click.command("timing-witness", hidden=True)
@click.option("--rate", "rate_hz", type=int, required=True)
@click.option("--seconds", type=float, required=True)
@click.option("--out", type=_path, required=True)
@click.option("--parent", type=int, required=True)
def timing_witness(rate_hz: int, seconds: float, out: Path, parent: int) -> None:
    """Sleep to deadlines and do nothing: where there is no cyclictest. Writes times and lateness, in ns."""
    _ended_by(parent)
    clock = RealClock()
    values = array("q", bytes(16 * round(seconds * rate_hz)))
    count = 0
    with real_time():
        loop = FixedRateLoop(clock, rate_hz)

        def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
            nonlocal count
            values[2 * count] = round((clock.start_s + now_s) * 1e9)
            values[2 * count + 1] = round((now_s - loop.deadline_s) * 1e9)
            count += 1
            return 2 * count < len(values)

        loop.run_while(tick)
    out.write_bytes(values.tobytes())
