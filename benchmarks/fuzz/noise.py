"""Lines that a device or a host might never send: random, mutated and wrongly placed ones, from a seed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random

_PRINTABLE = bytes(range(32, 127))
_LONGEST = 120
_KEPT = 32
_NUMBERS = (0, 1, -1, 9, 65536, 10**9, 10**30)

Words = Callable[[Random], bytes]
"""Draws what a well-behaved device or host may say."""


class Noise:
    """Makes lines from words, and from the true lines it is shown; `count` says how many so far."""

    def __init__(self, random: Random, words: Words, end: bytes) -> None:
        self._random = random
        self._words = words
        self._end = end
        self._true: deque[bytes] = deque([b"0"], maxlen=_KEPT)
        self.count = 0

    def show(self, data: bytes) -> None:
        """Remember true lines, to mutate and repeat them."""
        self._true.extend(line for line in data.split(self._end[-1:]) if line)

    def line(self) -> bytes:
        """Return one line; one in twenty has no end, and runs into the next."""
        random = self._random
        self.count += 1
        kind = random.randrange(10)
        if kind == 0:
            text = random.randbytes(random.randrange(_LONGEST))
        elif kind == 1:
            text = bytes(random.choices(_PRINTABLE, k=random.randrange(_LONGEST)))
        else:
            text = random.choice(self._true).strip() if kind < 5 else self._words(random)
            for _ in range(random.choice((0, 1, 1, 2, 5))):
                text = self._mutated(text)
        return text if random.random() < 0.05 else text + self._end

    def spoilt(self, data: bytes) -> bytes:
        """Return true bytes as a bad wire delivers them."""
        self.count += data.count(self._end[-1:])
        for _ in range(self._random.choice((0, 1, 1, 3))):
            data = self._mutated(data)
        return data

    def _mutated(self, text: bytes) -> bytes:
        random = self._random
        at = random.randrange(len(text) + 1)
        to = min(len(text), at + random.randrange(1, 6))
        return random.choice(_MUTATIONS)(random, text[:at], text[at:to], text[to:], self._words)


_MUTATIONS: tuple[Callable[[Random, bytes, bytes, bytes, Words], bytes], ...] = (
    lambda random, head, piece, tail, words: head + bytes(b ^ 1 << random.randrange(8) for b in piece) + tail,
    lambda random, head, piece, tail, words: head + tail,
    lambda random, head, piece, tail, words: head + piece + piece + tail,
    lambda random, head, piece, tail, words: head + random.randbytes(len(piece)) + piece + tail,
    lambda random, head, piece, tail, words: head,
    lambda random, head, piece, tail, words: head + b"%d" % random.choice(_NUMBERS) + tail,
    lambda random, head, piece, tail, words: head + words(random) + tail,
)
"""Flipped bits, lost bytes, doubled bytes, inserted bytes, a lost end, another number, another word."""
