"""The simulated cart's four wire devices over one world, and their installation as `sim://` ports.

Each device has a port of its own name. Laser and TEC of a ComboSource are one box on one port, `sim://combo`.
"""

from __future__ import annotations

from simulators.serial_port.protocol_sim import Clock, plug_in, unplug
from simulators.wire.arroyo_combo import combo_source
from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from simulators.wire.arroyo_models import COMBO_MODELS
from simulators.wire.arroyo_tec import ArroyoTec, TecOptions
from simulators.wire.board import BoardOptions, InterlockBoard
from simulators.wire.line import VirtualLine
from simulators.wire.line_faults import LineFaults
from simulators.wire.xeryon import StageOptions, XeryonStage
from simulators.world import World

DEVICES = ("laser", "tec", "stage", "board")
COMBO_PORT = "combo"


class SimulatedCart:
    """Laser driver, TEC controller, stage and interlock board, wired to one world.

    Options say what a device is and how it powers up; the usual ones are a healthy cart. A laser of a
    ComboSource's model brings its TEC along, whose options name the same model and serial number.
    is_combo: whether they are one box. lines: the serial lines by port name. line_faults: by device.
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
        self.is_combo = laser is not None and laser.model in COMBO_MODELS
        if laser is not None and self.is_combo:
            self.laser, self.tec = combo_source(world, laser, tec)
        else:
            self.laser = ArroyoLaser(world, laser)
            self.tec = ArroyoTec(world, tec)
        self.stage = XeryonStage(world, stage)
        self.board = InterlockBoard(world, board)
        self.lines: dict[str, VirtualLine] = {}
        self.line_faults: dict[str, LineFaults] = {}
        faults: dict[str, LineFaults] = {}
        for device in DEVICES:
            port = COMBO_PORT if self.is_combo and device in ("laser", "tec") else device
            line = self.lines[port] = getattr(self, device).line
            if port not in faults:
                faults[port] = LineFaults(world.kernel, line, world.random_seed(f"faults.{port}"))
            self.line_faults[device] = faults[port]


def install(cart: SimulatedCart, clock: Clock) -> None:
    """Make serial.serial_for_url("sim://laser") and its like reach the cart, one for each of its lines.

    clock: the present instant in the world's seconds. Raises ValueError while another cart is installed.
    """
    for name, line in cart.lines.items():
        plug_in(name, line, cart.world.kernel, clock)


def uninstall() -> None:
    """Take the cart's ports away; harmless if none is installed. Open ports fail as if unplugged."""
    for name in (*DEVICES, COMBO_PORT):
        unplug(name)
