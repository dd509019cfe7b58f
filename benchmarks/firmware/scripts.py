"""What hypothesis plays to both boards: pins, lines sound and damaged, pauses, restarts."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from hypothesis import strategies as st

from benchmarks.firmware.boards import VIBRATION_MG
from benchmarks.firmware.chip import crc_of, framed
from benchmarks.firmware.comparison import (
    Bounce,
    Pins,
    Restart,
    Say,
    Settle,
    Step,
    Wait,
    Want,
    spun_up,
    treating,
)

LONGEST_BODY = 74
"""With "$", "*" and the CRC it makes a line of 80 characters."""
MOST_STEPS = 12
STEPS_EACH = (1, 2, 3, 5, 9, 17, 18, 19, 40, 75)
NAMES = ("HB", "MO", "AI", "VT", "CL", "ID", "XX", "hb", "H", "HBB", "", "M\0")
NUMBERS = (
    "7",
    "0",
    "65535",
    "65536",
    "00012",
    "000012",
    "",
    "-1",
    "+1",
    "1.0",
    " 1",
    "1 ",
    "x",
    "\xb2",
    "1\0",
)
VALUES = ("0", "1", "2", "127", "153", "154", "49", "50", "2000", "2001", "65536", "00001", "000001")
ODD_VALUES = ("", "-1", " 1", "1,1", "x", "1\0", "1,")
PEDAL = ((0, 1), (1, 0), (0, 0), (1, 1))


class Script(NamedTuple):
    """Steps, and how it ends."""

    steps: list[Step]
    restart: Restart | None


def damaged(body: str, damage: str) -> bytes:
    """Return the body as a line with this damage."""
    sound = framed(body)
    lines = {
        "none": sound,
        "noise before": "ab*12" + sound,
        "begun twice": "$HB,1" + sound,
        "end missing": sound[:-1],
        "wrong CRC": sound[:-2] + ("0" if sound[-2] != "0" else "1") + "\n",
        "CRC in lower case": f"${body}*{crc_of(body).lower()}\n",
        "carriage return": sound[:-1] + "\r\n",
        "star missing": sound.replace("*", "", 1),
        "twice": sound + sound,
        "bit flipped": sound[:2] + chr(ord(sound[2]) ^ 0x10) + sound[3:],
    }
    return lines[damage].encode("latin-1")


DAMAGES = (
    "none",
    "noise before",
    "begun twice",
    "end missing",
    "wrong CRC",
    "CRC in lower case",
    "carriage return",
    "star missing",
    "twice",
    "bit flipped",
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A command, or nearly one."""
    name = draw(st.sampled_from(NAMES))
    parts = [name, draw(st.sampled_from(("7", "300", *NUMBERS)))]
    if name not in ("CL", "ID") or draw(st.booleans()):
        parts += draw(st.lists(st.sampled_from((*VALUES, *ODD_VALUES)), min_size=0, max_size=2))
    return ",".join(parts)


@st.composite
def padded(draw: st.DrawFn) -> bytes:
    """A line around the longest one."""
    body = draw(st.sampled_from(("XX,7,", "MO,7,", "junk")))
    length = draw(st.sampled_from((LONGEST_BODY - 1, LONGEST_BODY, LONGEST_BODY + 1, 110)))
    noise = draw(st.sampled_from(("", "", "noise ")))
    return (noise + framed(body.ljust(length, "0"))).encode()


@st.composite
def said(draw: st.DrawFn) -> Say:
    """Bytes, cut anywhere."""
    raw = draw(
        st.one_of(
            st.builds(damaged, bodies(), st.just("none")),
            st.builds(damaged, bodies(), st.sampled_from(DAMAGES)),
            padded(),
            st.binary(min_size=1, max_size=60),
        )
    )
    return Say(raw, draw(st.integers(0, len(raw))), draw(st.integers(0, 2)))


def beats() -> st.SearchStrategy[Say]:
    """Heartbeats in one write, whose wishes follow each other in a millisecond."""
    wants = st.lists(st.integers(0, 1), min_size=2, max_size=3)
    return wants.map(
        lambda wanted: Say("".join(framed(f"HB,{n},{want}") for n, want in enumerate(wanted)).encode())
    )


def orders() -> st.SearchStrategy[Say]:
    """Orders that a host gives, without damage."""
    bodies_given = ("CL,1", "CL,2", "CL,3", "MO,4,0", "MO,5,127", "MO,6,1", "AI,7,1", "AI,8,0", "ID,9")
    return st.sampled_from([Say(framed(body).encode()) for body in bodies_given])


def pins() -> st.SearchStrategy[Pins]:
    """Pedal pairs, the stop loop, the relay, the light."""
    pairs = st.sampled_from([Pins((("no", no), ("nc", nc))) for no, nc in PEDAL])
    relay = st.sampled_from([Pins((("relay", how),)) for how in ("works", "welded", "stuck")])
    stop = st.sampled_from([Pins((("stop", closed),)) for closed in (0, 1)])
    light = st.integers(0, 5000).map(lambda millivolts: Pins((("photodiode_mv", millivolts),)))
    return st.one_of(pairs, pairs, relay, stop, light)


def settles() -> st.SearchStrategy[Settle]:
    """What the vibration's windows judge."""
    vibration = st.sampled_from([Settle((("vibration_mg", level),)) for level in (0, 300, 1200, 2400)])
    threshold = st.sampled_from([Settle((), mg) for mg in (50, 600, 800, 2000)])
    accelerometer = st.sampled_from([Settle((("accelerometer", model),)) for model in ("none", "mpu6050")])
    return st.one_of(vibration, threshold, accelerometer)


def steps() -> st.SearchStrategy[Step]:
    """Any one step."""
    return st.one_of(
        st.builds(Wait, st.sampled_from(STEPS_EACH), st.booleans()),
        st.builds(Want, st.integers(0, 1)),
        st.builds(Bounce, st.sampled_from(("no", "nc", "stop")), st.integers(1, 4), st.integers(0, 1)),
        pins(),
        beats(),
        orders(),
        said(),
        settles(),
    )


CAUSES: dict[str, tuple[Step, Step]] = {
    "stop": (Pins((("stop", 0),)), Pins((("stop", 1),))),
    "both closed": (Pins((("no", 1), ("nc", 1))), Pins((("no", 0), ("nc", 1)))),
    "both open": (Pins((("no", 0), ("nc", 0))), Pins((("no", 0), ("nc", 1)))),
    "welded": (Pins((("relay", "welded"),)), Pins((("relay", "works"),))),
    "stuck": (Pins((("relay", "stuck"),)), Pins((("relay", "works"),))),
    "still": (Settle((("vibration_mg", 0),)), Settle((("vibration_mg", VIBRATION_MG),))),
    "unplugged": (Settle((("accelerometer", "none"),)), Settle((("accelerometer", "mpu6050"),))),
    "motor off": (Say(framed("MO,4,0").encode()), Say(framed("MO,5,127").encode())),
    "silence": (Wait(19), Wait(1, keep=True)),
}
RELEASED = Pins((("no", 0), ("nc", 1)))
CLEAR = Say(framed("CL,7").encode())


@st.composite
def clearings(draw: st.DrawFn) -> list[Step]:
    """A cause of a fault comes and goes, and before, between and after that somebody clears."""
    come, go = CAUSES[draw(st.sampled_from(sorted(CAUSES)))]
    maybe_released = draw(st.sampled_from(([], [RELEASED])))
    kept = Wait(draw(st.sampled_from((1, 4, 75))), keep=True)
    maybe_again = draw(st.sampled_from(([], [come])))
    return [come, kept, *maybe_released, CLEAR, go, *maybe_again, CLEAR, RELEASED, CLEAR]


@st.composite
def scripts(draw: st.DrawFn, most_steps: int = MOST_STEPS) -> Script:
    """A board that was just switched on, has spun up or has its gate closed, and what befalls it."""
    begun = draw(st.sampled_from(([], spun_up(), treating(), treating())))
    one = steps().map(lambda step: [step])
    befalls = draw(st.lists(st.one_of(one, one, one, clearings()), min_size=1, max_size=most_steps))
    restart = draw(st.one_of(st.none(), st.none(), st.builds(Restart, st.booleans())))
    return Script([*begun, *chain.from_iterable(befalls)], restart)
