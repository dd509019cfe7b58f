"""A terminal on an Arroyo instrument, for those who know its page alone."""

from tests.e2e.page_bench import Cart, Wire


class Instrument(Wire):
    """A terminal on one of the instruments."""

    def ask(self, text: str) -> str:
        """Send one line, return the one line that comes back, without its CR LF."""
        self.write(text + "\n")
        answer = self.line()
        assert answer.endswith(b"\r\n")
        return answer[:-2].decode("ascii")

    def number(self, text: str) -> float:
        return float(self.ask(text))

    def bits(self, text: str) -> set[int]:
        word = int(self.ask(text))
        return {bit for bit in range(16) if word >> bit & 1}


def opened(cart: Cart, port: str) -> Instrument:
    """Open a port, reset what answers there and take its echo away."""
    instrument = Instrument(cart.ports[port], 38400)
    instrument.write("\r*RST 1;*OPC?\n")  # the advised way: it answers when it is over
    assert instrument.line().endswith(b"1\r\n")
    instrument.ask("TERMINAL 0;*OPC?")
    return instrument
