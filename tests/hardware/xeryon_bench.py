"""A hand-played Xeryon controller: WIRE.md's lines, typed out, nothing simulated."""

from hardware.interfaces import LinkState, Origin
from hardware.settings import StageSettings
from hardware.transport import PortError
from hardware.xeryon.driver import XeryonStage

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


class Bench:
    """A driver and what a controller would say: STAT, EPOS and DPOS every period_s, answers within 10 ms."""

    def __init__(self):
        self.port = ScriptedPort()
        self.driver = XeryonStage(SETTINGS, self.port)
        self.now_s = 50.0
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

    def line(self, tag, value):
        return b"%s=%+09d\n" % (tag.encode(), value)

    def period(self):
        return self.line("EPOS", self.epos) + self.line("DPOS", self.dpos) + self.line("STAT", self.stat)

    def tick(self):
        """10 ms pass. Return the lines the driver sent, in order."""
        self.now_s += 0.010
        if self.streams and self.now_s >= self.next_period_s:
            self.next_period_s += self.period_s
            self.port.incoming += self.period()
        self.driver.poll(self.now_s)
        return self.take_sent()

    def take_sent(self):
        sent, self.port.sent = self.port.sent.decode().split("\n"), b""
        assert sent.pop() == ""
        for text in sent:
            self.obey(*text.split("="))
        return sent

    def obey(self, tag, value):
        if value == "?":
            if tag not in self.silent_about:
                self.port.incoming += self.line(tag, {**self.values, "STAT": self.stat}[tag])
        elif tag == "SSPD":
            self.values[tag] = int(value)

    def run(self, ticks):
        return [line for _ in range(ticks) for line in self.tick()]

    def connect(self, index=True):
        sent = self.run(80)
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
