"""The simulated cart's four wire devices over one world, and their installation as `sim://` ports."""

from __future__ import annotations

from simulators.serial_port.protocol_sim import Clock, plug_in, unplug
from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from simulators.wire.arroyo_tec import ArroyoTec, TecOptions
from simulators.wire.board import BoardOptions, InterlockBoard
from simulators.wire.line import VirtualLine
from simulators.wire.line_faults import LineFaults
from simulators.wire.xeryon import StageOptions, XeryonStage
from simulators.world import World

PORTS = ("laser", "tec", "stage", "board")


class SimulatedCart:
    """Laser driver, TEC controller, stage and interlock board, wired to one world.

    Options say what a device is and how it powers up; the usual ones are a healthy cart.
    """

    def __init__(
        self,
        world: World,
        *,
        laser: LaserOptions | None = None,
        tec: TecOptions | None = None,
        stage: StageOptions | None = None,
        board: BoardOptions | None = None,
    ) -> None:
        self.world = world
        self.laser = ArroyoLaser(world, laser)
        self.tec = ArroyoTec(world, tec)
        self.stage = XeryonStage(world, stage)
        self.board = InterlockBoard(world, board)
        self.line_faults = {
            name: LineFaults(world.kernel, line, world.random_seed(f"faults.{name}"))
            for name, line in self.lines.items()
        }

    @property
    def lines(self) -> dict[str, VirtualLine]:
        """The four serial lines by port name."""
        return {name: getattr(self, name).line for name in PORTS}


def install(cart: SimulatedCart, clock: Clock) -> None:
    """Make serial.serial_for_url("sim://laser"), "sim://tec", "sim://stage" and "sim://board" reach the cart.

    clock: the present instant in the world's seconds. Raises ValueError while another cart is installed.
    """
    for name, line in cart.lines.items():
        plug_in(name, line, cart.world.kernel, clock)


def uninstall() -> None:
    """Take the cart's ports away; harmless if none is installed. Open ports fail as if unplugged."""
    for name in PORTS:
        unplug(name)
