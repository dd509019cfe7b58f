"""The stage's driver at the controller that a test has chosen: played by hand from WIRE.md, or simulated."""

from hardware.interfaces import LinkState, Origin
from hardware.settings import StageSettings
from hardware.transport import PortError
from hardware.xeryon.driver import XeryonStage
from simulators.wire.xeryon import XeryonStage as SimulatedStage
from simulators.world import World
from tests.hardware.variants import chosen

SETTINGS = StageSettings(
    port="sim://stage",
    serial_number="99000003",
    travel_min_um=0.0,
    travel_max_um=3000.0,
    speed_um_per_s=2000.0,
)
HEALTHY = 0x61 | 1 << 10  # amplifiers, motor on, closed loop, position reached
INDEX = 1 << 8
SEARCHING = 1 << 9
REACHED = 1 << 10
THERMAL_1, ENCODER_ERROR = 1 << 2, 1 << 12
BEGAN_S = 50.0
_STREAM = ("EPOS", "DPOS", "STAT")
_WITH_SLOT = {2: (*_STREAM, "slot"), 5: ("STAT", "EPOS", "DPOS", "slot"), 6: ("slot",), 3: _STREAM}
"""What is of interest in each stream, in its order."""


class ScriptedPort:
    """A port whose far end is the test."""

    url = "sim://stage"
    origin = Origin.SIM

    def __init__(self):
        self.incoming = b""
        self.sent = b""
        self.is_open = False
        self.broken = False

    def open(self):
        if self.broken:
            raise PortError("port sim://stage is not there; check the cable")
        self.is_open = True

    def read(self):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://stage is gone; check the cable")
        data, self.incoming = self.incoming, b""
        return data

    def write(self, data):
        self.sent += data

    def close(self):
        self.is_open = False


class SimulatedController:
    """The simulated controller: whether, when and in which form something is told. What, the bench knows."""

    def __init__(self, options):
        world = World(1)
        self._kernel = world.kernel
        self._line = SimulatedStage(world, options).line
        self._line.attach(SETTINGS.baud)
        self._rest = b""

    def says(self, now_s, value):
        """Return what has come. value: by a tag, what it is to say; None for its own, b"" for no line."""
        self._kernel.advance(now_s - BEGAN_S)
        *lines, self._rest = (self._rest + self._line.host_read(4096)).split(b"\n")
        return b"".join(self._said(*line.split(b"="), value) for line in lines)

    def _said(self, tag, text, value):
        told = value(tag.decode())
        if told is None:
            return b"%s=%s\n" % (tag, text)
        form = b"%s=%+09d\n" if text[:1] in b"+-" and len(text) == 9 else b"%s=%d\n"
        return form % (tag, told) if told != b"" else b""

    def hears(self, tag, value, now_s):
        self._line.host_write(f"{tag}={value}\n".encode("ascii"), now_s - BEGAN_S)


class Bench:
    """A driver and what a controller would say: STAT, EPOS and DPOS every period_s, answers within 10 ms."""

    def __init__(self):
        self.port = ScriptedPort()
        self.driver = XeryonStage(SETTINGS, self.port)
        self.now_s = BEGAN_S
        self.next_period_s = 50.05
        self.period_s = 0.097
        self.stat = HEALTHY
        self.epos = self.dpos = 0
        self.streams = True
        self.values = {
            "SRNO": 99000003,
            "SOFT": 326,
            "XLA3": 1250,
            "POLI": 97,
            "HLIM": 36000,
            "LLIM": -36000,
            "SSPD": 400000,
            "PTO2": 4,
            "PTOL": 2,
        }
        self.silent_about = set()
        self.damaged = {}
        """By a tag: what is heard in its next line."""
        self.answering = []
        self.options = chosen().options
        self.info = self.options.settings.get("INFO", 3)
        self.asked = None
        self.controller = None if chosen().by_hand else SimulatedController(self.options)

    def line(self, tag, value):
        return (b"%s=%+09d\n" if self.options.padded else b"%s=%d\n") % (tag.encode(), value)

    def period(self):
        if not self.options.answers_in_slot_alone:
            return b"".join(self.line(tag, self.value(tag)) for tag in _STREAM)
        tags = [self.asked if tag == "slot" else tag for tag in _WITH_SLOT.get(self.info, ())]
        return b"".join(
            self.line(tag, self.value(tag)) for tag in tags if tag not in (None, *self.silent_about)
        )

    def told(self, tag):
        if tag in self.silent_about or not (self.streams or tag in self.values):
            return b""
        return self.value(tag) if tag in (*self.values, *_STREAM) else None

    def value(self, tag):
        stat = self.stat if self.options.shows_enabled else self.stat & ~1
        right = {**self.values, "STAT": stat, "EPOS": self.epos, "DPOS": self.dpos}[tag]
        return self.damaged.pop(tag, right)

    def tick(self):
        """10 ms pass. Return the lines the driver sent, in order."""
        self.now_s += 0.010
        if self.controller is not None:
            self.port.incoming += self.controller.says(self.now_s, self.told)
        elif self.streams and self.now_s >= self.next_period_s:
            self.next_period_s += self.period_s
            self.port.incoming += self.period()
        self.port.incoming += b"".join(self.line(tag, self.value(tag)) for tag in self.answering)
        self.answering.clear()
        self.driver.poll(self.now_s)
        return self.take_sent()

    def take_sent(self):
        sent, self.port.sent = self.port.sent.decode().split("\n"), b""
        assert sent.pop() == ""
        for text in sent:
            self.obey(*text.split("="))
        return sent

    def obey(self, tag, value):
        if self.controller is not None:
            self.controller.hears(tag, value, self.now_s)
        elif value == "?":
            self.asked = tag
            if tag not in self.silent_about and not self.options.answers_in_slot_alone:
                self.answering.append(tag)
        elif tag == "INFO":
            self.info = int(value)
        if tag == "SSPD" and value != "?":
            self.values[tag] = int(value)

    def run(self, ticks):
        return [line for _ in range(ticks) for line in self.tick()]

    def start(self, ticks):
        """Run as long as the start sequence takes here what it takes usually in so many ticks."""
        return self.run(ticks * 5 if self.options.answers_in_slot_alone else ticks * 2)

    def connect(self, index=True):
        sent = self.start(80)
        assert self.driver.link is LinkState.READY, self.driver.problem
        if index:
            self.stat |= INDEX
            self.run(15)
        return sent

    def flush(self):
        self.driver.flush(self.now_s)
        return self.take_sent()

    @property
    def status(self):
        return self.driver.status.value
