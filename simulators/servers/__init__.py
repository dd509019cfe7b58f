"""The simulated cart for other programs: its devices on pseudo-terminals and TCP ports, in real time."""

from simulators.servers.cart_server import PtyCart, TcpAddress

__all__ = ["PtyCart", "TcpAddress"]
