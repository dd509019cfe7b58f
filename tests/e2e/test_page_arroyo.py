"""The WIRE.md of the Arroyo laser and TEC drivers, sentence by sentence, by a client that knows nothing else.

Each row is a line a stranger would type and what WIRE.md says the instrument does. A set command is
answered by nothing, so the query behind it shows what became of it: one line out, one line back.
"""

import contextlib
import re

import pytest

from tests.e2e.page_arroyo import opened
from tests.e2e.page_bench import served_cart, until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def cart(tmp_path_factory):
    with served_cart(tmp_path_factory.mktemp("cart")) as cart:
        yield cart


@pytest.fixture(scope="module")
def laser_terminal(cart):
    cart.turn(laser__interlock_plug="closed")
    with contextlib.closing(opened(cart, "laser")) as instrument:
        yield instrument


@pytest.fixture(scope="module")
def tec_terminal(cart):
    with contextlib.closing(opened(cart, "tec")) as instrument:
        yield instrument


@pytest.fixture
def laser(laser_terminal):
    """A laser driver, off, with factory limits and no delay, its interlock pins joined."""
    laser_terminal.ask(
        "LAS:OUT 0;MODE:ILBW;LAS:LIM:LDI 20000;LDV 5;LAS:LDI 0;ENAB:OUTOFF 40350;ONDELAY 0;*CLS;*OPC?"
    )
    laser_terminal.ask("LAS:LDV 0;MDI 0;MDP 0;STEP 1;*OPC?")
    return laser_terminal


@pytest.fixture
def turn(cart, laser):
    """A hand on the world around the laser, which is whole again afterwards."""
    yield cart.turn
    cart.turn(laser__interlock_plug="closed", diode__circuit="ok", laser__thermal_trip=False)
    until(lambda: laser.bits("LAS:COND?"), lambda bits: not bits & {4, 7, 8, 15})


@pytest.fixture
def tec(tec_terminal):
    """A TEC controller, off, with the widest limits."""
    tec_terminal.ask("TEC:ENAB:OUTOFF 1240;TEC:OUT 0;LIM:THI 250;TLO -99;ITE 5;*OPC?")
    tec_terminal.ask("TEC:T 25;ITE 0;TOL 0.2,5;GAIN 30;MODE:T;*CLS;*OPC?")
    return tec_terminal


LASER_LINES = [
    ("case-insensitive", "las:Out?", "0"),
    ("long form", "LASer:OUTput?", "0"),
    ("long form in capitals", "LASER:OUTPUT?", "0"),
    ("neither the short nor the long form", "LASE:OUT?;:ERR?", "123"),
    ("one blank before the first parameter", "LAS:LDI 12;SET:LDI?", "12"),
    ("commas between parameters", "LAS:TOL 25,3;ERRSTR?", "0"),
    ("; joins commands and keeps the path", "LAS:LDI 10;OUT 0;SET:LDI?", "10"),
    ("... and what is not found there is looked up from the root", "LAS:LDI 100;LAS:SET:LDI?", "100"),
    ("... in its long form, behind a blank", "LASER:LDI 10; LASER:OUTPUT 0; LASER:SET:LDI?", "10"),
    ("... and without an error", "LASER:LDI 10; LASER:OUTPUT 0;ERRSTR?", "0"),
    ("the remembered level comes first", "LAS:LIM:LDI 900;LDI 700;:LAS:LIM:LDI?", "700"),
    ("LASER:MODE:LDV;LDV 0.5 changes the mode twice", "LASER:MODE:LDV;LDV 0.5;:LAS:MODE?", "LDV"),
    ("... and no set point", "LASER:MODE:LDV;LDV 0.5;:LAS:SET:LDV?", "0.000"),
    ("... whatever modes they are", "LASER:MODE:LDV;IHBW 0.5;:LAS:MODE?", "IHBW"),
    ("a leading : starts at the root at once", "LAS:LDI 11;:LAS:SET:LDI?", "11"),
    ("... and finds nothing below the path", "LAS:LDI 11;:LDI 12;:ERR?", "123"),
    ("blanks after ; and ,", "LAS:TOL 25, 3; LDI 13;  SET:LDI?", "13"),
    ("#H as input", "LAS:LDI #H10;SET:LDI?", "16"),
    ("#O as input", "LAS:LDI #O17;SET:LDI?", "15"),
    ("#B as input", "LAS:LDI #B101;SET:LDI?", "5"),
    ("#E and 8 digits as input", "LAS:LDI #E41200000;SET:LDI?", "10"),
    ("#E and 16 digits as input", "LAS:LDI #E4024000000000000;SET:LDI?", "10"),
    ("#E of no number", "LAS:LDI #E7FC00000;ERR?", "124"),
    ("RADIX HEX", "RADIX HEX;LAS:ENAB:OUTOFF?;:RADIX DEC", "#H9D9E"),
    ("RADIX OCT", "RADIX OCT;LAS:ENAB:OUTOFF?;:RADIX DEC", "#O116636"),
    ("RADIX BIN", "RADIX BIN;LAS:ENAB:OUTOFF 5;OUTOFF?;:RADIX DEC", "#B101"),
    ("RADIX DEC", "RADIX DEC;LAS:ENAB:OUTOFF?", "40350"),
    ("HEXFLOAT 1", "LAS:LDI 10;:HEXFLOAT 1;:LAS:SET:LDI?;:HEXFLOAT 0", "#E41200000"),
    ("HEXFLOAT 0", "LAS:LDI 10;:HEXFLOAT 0;:LAS:SET:LDI?", "10"),
    *[
        (f"truth: {word}", f"ONDELAY 30000;LAS:OUT {word};OUT?", str(on))
        for on, words in enumerate((("0", "OFF", "FALSE", "NEW"), ("1", "ON", "TRUE", "OLD")))
        for word in words
    ],
    ("*RST is not deaf", "LAS:LDI 9;*RST;LAS:SET:LDI?", "0"),
    ("*RST 1;ERR? is answered after it", "*RST 1;ERR?", "0"),
    ("... which is the factory's", "LAS:LDI 9;:ONDELAY 1;*RST 1;LAS:LDI 5;:ONDELAY?", "3000"),
    ("an older spelling: I for LDI", "LAS:I 50;SET:LDI?", "50"),
    ("... of the set point", "LAS:LDI 51;SET:I?", "51"),
    ("... of the limit, set", "LAS:LIM:I 800;LDI?", "800"),
    ("... of the limit, asked", "LAS:LIM:LDI 800;I?", "800"),
    ("... of the mode", "LAS:MODE:IHBW;I;:LAS:MODE?", "ILBW"),
    ("an older spelling: IPD for MDI", "LAS:MODE:IPD;:LAS:MODE?", "MDI"),
    ("an older spelling: PPD for MDP", "LAS:MODE:PPD;:LAS:MODE?", "MDP"),
    ("a step is 0.01 mA, INC", "LAS:LDI 50;STEP 100;INC;SET:LDI?", "51"),
    ("... DEC", "LAS:LDI 50;STEP 300;DEC;SET:LDI?", "47"),
    ("... and is added up", "LAS:LDI 50;STEP 50;INC;INC;SET:LDI?", "51"),
    ("... within the limit", "LAS:LIM:LDI 100;:LAS:LDI 100;STEP 1;INC;:ERR?", "201"),
    *[
        (f"SET:{name}?", f"LAS:{name} 2;SET:{name}?;ERR?", kept)
        for name, kept in (("LDV", "2.000,0"), ("MDI", "2.0,0"), ("MDP", "2.0,0"))
    ],
    ("... each of its own", "LAS:LDI 3;MDI 4;MDP 5;SET:LDI?;LDV?;MDI?;MDP?", "3,0.000,4.0,5.0"),
    ("... IPD for MDI", "LAS:IPD 6;SET:MDI?", "6.0"),
    ("... PPD for MDP", "LAS:PPD 7;SET:MDP?", "7.0"),
    (
        "a voltage over its limit: error 201, unchanged",
        "LAS:LDV 1;LIM:LDV 2;LAS:LDV 3;ERR?;LAS:SET:LDV?",
        "201,1.000",
    ),
    ("RADIX is every whole number's", "RADIX HEX;ONDELAY 3000;ONDELAY?;:RADIX DEC", "#HBB8"),
    ("tolerance window", "LAS:TOL 25,3;TOL?", "25,3.0"),
    ("BEEP n", "BEEP 2;ERR?", "0"),
    ("voltage limit", "LAS:LIM:LDV 4.5;LDV?", "4.50"),
    ("... at most what the model can", "LAS:LIM:LDV 5.1;ERR?", "201"),
    ("set point resolution 1 mA", "LAS:LDI 1234;SET:LDI?", "1234"),
    ("append a query: 0 when it was taken", "LAS:LDI 100;ERRSTR?", "0"),
    ("code-text pairs", "LAS:LDI 99999;ERRSTR?", '201,"Out of range"'),
    ("a common query keeps its place in any path", "LAS:LDI 1;*OPC?", "1"),
    ("truth as a word", "LAS:OUT OFF;ERR?", "0"),
    ("truth that is none", "LAS:OUT maybe;ERR?", "124"),
    ("a command nobody has: path not found", "FOO 1;ERR?", "123"),
    ("a query nobody has: path not found, no line of its own", "LAS:FOO?;:ERR?", "123"),
    ("the other box's commands", "TEC:T 25;ERR?", "123"),
    ("wrong type", "LAS:LDI abc;ERR?", "124"),
    ("no parameter", "LAS:LDI;ERR?", "126"),
    ("too many parameters", "LAS:LDI 1,2;ERR?", "126"),
    ("errors queue", "FOO;:LAS:LDI abc;LDI -1;ERR?", "123,124,201"),
    ("*CLS clears errors", "FOO;*CLS;ERR?", "0"),
    ("never not-a-number", "LAS:LDI nan;ERR?", "124"),
    ("never infinite", "LAS:LDI inf;ERR?", "124"),
    ("over the limit: unchanged", "LAS:LDI 70;LIM:LDI 100;:LAS:LDI 101;SET:LDI?", "70"),
    ("at the limit", "LAS:LIM:LDI 100;:LAS:LDI 100;ERR?", "0"),
    ("lowering the limit drags the set point", "LAS:LDI 900;LIM:LDI 500;:LAS:SET:LDI?", "500"),
    ("set current in mA: a 4320 takes its 20 A", "LAS:LIM:LDI 20000;:LAS:LDI 20000;SET:LDI?", "20000"),
    ("... and not more", "LAS:LIM:LDI 20001;ERR?", "201"),
    ("factory limit: the maximum", "LAS:LIM:LDI?", "20000"),
    ("current limit resolution 100 mA", "LAS:LIM:LDI 4940;LDI?", "4900"),
    ("OUTOFF default", "LAS:ENAB:OUTOFF?", "40350"),
    ("OUTOFF written", "LAS:ENAB:OUTOFF 24;OUTOFF?", "24"),
    ("mode by default a current", "LAS:MODE?", "ILBW"),
    *[("mode is a path", f"LAS:MODE:{mode};:LAS:MODE?", mode) for mode in ("IHBW", "MDI", "MDP", "LDV")],
    ("a mode nobody has", "LAS:MODE:FOO;:ERR?", "123"),
    ("ONDELAY is 0 ...", "ONDELAY 0;ONDELAY?", "0"),
    ("... to 30000", "ONDELAY 30000;ONDELAY?", "30000"),
    ("... and not more", "ONDELAY 30001;ERR?", "201"),
    ("number form", "RADIX DEC;HEXFLOAT 0;ERR?", "0"),
    ("*OPC?", "*OPC?", "1"),
    ("*SAV and *RCL", "LAS:LDI 60;*SAV 1;LDI 0;*RCL 1;:LAS:SET:LDI?", "60"),
    ("BEEP and LOCAL say nothing", "BEEP 1;:LOCAL;:ERR?", "0"),
]


@pytest.mark.parametrize(("sentence", "sent", "said"), LASER_LINES, ids=[row[0] for row in LASER_LINES])
def test_the_laser_answers_as_its_page_says(laser, sentence, sent, said):
    assert laser.ask(sent) == said, sentence


def test_an_identity_is_blank_separated_words_without_commas(laser):
    """`Arroyo <model> <serial> <firmware> <build>`; VER? and SN? say two of them alone."""
    maker, model, serial_number, firmware, _ = laser.ask("*IDN?").split(" ")
    assert (maker, model) == ("Arroyo", "4320")
    assert (laser.ask("SN?"), laser.ask("VER?")) == (serial_number, firmware)
    assert laser.ask("TIME?")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_command_ends_with_cr_lf_or_both(laser, end):
    laser.write(b"LAS:LDI 5" + end + b"LAS:SET:LDI?" + end)
    assert laser.line() == b"5\r\n"


@pytest.mark.parametrize(("terms", "end"), [("01", b"\r\n"), ("23", b"\r"), ("45", b"\n"), ("67", b"")])
def test_term_chooses_what_ends_a_reply(laser, terms, end):
    for term in terms:
        laser.write(f"TERM {term};*OPC?\n")
        heard = until(lambda: laser.heard_for(0.06), bool)
        assert heard + laser.heard_for(0.06) == b"1" + end
    assert laser.ask("TERM 0;TERM?") == "0"


def test_terminal_1_echoes_characters_glued_to_the_reply(laser):
    laser.ask("TERMINAL 1;*OPC?")
    laser.write("LAS:OUT?\n")
    assert re.fullmatch(rb"LAS:OUT\?[\r\n]*0\r\n", laser.line())
    laser.write("TERMINAL 0\n")
    assert laser.heard_for(0.1).strip() == b"TERMINAL 0"
    assert laser.ask("LAS:OUT?") == "0"


def test_bytes_may_come_one_by_one_and_lines_several_at_once(laser):
    heard = b""
    for byte in b"LAS:LDI 7;SET:LDI?\n":
        laser.write(bytes([byte]))
        heard += laser.heard_for(0.002)
    assert heard + laser.line() == b"7\r\n"
    laser.write("LAS:OUT?\nLAS:LDI 4\nLAS:SET:LDI?\n")
    assert (laser.line(), laser.line()) == (b"0\r\n", b"4\r\n")


def test_past_128_characters_everything_in_the_buffer_is_dropped(laser):
    fits = "LAS:LDI 77;ERR?".ljust(128)
    assert laser.ask(fits) == "0"
    laser.write("LAS:LDI 88;OUT 1;ERR?".ljust(129) + "\n")
    assert laser.ask("ERR?") == "102"
    assert laser.ask("LAS:SET:LDI?;:ERR?").startswith("77")
    laser.write("X" * 400 + "\n")
    assert laser.ask("ERRSTR?").startswith("102,")


def test_reading_empties_the_error_queue_and_status_bit_7_says_it_waits(laser):
    laser.write("FOO\n")
    assert 7 in laser.bits("*STB?")
    assert laser.ask("ERRSTR?") == '123,"Path not found"'
    assert laser.ask("ERRSTR?") == "0"
    assert 7 not in laser.bits("*STB?")


def test_only_rst_1_is_deaf_for_125_ms(laser):
    laser.write("LAS:LDI 55\n*RST\nLAS:LDI 66\nLAS:SET:LDI?\n")
    assert laser.line() == b"66\r\n"
    laser.write("LAS:LDI 55\n*RST 1\nLAS:LDI 66\nLAS:SET:LDI?\n")
    assert laser.heard_for(0.3) == b""
    assert laser.ask("LAS:SET:LDI?") == "0"
    assert laser.ask("ONDELAY?") == "3000"


def test_older_spellings_measure(laser):
    for older, newer in (("I", "LDI"), ("IPD", "MDI"), ("PPD", "MDP")):
        assert laser.number(f"LAS:{older}?") == pytest.approx(laser.number(f"LAS:{newer}?"), abs=5)


def test_cls_clears_events(laser, turn):
    turn(laser__interlock_plug="open")
    until(lambda: laser.bits("LAS:COND?"), lambda bits: 4 in bits)
    assert 2 in laser.bits("*STB?")
    assert laser.ask("*CLS;LAS:EVE?") == "0"


def test_power_up_returns_to_the_last_state(laser, cart):
    """Never assume off."""
    laser.ask("LAS:LIM:LDI 3000;:LAS:LDI 1000;OUT 1;OUT?")
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma > 900)
    cart.turn(laser__firmware__mains_blink=True)
    laser.heard_for(0.1)
    laser.write("LAS:OUT?\n")
    assert laser.heard_for(0.3) == b""
    laser.heard_for(2.0)
    assert laser.ask("LAS:OUT?") == "1"
    assert laser.ask("LAS:LIM:LDI?") == "3000"
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma > 900)


def test_a_wrong_baud_is_never_answered_sensibly_and_the_right_one_is_again(laser):
    laser.port.baudrate = 9600
    laser.write("LAS:OUT?\n")
    assert b"0\r\n" not in laser.heard_for(0.2)
    laser.port.baudrate = 38400
    laser.write("\r")
    laser.heard_for(0.1)
    assert laser.ask("*CLS;LAS:OUT?") == "0"


def test_no_current_flows_for_ondelay_though_the_output_counts_as_on(laser):
    """Bit 10 output on, bit 9 out of tolerance until the current has been in it for its time."""
    laser.ask("ONDELAY 400;:LAS:TOL 10,0.3;LDI 1000;OUT 1;OUT?")
    assert 10 in laser.bits("LAS:COND?")
    assert laser.number("LAS:LDI?") == pytest.approx(0, abs=5)
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma == pytest.approx(1000, abs=5))
    until(lambda: laser.bits("LAS:COND?"), lambda bits: bits == {10})
    assert 1.0 < laser.number("LAS:LDV?") < 4.0
    assert laser.number("LAS:MDI?") > 0
    assert laser.number("LAS:MDP?") > 0
    assert laser.ask("LAS:OUT 0;OUT?") == "0"
    assert laser.number("LAS:LDI?") == pytest.approx(0, abs=5)


@pytest.mark.parametrize(("mode", "kept"), [("MDP", 1000), ("MDI", 150), ("LDV", 1.55)])
def test_the_mode_says_what_is_regulated(laser, mode, kept):
    """Power in mW, photodiode current in uA, voltage in V; the set current counts in its own modes alone."""
    laser.ask(f"LAS:MODE:{mode};LAS:{mode} {kept};LDI 500;OUT 1;OUT?")
    until(lambda: laser.number(f"LAS:{mode}?"), lambda read: read == pytest.approx(kept, rel=0.02))
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: 900 < current_ma < 2500)
    assert laser.ask("LAS:OUT 0;OUT?") == "0"


def test_lowering_the_limit_clamps_and_does_not_switch_off(laser):
    laser.ask("LAS:LDI 1000;OUT 1;OUT?")
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma > 900)
    assert laser.ask("LAS:LIM:LDI 600;:LAS:OUT?") == "1"
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma == pytest.approx(600, abs=5))


OFF_BY = [
    ("a change of mode with the output on", {}, "LAS:MODE:IHBW", "514", None),
    ("the voltage limit", {}, "LAS:LIM:LDV 0.5", "505", 1),
    ("the interlock pins", {"laser__interlock_plug": "open"}, "", "501", 4),
    ("a short", {"diode__circuit": "short"}, "", "509", 8),
    ("an open circuit", {"diode__circuit": "open"}, "", None, 7),
    ("a thermal trip", {"laser__thermal_trip": True}, "", "537", 15),
]


@pytest.mark.parametrize(("cause", "world", "sent", "error", "event"), OFF_BY, ids=[row[0] for row in OFF_BY])
def test_the_output_drops_by(laser, turn, cause, world, sent, error, event):
    """The condition may be fleeting; the event stays until it is read, and is gone then."""
    laser.ask("LAS:LDI 1000;OUT 1;OUT?")
    until(lambda: laser.number("LAS:LDI?"), lambda current_ma: current_ma > 900)
    laser.bits("LAS:EVE?")
    laser.write(sent + "\n")
    turn(**world or {"diode__circuit": "ok"})
    until(lambda: laser.ask("LAS:OUT?"), lambda out: out == "0")
    assert laser.number("LAS:LDI?") == pytest.approx(0, abs=5)
    assert 10 not in laser.bits("LAS:COND?")
    errors = laser.ask("ERR?").split(",")
    assert errors != ["0"]
    assert error is None or errors == [error]
    events = laser.bits("LAS:EVE?")
    assert event is None or event in events
    assert not laser.bits("LAS:EVE?") & {1, 4, 7, 8}  # reading clears


def test_an_open_interlock_refuses_the_output(laser, turn):
    turn(laser__interlock_plug="open")
    until(lambda: laser.bits("LAS:COND?"), lambda bits: 4 in bits)
    laser.ask("*CLS;*OPC?")
    assert laser.ask("LAS:OUT 1;OUT?") == "0"
    assert laser.ask("ERR?") == "501"


def test_what_outoff_does_not_name_leaves_the_output_on(laser):
    laser.ask("LAS:ENAB:OUTOFF 0;:LAS:LDI 1000;OUT 1;OUT?")
    laser.ask("LAS:LIM:LDV 0.5;:LAS:OUT?")
    until(lambda: laser.bits("LAS:COND?"), lambda bits: {1, 10} <= bits)
    assert laser.ask("LAS:OUT?") == "1"


def test_status_bits_tell_laser_condition_from_laser_event(laser):
    """*STB? 2 laser event, 3 laser condition."""
    laser.ask("LAS:LDI 500;OUT 1;OUT?")
    assert {2, 3} <= laser.bits("*STB?")
    laser.ask("LAS:EVE?")
    assert laser.bits("*STB?") & {2, 3} == {3}


def test_there_is_no_host_watchdog(laser):
    """If the program dies, the laser stays as it was."""
    laser.ask("LAS:LDI 500;OUT 1;OUT?")
    laser.port.close()
    laser.port.open()
    assert laser.ask("LAS:OUT?") == "1"


TEC_LINES = [
    ("set point", "TEC:T 24.5;SET:T?", 24.5),
    ("0.01 degC resolution", "TEC:T 24.504;SET:T?", 24.5),
    ("limits reach 250", "TEC:LIM:THI 250;THI?", 250),
    ("... and not more", "TEC:LIM:THI 251;ERR?", 201),
    ("limits reach -99", "TEC:LIM:TLO -99;TLO?", -99),
    ("... and not less", "TEC:LIM:TLO -100;ERR?", 201),
    ("+-5 A in ampere", "TEC:LIM:ITE 4.5;ITE?", 4.5),
    ("... and not more", "TEC:LIM:ITE 5.1;ERR?", 201),
    ("tolerance", "TEC:TOL 0.01,0.1;ERR?", 0),
    ("tolerance at its ends", "TEC:TOL 10,50;ERR?", 0),
    ("narrower than it can", "TEC:TOL 0.009,1;ERR?", 201),
    ("shorter than it can", "TEC:TOL 1,0.09;ERR?", 201),
    ("wider than it can", "TEC:TOL 10.1,1;ERR?", 201),
    ("longer than it can", "TEC:TOL 1,50.1;ERR?", 201),
    ("the maker's own example", "TEC:PID 32,0.5,1;ERR?", 0),
    ("three gains", "TEC:PID 1,2;ERR?", 126),
    ("a gain of the table in another form", "TEC:GAIN #H1E;GAIN?", 30),
    *[("a gain of the table", f"TEC:GAIN {n};GAIN?", n) for n in (1, 3, 5, 10, 30, 50, 100, 300)],
    ("no gain of the table", "TEC:GAIN 2;ERR?", 202),
    ("OUTOFF default", "TEC:ENAB:OUTOFF?", 1240),
    ("the other box's commands", "LAS:OUT 0;ERR?", 123),
    ("the path rule", "TEC:T 24;TEC:SET:T?", 24),
    ("a current that is set", "TEC:ITE 1.5;SET:ITE?", 1.5),
    ("... within its limit", "TEC:LIM:ITE 1;:TEC:ITE 1.1;ERR?", 201),
    ("truth as a word", "TEC:OUT OLD;OUT?", 1),
    ("... and off", "TEC:OUT NEW;OUT?", 0),
    ("OUTOFF written", "TEC:ENAB:OUTOFF 1224;OUTOFF?", 1224),
]


@pytest.mark.parametrize(("sentence", "sent", "said"), TEC_LINES, ids=[row[0] for row in TEC_LINES])
def test_the_tec_answers_as_its_page_says(tec, sentence, sent, said):
    assert tec.number(sent) == said, sentence


def test_the_tec_has_three_modes_and_calculated_gains(tec):
    assert tec.ask("*IDN?").split()[:2] == ["Arroyo", "5305"]
    for mode in ("R", "ITE", "T"):
        assert tec.ask(f"TEC:MODE:{mode};:TEC:MODE?") == mode
    assert tec.ask("TEC:GAIN PID;GAIN?") == "PID"


def test_the_tec_settles_bit_10_at_once_bit_9_last(tec):
    """Currents in ampere: some of its 5 A while it works, and never milliampere figures."""
    near = round(tec.number("TEC:T?") - 0.3, 2)
    tec.ask(f"TEC:TOL 0.5,0.5;T {near};OUT 1;OUT?")
    assert tec.bits("TEC:COND?") & {9, 10} == {9, 10}
    assert {0, 1} <= tec.bits("*STB?")
    assert 0.05 < max(abs(tec.number("TEC:ITE?")) for _ in range(5)) <= 5.0
    assert abs(tec.number("TEC:V?")) <= 12.0
    until(lambda: tec.bits("TEC:COND?"), lambda bits: bits & {9, 10} == {10})
    assert tec.number("TEC:T?") == pytest.approx(near, abs=0.5)


def test_switched_off_the_tec_is_out_of_tolerance_once_the_temperature_has_left_the_window(tec, cart):
    near = round(tec.number("TEC:T?"), 2)
    tec.ask(f"TEC:TOL 5,0.5;T {near};OUT 1;OUT?")
    until(lambda: tec.bits("TEC:COND?"), lambda bits: bits & {9, 10} == {10})
    assert tec.ask("TEC:OUT 0;OUT?") == "0"
    tec.heard_for(1.0)
    assert not tec.bits("TEC:COND?") & {9, 10}
    cart.turn(tec__sensor_offset_c=8.0)
    until(lambda: tec.bits("TEC:COND?"), lambda bits: bits & {9, 10} == {9})
    cart.turn(tec__sensor_offset_c=0.0)


def test_a_current_mode_lets_the_current_flow_that_was_set(tec):
    tec.ask("TEC:ITE 0.5;MODE:ITE;:TEC:OUT 1;OUT?")
    assert tec.number("TEC:ITE?") == pytest.approx(0.5, abs=0.02)
    assert tec.ask("TEC:MODE:T;:TEC:OUT?") == "0"


def test_sensor_resistance_and_constants_are_told(tec):
    assert tec.number("TEC:SEN?") >= 0
    assert tec.number("TEC:R?") > 0
    assert [float(text) for text in tec.ask("TEC:CONST?").split(",")]


@pytest.mark.parametrize("said", ["999.99", "-273.15", "NAN"])
def test_without_a_sensor_no_temperature_is_read(tec, cart, said):
    cart.turn(tec__firmware__missing_sensor=said, tec__sensor="open")
    until(lambda: tec.ask("TEC:T?"), lambda text: text == said)
    cart.turn(tec__sensor="ok")
    until(lambda: tec.bits("TEC:COND?"), lambda bits: 6 not in bits)


def test_the_tec_returns_to_its_last_state_at_power_up(tec, cart):
    tec.ask("TEC:T 24;OUT 1;OUT?")
    cart.turn(tec__firmware__mains_blink=True)
    tec.heard_for(2.2)
    assert tec.ask("TEC:OUT?") == "1"
    assert tec.number("TEC:SET:T?") == 24


TEC_FAULTS = [("sensor", "open", 402, 6), ("module", "open", 403, 7)]


@pytest.mark.parametrize(("part", "fault", "error", "bit"), TEC_FAULTS)
def test_the_tec_goes_off_when_a_lead_breaks(tec, cart, part, fault, error, bit):
    tec.ask("TEC:OUT 1;OUT?")
    tec.bits("TEC:EVE?")
    cart.turn(**{f"tec__{part}": fault})
    until(lambda: tec.ask("TEC:OUT?"), lambda out: out == "0")
    assert tec.ask("ERR?") == str(error)
    assert bit in tec.bits("TEC:EVE?")
    cart.turn(**{f"tec__{part}": "ok"})
    until(lambda: tec.bits("TEC:COND?"), lambda bits: bit not in bits)


@pytest.mark.parametrize(("limit", "bit"), [("THI 15", 3), ("TLO 60", 4)])
def test_the_tec_goes_off_outside_its_temperature_limits(tec, limit, bit):
    tec.ask("TEC:OUT 1;OUT?")
    tec.write(f"TEC:LIM:{limit}\n")
    until(lambda: tec.ask("TEC:OUT?"), lambda out: out == "0")
    assert bit in tec.bits("TEC:COND?")
    assert tec.ask("ERR?") == "407"


def test_the_tec_shows_a_shorted_sensor_and_its_current_limit_and_stays_on(tec, cart):
    """Neither is in the default of OUTOFF."""
    tec.ask("TEC:LIM:ITE 0.05;:TEC:T 60;OUT 1;OUT?")
    until(lambda: tec.bits("TEC:COND?"), lambda bits: {0, 10} <= bits)
    cart.turn(tec__sensor="short")
    until(lambda: tec.bits("TEC:COND?"), lambda bits: {5, 10} <= bits)
    cart.turn(tec__sensor="ok")
    until(lambda: tec.bits("TEC:COND?"), lambda bits: 5 not in bits)
    assert tec.ask("TEC:OUT?") == "1"
