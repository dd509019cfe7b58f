"""A simulated Xeryon controller at a host, and how its lines are read."""

import re

from simulators.wire.xeryon import StageOptions, XeryonStage
from simulators.wire.xeryon_tags import Stat
from tests.simulators.wire.wire_bench import Bench, Host

LINE = re.compile(rb"[A-Z0-9]{4,5}=[+-]\d{8}\n")


class Rig(Host):
    def __init__(
        self,
        start_um=7000.0,
        seed=1,
        *,
        enabled=True,
        padded=True,
        slot_alone=False,
        shows_enabled=True,
        **settings,
    ):
        self.bench = Bench(seed, start_um)
        options = StageOptions(
            settings=settings,
            enabled_at_power_up=enabled,
            padded=padded,
            answers_in_slot_alone=slot_alone,
            shows_enabled=shows_enabled,
        )
        self.device = XeryonStage(self.bench, options)
        self.plant = self.bench.stage
        super().__init__(self.bench, self.device.line, 115200)

    def lines(self):
        data = self.read()
        lines = data.splitlines(keepends=True)
        assert all(LINE.fullmatch(line) for line in lines), data
        return [(line[:-1].split(b"=")[0].decode(), int(line[:-1].split(b"=")[1])) for line in lines]

    def value(self, tag):
        """Ask for one value with the stream off."""
        self.say("INFO=0", 0.1)
        self.read()
        self.say(f"{tag}=?", 0.02)
        lines = self.lines()
        assert [name for name, _ in lines] == [tag]
        return lines[0][1]

    def stat(self):
        return Stat(self.value("STAT"))

    def home(self):
        self.say("ENBL=1")
        self.say("INDX=0", 60.0)
        assert self.stat() & Stat.ENCODER_VALID
