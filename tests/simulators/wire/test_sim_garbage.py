"""Nothing a host may send raises in a device, switches an output on or closes the gate."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.wire.arroyo_laser import ArroyoLaser
from simulators.wire.arroyo_tec import ArroyoTec
from simulators.wire.board import InterlockBoard
from simulators.wire.xeryon import XeryonStage
from tests.simulators.wire.wire_bench import Bench, Host, framed

WORDS = [
    *[
        "LAS",
        "TEC",
        "LDI",
        "I",
        "ITE",
        "STEP",
        "INC",
        "LIM",
        "MODE",
        "OUT",
        "SET",
        "TOL",
        "ENAB",
        "OUTOFF",
        "COND?",
        "*RST",
        "*RCL",
        "TERM",
    ],
    *["HB", "MO", "VT", "CL", "DPOS", "INFO", "POLI", "ENBL", "RSET", "SCAN", "STEP", "INDX"],
    *[
        ":",
        ";",
        ",",
        "=",
        "?",
        "#H",
        "#E",
        "\t",
        "$",
        "*",
        "0",
        "-1",
        "65535",
        "1e400",
        "nan",
        "\0",
        "é",
        " ",
        "\r",
        "\n",
    ],
]
TAGS = ["INFO", "POLI", "SSPD", "ISPD", "ACCE", "LLIM", "HLIM", "DPOS", "STEP", "SCAN", "TOU3", "ELIM"]
noise = st.binary(max_size=300) | st.lists(st.sampled_from(WORDS), max_size=60).map(
    lambda words: "".join(words).encode("latin-1")
)


def talk(device_class, chunks):
    bench = Bench()
    bench.gate.contact.move(True)
    device = device_class(bench)
    host = Host(bench, device.line)
    for chunk in chunks:
        host.type(chunk)
        host.wait(0.3)
        host.read()
    return bench, device


@pytest.mark.parametrize("device_class", [ArroyoLaser, ArroyoTec, XeryonStage, InterlockBoard])
@settings(max_examples=60, deadline=None)
@given(chunks=st.lists(noise, max_size=6))
def test_noise_raises_nothing_and_starts_nothing(device_class, chunks):
    bench, _ = talk(device_class, chunks)
    assert bench.diode.driven_a == 0.0
    assert bench.tec.regulated is None or bench.tec.regulated[0] is False
    assert bench.gate.coil_moves == []


@settings(max_examples=60, deadline=None)
@given(bodies=st.lists(st.text(alphabet="HBMOVTCLID,0123456789*$", max_size=40), max_size=8))
def test_well_framed_nonsense_does_not_close_the_gate_without_a_pedal(bodies):
    bench, _ = talk(InterlockBoard, [framed(body) for body in bodies])
    assert bench.gate.coil_moves == []
    assert 0 <= bench.smoothing.pwm <= 153


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(
        st.tuples(
            st.sampled_from(TAGS),
            st.integers(-(10**10), 10**10),
        ),
        max_size=12,
    )
)
@example(values=[*[("INFO", 0)] * 8, ("SSPD", 173514), ("STEP", 30400)])
def test_no_setting_of_the_stage_breaks_its_moves(values):
    lines = [b"ENBL=1\n", b"INDX=1\n", *(f"{tag}={value}\n".encode() for tag, value in values)]
    bench, stage = talk(XeryonStage, lines)
    assert -45000.0 <= bench.stage.position_um() <= 45000.0
    assert stage.motion.target_counts == int(stage.motion.target_counts)
