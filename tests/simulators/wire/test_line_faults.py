"""What goes wrong on a line: each fault does its own harm, by chance of its own, and nothing else."""

import pytest

from simulators.kernel import Kernel
from simulators.wire.line import VirtualLine
from simulators.wire.line_faults import MOST_HELD_BYTES, LineFaults

LINES = 400


class Rig:
    """A line of 115200 baud with a device that keeps what it hears, and a host that reads all."""

    def __init__(self, seed=3, **faults):
        self.kernel = Kernel()
        self.heard = []
        self.line = VirtualLine(self.kernel, self._hear, baud=115200, seed=5)
        self.line.attach()
        self.faults = LineFaults(self.kernel, self.line, seed)
        for name, value in faults.items():
            self.faults.change(name, value)

    def _hear(self, line):
        self.heard.append((self.kernel.now_s, line))

    def wait(self, seconds):
        self.kernel.advance(self.kernel.now_s + seconds)

    def say(self, *lines, every_s=0.01):
        """The host writes lines; returns what the device has heard of them."""
        before = len(self.heard)
        for line in lines:
            self.line.host_write(line + b"\n", self.kernel.now_s)
            self.wait(every_s)
        return [line for _, line in self.heard[before:]]

    def answer(self, *lines, every_s=0.01):
        """The device sends lines; returns what the host has read."""
        self.line.host_read(100_000)
        for line in lines:
            self.line.send(line + b"\r\n")
            self.wait(every_s)
        self.wait(0.1)
        return self.line.host_read(100_000)


def numbered(count=LINES):
    return [b"%04d" % k for k in range(count)]


def test_a_line_has_faults_only_while_there_are_any():
    rig = Rig()
    assert rig.line.faults is None
    rig.faults.change("drop", 0.5)
    assert rig.line.faults is rig.faults
    rig.faults.change("drop", 0.0)
    assert rig.line.faults is None


@pytest.mark.parametrize(("way"), ["say", "answer"])
def test_dropped_lines_are_missing_and_the_others_are_whole(way):
    rig = Rig(drop=0.25)
    came = getattr(rig, way)(*numbered())
    lines = came if way == "say" else came.split()
    assert set(lines) < set(numbered())
    assert len(lines) == pytest.approx(0.75 * LINES, abs=40)
    assert lines == sorted(lines)


@pytest.mark.parametrize(("way"), ["say", "answer"])
def test_duplicated_lines_come_twice_in_a_row(way):
    rig = Rig(duplicate=0.25)
    came = getattr(rig, way)(*numbered())
    lines = came if way == "say" else came.split()
    assert sorted(set(lines)) == numbered()
    assert len(lines) == pytest.approx(1.25 * LINES, abs=40)
    assert lines == sorted(lines)


def test_a_truncated_line_runs_into_the_next_one():
    rig = Rig(truncate=1.0)
    heard = rig.say(*numbered())
    assert heard == []
    rig.faults.change("truncate", 0.0)
    [line] = rig.say(b"END")
    assert line.endswith(b"END")
    assert len(line) > 3


def test_flipped_bits_are_single_ones_as_often_as_asked():
    rig = Rig(bit_flips=0.01)
    sent = b"\x55" * 48 + b"\r\n"
    said = b"".join(rig.answer(sent[:-2]) for _ in range(100))
    changed = [one ^ other for one, other in zip(said, sent * 100, strict=True) if one != other]
    assert len(changed) == pytest.approx(50, abs=25)
    assert all(bits.bit_count() == 1 for bits in changed)


def test_a_delay_shifts_every_line_and_keeps_their_order():
    on_time, late = Rig(), Rig(delay_s=0.3)
    for rig in (on_time, late):
        rig.say(*numbered(20))
        rig.wait(1.0)
    assert [at_s + 0.3 for at_s, _ in on_time.heard] == pytest.approx([at_s for at_s, _ in late.heard])
    late.line.send(b"ready\n")
    late.wait(0.29)
    assert late.line.in_waiting == 0
    late.wait(0.02)
    assert late.line.host_read(100) == b"ready\n"


def test_what_comes_after_a_delay_does_not_overtake_what_is_late():
    rig = Rig(delay_s=0.5)
    rig.say(b"first", every_s=0.1)
    rig.faults.change("delay_s", 0.0)
    rig.say(b"second", every_s=1.0)
    assert [line for _, line in rig.heard] == [b"first", b"second"]


def test_an_echo_gives_the_host_its_own_words():
    rig = Rig(echo=True)
    assert rig.say(b"LAS:OUT?") == [b"LAS:OUT?"]
    rig.wait(0.1)
    assert rig.line.host_read(100) == b"LAS:OUT?\n"


def test_a_stalled_line_holds_everything_and_hands_it_on_at_the_end():
    rig = Rig(stalled=True)
    assert rig.say(b"one", b"two") == []
    assert rig.answer(b"three", b"four") == b""
    rig.faults.change("stalled", False)
    rig.wait(0.1)
    assert [line for _, line in rig.heard] == [b"one", b"two"]
    assert rig.line.host_read(100) == b"three\r\nfour\r\n"
    assert rig.line.faults is None


def test_a_stalled_line_holds_no_more_than_an_adapter_can():
    rig = Rig(stalled=True)
    for _ in range(3):
        rig.answer(b"x" * MOST_HELD_BYTES)
        rig.say(b"y" * 200, every_s=1.0)
    rig.faults.change("stalled", False)
    rig.wait(1.0)
    assert len(rig.line.host_read(100_000)) <= MOST_HELD_BYTES


def test_a_babbling_device_fills_its_part_of_the_line_until_it_is_told_to_stop():
    rig = Rig(babble=0.5)
    rig.wait(1.0)
    babbled = len(rig.line.host_read(100_000))
    assert babbled == pytest.approx(4096, abs=60)  # nobody read meanwhile
    said = b""
    for _ in range(100):
        rig.wait(0.01)
        said += rig.line.host_read(100_000)
    assert len(said) == pytest.approx(0.5 * 11520, rel=0.05)
    assert len(set(said)) > 200
    rig.faults.change("babble", 0.0)
    rig.wait(0.1)
    rig.line.host_read(100_000)
    rig.wait(1.0)
    assert rig.line.in_waiting == 0


def test_a_device_at_another_speed_is_garbage_until_it_is_back():
    rig = Rig()
    rig.line.set_device_baud(9600)
    assert rig.answer(b"LAS:OUT?") != b"LAS:OUT?\r\n"
    assert rig.say(b"LAS:OUT?") != [b"LAS:OUT?"]
    rig.line.set_device_baud(115200)
    assert rig.answer(b"LAS:OUT?") == b"LAS:OUT?\r\n"


def test_chance_is_the_seeds():
    def damaged(seed):
        return Rig(seed, drop=0.2, bit_flips=0.02, duplicate=0.1).answer(*numbered())

    assert damaged(3) == damaged(3)
    assert damaged(3) != damaged(4)
