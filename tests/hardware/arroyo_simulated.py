"""The bench's wire to a simulated Arroyo: it answers by itself, and a test may put words into its mouth."""

from __future__ import annotations

from math import inf

from simulators.wire.arroyo_forms import TERMINATORS
from tests.hardware.arroyo_wire import Wire, question_of

OWN_WORDS = None
"""In `answers`: the instrument says what it has to say."""
NOTHING = object()
"""What comes instead of an answer that a test takes off the wire."""
READ_BYTES = 4096
LATEST_ANSWER_S = 0.030
"""Of an instrument, by itself."""


class SimulatedWire(Wire):
    """A Port to a simulated instrument, which is also whatever goes wrong on its line.

    answers: a text is said in the instrument's place, when it would and in its form; a question without an
    entry does not reach it. From a command on its question has the instrument's own answer again, unless the
    question is `stuck`: then the command does not reach it.
    """

    def __init__(self, kernel, device, answers, url, lacks):
        self._kernel = kernel
        self.device = device
        self._line = device.line
        self._line.attach()
        self._line.faults = _Mouth(self)
        self._words = []  # of each question that it has not answered yet: what it says, and to which half
        self._speaks_to_other = False
        super().__init__(answers, url, lacks)

    def open(self):
        super().open()
        self._kernel.advance(self.now_s)
        self._line.discard_unread()

    def read(self):
        self._kernel.advance(self.now_s)
        if data := self._line.host_read(READ_BYTES):
            self._on_the_way.append((self.now_s, data, self._speaks_to_other))
        return super().read()

    def say_instead(self, data, after_s=0.0):
        self._line.discard_unread()
        self._words = [(NOTHING, for_other) for _, for_other in self._words]
        super().say_instead(data, after_s)

    @property
    def is_answering(self):
        speaks = self._line.next_arrival_s < inf and not self._speaks_to_other
        return speaks or any(not for_other for _, for_other in self._words) or super().is_answering

    def _obey(self, line):
        heard = []
        for part in line.split(";"):
            name, _, value = part.partition(" ")
            if name.removesuffix("?") in self.lacks:
                heard.append(part)
            elif value:
                if question_of(name) not in self.stuck:
                    self.answers[question_of(name)] = OWN_WORDS
                    heard.append(part)
            elif not name.endswith("?"):
                heard.append(part)
            elif name == "ERRSTR?" and self.queued:
                heard.append(part)
                self._words.append((",".join(self.queued), self.for_other))
                self.queued.clear()
            elif name in self.answers:
                heard.append(part)
                self._words.append((self.answers[name], self.for_other))
        if heard:
            self._kernel.advance(self.now_s)
            self._line.host_write(";".join(heard).encode("ascii") + b"\r", self.now_s)

    def spoken(self, data):
        """Return what is heard of a line of the instrument's."""
        form = self.device.form
        if not self._words or (form.echo and not data.endswith(form.terminator)):
            return data
        words, self._speaks_to_other = self._words.pop(0)
        if words is OWN_WORDS:
            return data
        return b"" if words is NOTHING else words.encode("ascii") + form.terminator

    # What a test finds or makes of it.

    @property
    def ends(self):
        return self.device.form.terminator

    @ends.setter
    def ends(self, ends):
        if ends != self.ends:
            self.device.form.terminal_mode = TERMINATORS.index(ends)

    @property
    def echo(self):
        return self.device.form.echo

    @echo.setter
    def echo(self, echo):
        self.device.form.echo = echo


class _Mouth:
    """What goes wrong on the line of a `SimulatedWire`."""

    def __init__(self, wire):
        self._wire = wire

    @property
    def delay_s(self):
        """What is to be added where a test wants a slower answer than any of its own."""
        late_s = self._wire.delay_s
        return late_s if late_s > LATEST_ANSWER_S else 0.0

    def to_host(self, data):
        return self._wire.spoken(data)

    def to_device(self, line, byte_s):
        self._wire.device.line.hear(line, byte_s)
