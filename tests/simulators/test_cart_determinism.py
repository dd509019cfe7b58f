"""The same seed and the same commands give the same bytes, however often the ports are read."""

from binascii import crc_hqx

from simulators.cart import SimulatedCart
from simulators.settable import set_value
from simulators.world import World

# Instant in s, port, line.
SCRIPT = [
    (0.10, "laser", b"TERMINAL 0\n"),
    (0.20, "laser", b"ONDELAY 0\nLAS:LDI 4000\n"),
    (0.25, "stage", b"ENBL=1\nINDX=0\n"),
    (0.30, "tec", b"TEC:T 25;OUT 1\n"),
    *((0.40 + 0.1 * k, "laser", b"LAS:LDI?\n") for k in range(20)),
    *((0.42 + 0.1 * k, "tec", b"TEC:T?;ITE?\n") for k in range(20)),
    (0.50, "stage", b"EPOS=?\n"),
    (0.60, "laser", b"garbage;;; 1,2,3\n"),
]


def heard(seed, step_s, faults=None):
    """Play the script, reading every step_s, and return what each port said."""
    cart = SimulatedCart(World(seed))
    for path, value in (faults or {}).items():
        set_value(cart, path, value)
    kernel = cart.world.kernel
    for line in cart.lines.values():
        line.attach()
    for time_s, port, data in SCRIPT:
        kernel.at(time_s, lambda port=port, data=data: cart.lines[port].host_write(data, kernel.now_s))
    body = b"HB,1,0"
    beat = b"$%b*%04X\n" % (body, crc_hqx(body, 0xFFFF))
    for k in range(50):
        kernel.at(0.05 * k, lambda: cart.lines["board"].host_write(beat, kernel.now_s))
    said = dict.fromkeys(cart.lines, b"")
    steps = 0
    while kernel.now_s < 3.0:
        steps += 1
        kernel.advance(min(3.0, steps * step_s))
        for name, line in cart.lines.items():
            said[name] += line.host_read(10_000)
    return said


def test_the_same_seed_says_the_same_bytes_at_any_polling_rate():
    often = heard(11, 0.0013)
    assert often == heard(11, 0.01) == heard(11, 0.21)
    assert all(len(data) > 50 for data in often.values())


DAMAGE = {
    "wire.drop": 0.1,
    "wire.duplicate": 0.1,
    "wire.truncate": 0.1,
    "wire.bit_flips": 0.01,
    "wire.delay_s": 0.05,
    "wire.echo": True,
    "wire.babble": 0.1,
}


def test_a_damaged_line_is_damaged_alike_at_any_polling_rate():
    damage = {
        f"{port}.{path}": value for port in ("laser", "stage", "board") for path, value in DAMAGE.items()
    }
    often = heard(11, 0.0013, damage)
    assert often == heard(11, 0.01, damage) == heard(11, 0.21, damage)
    healthy = heard(11, 0.1)
    assert all(often[port] != healthy[port] for port in ("laser", "stage", "board"))


def test_faults_lie_beside_the_data_and_move_nothing_on_another_line():
    healthy = heard(11, 0.1)
    damaged = heard(11, 0.1, {f"laser.{path}": value for path, value in DAMAGE.items()})
    assert damaged["laser"] != healthy["laser"]
    assert damaged["stage"] == healthy["stage"]
    assert damaged["board"] == healthy["board"]


def test_another_seed_says_other_bytes():
    assert all(
        one != other for one, other in zip(heard(11, 0.1).values(), heard(12, 0.1).values(), strict=True)
    )
