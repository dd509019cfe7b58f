"""A value the board is to hold: sent when it changes, again until the board says OK."""

from __future__ import annotations

_AGAIN_S = 0.1
"""The board answers within a few ms, a USB adapter adds 16: an answer not here by now is lost."""


class Output:
    """One of MO, AI and VT. wanted, confirmed and refused are values on the wire."""

    __slots__ = ("_number", "_sent", "_sent_s", "confirmed", "refused", "wanted", "word")

    def __init__(self, word: bytes, wanted: int) -> None:
        self.word = word
        self.wanted = wanted
        self.forget()

    def forget(self) -> None:
        """The board may hold anything; what is wanted is sent again."""
        self.confirmed: int | None = None
        self.refused: int | None = None
        self._number: int | None = None
        self._sent: int | None = None
        self._sent_s = float("-inf")

    @property
    def settled(self) -> bool:
        """Whether there is nothing to send; a value the board calls impossible is not sent again."""
        return self.wanted in (self.confirmed, self.refused)

    def due(self, now_s: float) -> bool:
        return not self.settled and (self._sent != self.wanted or now_s - self._sent_s >= _AGAIN_S)

    def sent(self, number: int, now_s: float) -> None:
        """Note that the wanted value went out as this command number."""
        self._number, self._sent, self._sent_s = number, self.wanted, now_s
        self.confirmed = None

    def shown(self, value: int, now_s: float) -> None:
        """Take what a status shows. One that still denies what was confirmed has the value sent again."""
        if self.confirmed is not None and self.confirmed != value and now_s - self._sent_s >= _AGAIN_S:
            self.forget()

    def answered(self, number: int, accepted: bool, final: bool) -> bool:
        """Take an answer and return whether it was ours; final: a refusal that asking again cannot change."""
        if number != self._number:
            return False
        self._number = None
        if accepted:
            self.confirmed = self._sent
        elif final:
            self.refused = self._sent
        return True
