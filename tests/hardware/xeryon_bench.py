"""A hand-played Xeryon controller: WIRE.md's lines, typed out, nothing simulated."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Variant:
    """A controller of the field. padded: eight digits with a sign. shows_enabled: STAT bit 0 is ever set.

    by_slot: a question is answered only where the stream has a place for it; every period, until the next.
    info: the stream that another program left.
    """

    padded: bool = True
    shows_enabled: bool = True
    by_slot: bool = False
    info: int = 3


USUAL = Variant()
VARIANTS = {
    "usual": USUAL,
    "unpadded": Variant(padded=False),
    "without bit 0": Variant(shows_enabled=False),
    "by slot, left silent": Variant(by_slot=True, info=0),
    "by slot, left streaming": Variant(by_slot=True, info=3),
    "all of it": Variant(padded=False, shows_enabled=False, by_slot=True, info=2),
}
AT_ONCE = {name: variant for name, variant in VARIANTS.items() if not variant.by_slot}
_STREAM = ("EPOS", "DPOS", "STAT")
_WITH_SLOT = {2: (*_STREAM, "slot"), 5: ("STAT", "EPOS", "DPOS", "slot"), 6: ("slot",), 3: _STREAM}
"""What is of interest in each stream, in its order."""


class _Chosen:
    variant = USUAL


def choose(variant):
    """Let every bench made from now on be at this variant."""
    _Chosen.variant = variant


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
        self.variant = _Chosen.variant
        self.info = self.variant.info
        self.asked = None

    def line(self, tag, value):
        if tag == "STAT" and not self.variant.shows_enabled:
            value &= ~1
        return (b"%s=%+09d\n" if self.variant.padded else b"%s=%d\n") % (tag.encode(), value)

    def period(self):
        if not self.variant.by_slot:
            return b"".join(self.line(tag, self.value(tag)) for tag in _STREAM)
        tags = [self.asked if tag == "slot" else tag for tag in _WITH_SLOT.get(self.info, ())]
        return b"".join(
            self.line(tag, self.value(tag)) for tag in tags if tag not in (None, *self.silent_about)
        )

    def value(self, tag):
        return {**self.values, "STAT": self.stat, "EPOS": self.epos, "DPOS": self.dpos}[tag]

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
            self.asked = tag
            if tag not in self.silent_about and not self.variant.by_slot:
                self.port.incoming += self.line(tag, self.value(tag))
        elif tag == "INFO":
            self.info = int(value)
        elif tag == "SSPD":
            self.values[tag] = int(value)

    def run(self, ticks):
        return [line for _ in range(ticks) for line in self.tick()]

    def start(self, ticks):
        """Run as long as the start sequence takes here what it takes usually in so many ticks."""
        return self.run(ticks * 5 if self.variant.by_slot else ticks)

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
