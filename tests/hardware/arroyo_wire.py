"""A wire to an imagined Arroyo: it remembers what is written and answers from a table, nothing more."""

from __future__ import annotations

from hardware.interfaces import Origin
from hardware.transport import PortError

LASER_ANSWERS = {
    "*IDN?": "Arroyo 4320 SIM-0001 3.10 2017-05",
    "ERRSTR?": "0",
    "LAS:EVE?": "0",
    "LAS:COND?": "0",
    "LAS:LDI?": "0",
    "LAS:SET:LDI?": "0",
    "LAS:OUT?": "0",
    "LAS:MODE?": "ILBW",
}
TEC_ANSWERS = {
    "*IDN?": "Arroyo 5305 SIM-0002 3.10 2017-05",
    "ERRSTR?": "0",
    "TEC:COND?": "1024",
    "TEC:OUT?": "1",
    "TEC:T?": "25.01",
    "TEC:MODE?": "T",
    "TEC:LIM:THI?": "250.00",
    "TEC:LIM:TLO?": "-99.00",
}
READ_BACK_ELSEWHERE = {"LAS:LDI": "LAS:SET:LDI?", "TEC:T": "TEC:SET:T?"}
BYTES_PER_S = 3840.0


def question_of(command):
    """Return what asks for that which a command sets."""
    return READ_BACK_ELSEWHERE.get(command, f"{command}?")


class Wire:
    """A Port. Questions in `answers` are answered `delay_s` and the time of the bytes later; others never.

    A command with a value is what its question answers from then on, unless the question is `stuck`.
    half: what stands in the device's buffer without its line end.
    """

    ends = b"\r\n"
    echo = False

    def __init__(self, answers, url="sim://laser", lacks=()):
        self.answers = dict(answers)
        self.url = url
        self.delay_s = 0.010
        self.origin = Origin.SIM
        self.is_open = False
        self.now_s = 0.0
        self.stuck = set()
        self.deaf = False
        self.misses = None
        """The beginning of one line that does not reach the device."""
        self.gone = False
        self.half = ""
        self.chunk = None
        self.lacks = lacks
        self.queued = []
        self.for_other = False
        """The other half of a ComboSource has its turn: what it does is not on record."""
        self.log = []
        self.openings = []
        self._on_the_way = []

    def open(self):
        if not self.for_other:
            self.openings.append(self.now_s)
        if self.gone:
            raise PortError(f"port {self.url} is not there; check that the device is plugged in")
        self.is_open = True

    def close(self):
        self.is_open = False
        self._on_the_way.clear()

    def read(self):
        if self.gone:
            self.is_open = False
            raise PortError(f"port {self.url} is gone; check the cable")
        due = b"".join(data for when_s, data, _ in self._on_the_way if when_s <= self.now_s)
        self._on_the_way = [entry for entry in self._on_the_way if entry[0] > self.now_s]
        if self.chunk is not None and len(due) > self.chunk:
            self._on_the_way.insert(0, (self.now_s, due[self.chunk :], self.for_other))
            due = due[: self.chunk]
        return due

    def write(self, data):
        if self.gone or not self.is_open:
            raise PortError(f"port {self.url} is gone; check the cable")
        half, self.half = self.half, ""
        for line in (half + data.decode("ascii")).split("\r")[:-1]:
            if not self.for_other:
                self.log.append((self.now_s, line))
            if self.misses is not None and line.startswith(self.misses):
                self.misses = None
            elif not self.deaf:
                self._obey(line)

    def say(self, data, after_s=0.0):
        self._on_the_way.append((self.now_s + after_s, data, self.for_other))

    def say_instead(self, data, after_s=0.0):
        self._on_the_way.clear()
        self.say(data, after_s)

    @property
    def is_answering(self):
        return any(not for_other for _, _, for_other in self._on_the_way)

    def sent(self, since=0):
        return [line for _, line in self.log[since:]]

    def _obey(self, line):
        answer = b""
        for part in line.split(";"):
            name, _, value = part.partition(" ")
            if name.removesuffix("?") in self.lacks:
                self.queued.append('123,"Path not found"')
            elif part == "ERRSTR?" and self.queued:
                answer = ",".join(self.queued).encode("ascii") + self.ends
                self.queued.clear()
            elif value:
                question = question_of(name)
                if question not in self.stuck:
                    self.answers[question] = value
            elif part in self.answers:
                answer = self.answers[part].encode("ascii") + self.ends
        if self.echo:
            answer = line.encode("ascii") + answer
        if answer:
            duration_s = (len(line) + 1 + len(answer)) / BYTES_PER_S
            self.say(answer, self.delay_s + duration_s)
