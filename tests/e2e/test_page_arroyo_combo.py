"""What WIRE.md says of a ComboSource, by a client that knows nothing else: two trees on one port."""

import contextlib

import pytest

from tests.e2e.page_arroyo import opened
from tests.e2e.page_bench import served_cart, until
from tests.e2e.treat_bench import config_text

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def cart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cart")
    box = {"port": "sim://combo", "model": "6310", "serial_number": "SIM-COMBO"}
    changes = {f"devices__{key}__{name}": value for key in ("laser", "tec") for name, value in box.items()}
    config = folder / "combo.yaml"
    config.write_text(config_text(**changes), encoding="utf-8")
    with served_cart(folder, config) as cart:
        cart.turn(laser__interlock_plug="closed")
        yield cart


@pytest.fixture(scope="module")
def terminal(cart):
    with contextlib.closing(opened(cart, "combo")) as instrument:
        yield instrument


@pytest.fixture
def box(terminal):
    """A ComboSource as from the factory, without delay."""
    terminal.ask("*RST 1;*CLS;ONDELAY 0;*OPC?")
    return terminal


def test_the_box_has_one_port(cart):
    assert set(cart.ports) == {"combo", "stage", "board"}


LINES = [
    ("one model and serial number", "*IDN?", "Arroyo 6310 SIM-COMBO 1.0-sim 0"),
    ("both trees answer there", "LAS:LDI 10;TEC:T 24.5;LAS:SET:LDI?;TEC:SET:T?", "10,24.50"),
    ("one error queue", "TEC:T 999;LAS:LDI abc;FOO;ERR?", "201,124,123"),
    ("... as pairs", "TEC:T 999;ERRSTR?", '201,"Out of range"'),
    ("mA and A", "LAS:LIM:LDI 900;TEC:LIM:ITE 4.5;ITE?;LAS:LIM:LDI?", "4.50,900"),
    ("OUTOFF of each", "LAS:ENAB:OUTOFF?;TEC:ENAB:OUTOFF?", "40350,1240"),
    ("*RST is both's", "LAS:LDI 9;TEC:T 24;*RST;LAS:SET:LDI?;TEC:SET:T?", "0,25.00"),
    ("*SAV and *RCL are both's", "LAS:LDI 9;TEC:T 24;*SAV 2;*RST;*RCL 2;LAS:SET:LDI?;TEC:SET:T?", "9,24.00"),
    ("ONDELAY is the laser's", "ONDELAY 5;ONDELAY?", "5"),
    ("without its TEC the laser stays off: error 508", "LAS:OUT 1;OUT?;ERR?", "0,508"),
    ("... unless OUTOFF says otherwise", "LAS:ENAB:OUTOFF 39326;LAS:OUT 1;OUT?;ERR?", "1,0"),
    ("with its TEC it goes on", "TEC:OUT 1;LAS:OUT 1;OUT?;ERR?", "1,0"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "sent", "said"), LINES, ids=[row[0] for row in LINES])
def test_the_box_answers_as_its_page_says(box, sentence, sent, said):
    assert box.ask(sent) == said, sentence


def test_status_bits_0_to_3_are_tec_and_laser(box):
    assert box.ask("TEC:OUT 1;LAS:OUT 1;OUT?") == "1"
    assert {0, 1, 2, 3} <= box.bits("*STB?")
    box.ask("TEC:EVE?;LAS:EVE?")
    assert box.bits("*STB?") == {1, 3}


OFF_BY = [
    ("its TEC off", {}, "TEC:OUT 0", {"508"}),
    ("its TEC's temperature", {}, "TEC:ENAB:OUTOFF 0;TEC:LIM:THI 10", {"521"}),
    (
        "a hardware error, and the TEC that goes off for it",
        {"tec__sensor": "open"},
        "",
        {"402", "508", "511"},
    ),
]


@pytest.mark.parametrize(("cause", "world", "sent", "errors"), OFF_BY, ids=[row[0] for row in OFF_BY])
def test_the_lasers_outoff_sees_the_tec_in_its_box(box, cart, cause, world, sent, errors):
    box.ask("TEC:OUT 1;LAS:LDI 1000;OUT 1;OUT?")
    until(lambda: box.number("LAS:LDI?"), lambda current_ma: current_ma > 900)
    box.write(sent + "\n")
    if world:
        cart.turn(**world)
    until(lambda: box.ask("LAS:OUT?"), lambda out: out == "0")
    assert box.number("LAS:LDI?") == pytest.approx(0, abs=5)
    named = set(box.ask("ERR?").split(","))
    assert named
    assert named <= errors
    cart.turn(tec__sensor="ok")


def test_the_mains_of_the_box_are_both_halves(box, cart):
    box.ask("TEC:OUT 1;LAS:LDI 1000;OUT 1;OUT?")
    cart.turn(tec__firmware__mains_blink=True)
    box.heard_for(0.1)
    box.write("LAS:OUT?\n")
    assert box.heard_for(0.3) == b""
    box.heard_for(2.0)
    assert box.ask("TEC:OUT?;LAS:OUT?") == "1,1"
    until(lambda: box.number("LAS:LDI?"), lambda current_ma: current_ma > 900)
