"""The board's driver at a real board: the Python simulator through sim://, or the firmware on its chip.

One clock for both, the board's own: nothing here takes wall time, and a test sees the same bytes every time.
What a test does to the wire (cut one way, unplugged) it does to both alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.firmware.boards import Board, BoardKind, ChipBoard, SimulatorBoard
from benchmarks.firmware.chip import SimulatedBoardChip
from hardware.interfaces import LinkState, Origin
from hardware.interlock_board.driver import InterlockBoardDriver
from hardware.settings import BoardSettings
from hardware.trace import WireTrace
from hardware.transport import Port, PortError, SerialPort
from simulators.serial_port.protocol_sim import plug_in, unplug
from tests.hardware.board_bench import SETTINGS, body_of

TICK_MS = 10.0
SERIAL_NUMBER = SETTINGS.serial_number


class ChipPort:
    """A port whose far end is the emulated chip."""

    url = SETTINGS.port
    origin = Origin.SIM

    def __init__(self, board: Board) -> None:
        self._board = board
        self.is_open = False

    def open(self) -> None:
        self._board.read()
        self.is_open = True

    def read(self) -> bytes:
        return self._board.read()

    def write(self, data: bytes) -> None:
        self._board.write(data)

    def close(self) -> None:
        self.is_open = False


class Wire:
    """A port with a wire that a test may cut; it remembers what the driver wrote."""

    url = SETTINGS.port
    origin = Origin.SIM

    def __init__(self, port: Port) -> None:
        self._port = port
        self.sent: list[bytes] = []
        self.cut_to_board = False
        self.cut_to_host = False
        self.unplugged = False

    @property
    def is_open(self) -> bool:
        return self._port.is_open

    def open(self) -> None:
        self._check()
        self._port.open()

    def read(self) -> bytes:
        self._check()
        data = self._port.read()
        return b"" if self.cut_to_host else data

    def write(self, data: bytes) -> None:
        self._check()
        self.sent.append(data)
        if not self.cut_to_board:
            self._port.write(data)

    def close(self) -> None:
        self._port.close()

    def _check(self) -> None:
        if self.unplugged:
            self._port.close()
            raise PortError(f"port {self.url} is gone; check the cable")


class Rig:
    """A driver that is polled every 10 ms; wants: what control wants of the gate, None without control."""

    def __init__(self, board: Board, port: Port) -> None:
        self.board = board
        self.wire = Wire(port)
        self.wants: bool | None = None
        self.configure(SETTINGS)

    def configure(self, settings: BoardSettings) -> None:
        """Begin with a driver of these settings."""
        self.driver = InterlockBoardDriver(settings, self.wire)

    @property
    def now_s(self) -> float:
        return self.board.now_ms / 1000.0

    @property
    def status(self):
        return self.driver.status.value

    def tick(self, ticks: int = 1) -> None:
        """Let ticks of 10 ms pass, with all that control does in each."""
        for _ in range(ticks):
            self.board.run_ms(TICK_MS)
            self.poll()

    def poll(self) -> None:
        """Poll, heartbeat and flush, at this instant."""
        self.driver.poll(self.now_s)
        if self.wants is not None:
            self.driver.heartbeat(self.wants)
        self.driver.flush(self.now_s)

    def take_sent(self) -> list[bytes]:
        """Return the bodies that the driver wrote since the last call."""
        sent, self.wire.sent = self.wire.sent, []
        return [body_of(line) for line in sent]

    def connect(self) -> list[bytes]:
        """Return what the driver sent until the link was ready."""
        self.tick(20)
        assert self.driver.link is LinkState.READY
        return self.take_sent()

    def press(self) -> None:
        self.board.set(nc=0, no=1)

    def release(self) -> None:
        self.board.set(no=0, nc=1)

    def treat(self) -> None:
        """Motor on, vibration healthy, pedal pressed, gate wanted and closed."""
        self.board.set(accelerometer="mpu6050", vibration_mg=2400)
        self.driver.set_motor(True)
        self.wants = False
        self.tick(60)
        self.press()
        self.tick(5)
        self.wants = True
        self.tick(5)
        assert self.status.gate_closed


def words(bodies: list[bytes]) -> list[list[bytes]]:
    """Return commands without their numbers."""
    return [[field for place, field in enumerate(body.split(b",")) if place != 1] for body in bodies]


@contextmanager
def rig(kind: BoardKind) -> Iterator[Rig]:
    """Yield a driver, not yet polled, at a board of this kind that was just switched on."""
    if kind == "firmware":
        with SimulatedBoardChip(serial_number=SERIAL_NUMBER) as chip:
            board = ChipBoard(chip)
            yield Rig(board, ChipPort(board))
        return
    simulator = SimulatorBoard(SERIAL_NUMBER, baud=SETTINGS.baud)
    simulator.leave_line_to_host()
    kernel = simulator.wiring.kernel
    plug_in("board", simulator.board.line, kernel, lambda: kernel.now_s)
    port = SerialPort(SETTINGS.port, SETTINGS.baud, WireTrace(lambda: kernel.now_s))
    try:
        yield Rig(simulator, port)
    finally:
        port.close()
        unplug("board")
