"""A hand-played interlock board: its lines typed out, nothing shared with the driver's writer."""

from hardware.interfaces import LinkState, Origin
from hardware.interlock_board.driver import InterlockBoardDriver
from hardware.settings import BoardSettings
from hardware.transport import PortError

SETTINGS = BoardSettings(port="sim://board", serial_number="SIM-0001")
GATE_WANTED = 0x008
HEALTHY = 0x1B3  # pedal, stop loop, motor, vibration, accelerometer, host alive


def crc(body):
    """CRC-16/CCITT-FALSE bit by bit, written down from its definition."""
    register = 0xFFFF
    for byte in body:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def line(body):
    return b"$%s*%04X\n" % (body, crc(body))


class ScriptedPort:
    """A port whose far end is the test."""

    url = "sim://board"
    origin = Origin.SIM

    def __init__(self):
        self.incoming = b""
        self.sent = []
        self.is_open = False
        self.broken = False
        self.openings = []
        self.now_s = 0.0

    def open(self):
        self.openings.append(self.now_s)
        if self.broken:
            raise PortError("port sim://board is not there; check the cable")
        self.is_open = True

    def read(self):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://board is gone; check the cable")
        data, self.incoming = self.incoming, b""
        return data

    def write(self, data):
        if self.broken:
            self.is_open = False
            raise PortError("port sim://board is gone; check the cable")
        self.sent.append(data)

    def close(self):
        self.is_open = False

    def take_sent(self):
        sent, self.sent = self.sent, []
        return [body_of(s) for s in sent]


def body_of(frame):
    assert frame[:1] == b"$"
    assert frame[-6:-5] == b"*"
    assert frame[-1:] == b"\n"
    assert frame[-5:-1] == b"%04X" % crc(frame[1:-6])
    return frame[1:-6]


class Bench:
    """A driver, its scripted board and a clock."""

    def __init__(self, board_settings=SETTINGS):
        self.port = ScriptedPort()
        self.driver = InterlockBoardDriver(board_settings, self.port)
        self.now_s = 100.0
        self.sequence = 0
        self.board_ms = 5000
        self.flags = HEALTHY
        self.faults = 0
        self.photodiode = 0
        self.answers = {}

    def st(self, **change):
        fields = {
            "seq": self.sequence,
            "ms": self.board_ms,
            "flags": self.flags,
            "pd": self.photodiode,
            "vib": 2447,
            "faults": self.faults,
        } | change
        return line(b"ST,%(seq)d,%(ms)d,%(flags)X,%(pd)d,%(vib)d,%(faults)X" % as_bytes_keys(fields))

    def tick(self, incoming=None):
        """10 ms pass; the board sends one status and answers what it was sent."""
        self.now_s += 0.010
        self.port.now_s = self.now_s
        self.board_ms += 10
        self.sequence = (self.sequence + 1) % 65536
        self.port.incoming += self.st() if incoming is None else incoming
        self.driver.poll(self.now_s)

    def answer(self):
        """Answer everything sent as a board in order would; return the bodies that were sent."""
        sent = self.port.take_sent()
        for body in sent:
            word, number = body.split(b",")[:2]
            if word == b"ID":
                self.port.incoming += line(b"ID,%s,TOSCA-IL,1,1.0.0,SIM-0001" % number)
            elif word != b"HB":
                self.port.incoming += line(self.answers.get(word, b"OK,%s") % number)
        return sent

    def connect(self):
        sent = []
        for _ in range(10):
            self.tick()
            sent += self.answer()
        assert self.driver.link is LinkState.READY
        return sent


def as_bytes_keys(fields):
    return {key.encode(): value for key, value in fields.items()}
