"""The Arroyo command language: what WIRE.md says about spelling, paths, ends, numbers and errors."""

import pytest

from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from simulators.wire.arroyo_tec import ArroyoTec, TecOptions
from tests.simulators.wire.wire_bench import Bench, Host


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def host(bench):
    return Host(bench, ArroyoLaser(bench).line)


def test_the_laser_names_itself_with_blanks_between(host):
    assert host.ask("*IDN?") == "Arroyo 4320 SIM-LASER 1.0-sim 0"


def test_the_tec_names_itself(bench):
    assert Host(bench, ArroyoTec(bench).line).ask("*IDN?") == "Arroyo 5305 SIM-TEC 1.0-sim 0"


@pytest.mark.parametrize(
    "spelling",
    ["LAS:SET:LDI?", "las:set:ldi?", "LASer:SET:LDI?", "laser:set:ldi?", ":LAS:SET:LDI?", " LAS:SET:LDI?  "],
)
def test_short_and_long_forms_in_any_case_mean_the_same(host, spelling):
    host.say("LASER:LDI 1234")
    assert host.ask(spelling) == "1234"


@pytest.mark.parametrize("spelling", ["LASE:OUT?", "LA:OUT?", "LAS:OUTP?", "LAS:LIMI:LDI?", "LAS:OUT??", "?"])
def test_no_other_spelling_is_known(host, spelling):
    assert host.ask(spelling) == ""
    assert host.ask("ERR?") == "123"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_command_ends_with_cr_or_lf_or_both(host, end):
    host.type(b"LAS:OUT?" + end)
    host.wait(0.1)
    assert host.read() == b"0\r\n"


def test_a_bare_end_is_nothing(host):
    host.type(b"\r\r\n\n")
    host.wait(0.1)
    assert host.ask("ERR?") == "0"


def test_a_set_takes_no_reply(host):
    assert host.ask("LAS:LDI 100") == ""


def test_a_joined_command_keeps_the_path(host):
    host.say("LAS:LDI 10;LDI 20")
    assert host.ask("LAS:SET:LDI?") == "20"


def test_the_path_kept_is_the_whole_path(host):
    host.say("LAS:LIM:LDI 900;LDI 700")
    assert host.ask("LAS:LIM:LDI?") == "700"
    assert host.ask("LAS:SET:LDI?") == "0"


@pytest.mark.parametrize(
    "line",
    [
        "LAS:LDI 10;:LAS:SET:LDI?",
        "LAS:LDI 10;LAS:SET:LDI?",
        "LASER:LDI 10; LASER:SET:LDI?",
        "LAS:LIM:LDI 900;LAS:LDI 10;SET:LDI?",
        "LAS:LDI 10;ERRSTR?;SET:LDI?",
    ],
)
def test_what_is_not_found_below_the_path_is_looked_up_from_the_root(host, line):
    assert host.ask(line).removeprefix("0,") == "10"
    assert host.ask("ERR?") == "0"


def test_the_path_comes_before_the_root(host):
    assert host.ask("LAS:LIM:LDI 900;LDI 700;:LAS:LIM:LDI?;:LAS:SET:LDI?") == "700,0"
    assert host.ask("LASER:MODE:LDV;LDV 0.5;:LAS:MODE?;:ERR?") == "LDV,0"


def test_nothing_is_found_at_a_root_that_was_named(host):
    assert host.ask("LAS:LDI 10;:LDI 20;:ERR?;:LAS:SET:LDI?") == "123,10"


def test_a_set_with_an_error_query_behind_tells_whether_it_was_taken(host):
    assert host.ask("LAS:LDI 100;ERRSTR?") == "0"
    assert host.ask("LAS:LDI 99999;ERRSTR?") == '201,"Out of range"'
    assert host.ask("ERRSTR?") == "0"


def test_several_queries_are_answered_in_one_line(host):
    assert host.ask("LAS:OUT?;SET:LDI?") == "0,0"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("LAS:NONSENSE 1", 123),
        ("LAS:INC?", 123),
        ("LAS:SET:LDI 1", 123),
        ("LAS:LDI abc", 124),
        ("LAS:LDI nan", 124),
        ("LAS:LDI inf", 124),
        ("LAS:LDI 0x10", 124),
        ("LAS:OUT MAYBE", 124),
        ("TERM 1.5", 124),
        ("LAS:LDI", 126),
        ("LAS:LDI 1,2", 126),
        ("LAS:TOL 5", 126),
        ("LAS:LDI? 5", 126),
        ("LAS:LDI -1", 201),
        ("LAS:LDI 1e999", 201),
        ("LAS:LDI 20001", 201),
        ("LAS:OUT 2", 201),
        ("LAS:LIM:LDI 20100", 201),
        ("ONDELAY 30001", 201),
        ("LAS:ENAB:OUTOFF 65536", 201),
        ("TERM 8", 201),
        ("*RCL 11", 201),
    ],
)
def test_what_is_refused_is_named_in_the_error_queue(host, command, code):
    host.say(command)
    assert host.ask("ERR?") == str(code)
    assert host.ask("LAS:OUT?;SET:LDI?;LIM:LDI?") == "0,0"


def test_errors_queue_and_reading_empties_them(host):
    host.say("LAS:LDI -5")
    host.say("LAS:LDI x")
    assert host.ask("ERR?") == "201,124"
    assert host.ask("ERR?") == "0"


def test_the_error_queue_is_bounded(host):
    for _ in range(30):
        host.say("X")
    assert host.ask("ERR?") == ",".join(["123"] * 10)


def test_cls_clears_errors_and_events(host):
    host.say("LAS:LDI x")
    host.say("*CLS")
    assert host.ask("ERR?") == "0"
    assert host.ask("LAS:EVE?") == "0"


@pytest.mark.parametrize(("length", "error"), [(128, "123"), (129, "102"), (300, "102")])
def test_the_input_buffer_holds_128_characters(host, length, error):
    host.say("x" * length, seconds=0.3)
    assert host.ask("ERR?") == error


def test_commands_flooding_in_while_one_is_worked_on_overflow_the_buffer(host):
    host.say("\n".join(["LAS:SET:LDI?"] * 40), seconds=3.0)
    answers = host.read().count(b"\r\n")
    assert 0 < answers < 40
    assert "102" in host.ask("ERR?")


@pytest.mark.parametrize(
    ("mode", "end"),
    [(0, b"\r\n"), (1, b"\r\n"), (2, b"\r"), (3, b"\r"), (4, b"\n"), (5, b"\n"), (6, b""), (7, b"")],
)
def test_term_chooses_the_end_of_answers(host, mode, end):
    host.say(f"TERM {mode}")
    host.say("LAS:OUT?")
    assert host.read() == b"0" + end


def test_terminal_mode_glues_the_echo_to_the_answer(bench):
    host = Host(bench, ArroyoLaser(bench, LaserOptions(terminal_echo=True)).line)
    assert host.ask("LAS:OUT?") == "LAS:OUT?0"
    assert host.ask("TERMINAL 0") == "TERMINAL 0"
    assert host.ask("LAS:OUT?") == "0"


def test_radix_and_hexfloat_change_the_form_of_numbers(host):
    host.say("RADIX HEX")
    assert host.ask("LAS:ENAB:OUTOFF?") == "#H9D9E"
    host.say("LAS:ENAB:OUTOFF #H10")
    host.say("RADIX DEC")
    assert host.ask("LAS:ENAB:OUTOFF?") == "16"
    host.say("LAS:LDI 1")
    host.say("HEXFLOAT 1")
    assert host.ask("LAS:SET:LDI?") == "#E3F800000"
    host.say("HEXFLOAT 0")
    assert host.ask("ONDELAY?;LAS:STEP?;:RADIX HEX;ONDELAY?;LAS:STEP?") == "3000,1,#HBB8,#H1"
    for radix, said in (("OCT", "#O20"), ("BIN", "#B10000"), ("DEC", "16")):
        host.say(f"RADIX {radix}")
        assert host.ask("LAS:ENAB:OUTOFF?") == said


@pytest.mark.parametrize(
    "form", ["10", "1E1", "+10.0", "#HA", "#ha", "#O12", "#B1010", "#E41200000", "#E4024000000000000"]
)
def test_a_number_is_taken_in_every_form(host, form):
    assert host.ask(f"LAS:LDI {form};SET:LDI?;:ERR?") == "10,0"


@pytest.mark.parametrize(
    "form", ["#Q12", "#O8", "#H", "#E4120000", "#E4120000G", "#E", "#E7FC00000", "#EFFF0000000000000"]
)
def test_what_is_no_number_is_of_the_wrong_type(host, form):
    assert host.ask(f"LAS:LDI {form};ERR?") == "124"


@pytest.mark.parametrize(
    ("word", "on"), [("FALSE", 0), ("NEW", 0), ("OFF", 0), ("TRUE", 1), ("OLD", 1), ("ON", 1)]
)
def test_truth_has_eight_words(host, word, on):
    host.say(f"HEXFLOAT {1 - on}")
    assert host.ask(f"HEXFLOAT {word};HEXFLOAT?") == str(on)


def test_answers_take_5_to_30_ms(host):
    times = []
    for _ in range(60):
        host.type(b"LAS:OUT?\n")
        start_s = host.kernel.now_s
        while not host.line.in_waiting:
            host.wait(0.0005)
            assert host.kernel.now_s < start_s + 1.0
        times.append(host.kernel.now_s - start_s)
        host.wait(0.05)
        host.read()
    assert min(times) > 0.005
    assert max(times) < 0.036  # plus 3.2 ms on the wire, and the adapter
    assert max(times) - min(times) > 0.015


def test_commands_are_worked_off_one_after_another(host):
    host.type(b"LAS:LDI 5\nLAS:SET:LDI?\nLAS:LDI 6\nLAS:SET:LDI?\n")
    host.wait(0.5)
    assert host.read() == b"5\r\n6\r\n"


def test_a_thorough_reset_is_deaf_for_125_ms_and_goes_back_to_the_factory(host):
    host.say("LAS:LDI 500;LIM:LDI 1000;:ONDELAY 0")
    host.say("*RST 1", seconds=0.04)
    assert host.ask("LAS:SET:LDI?", seconds=0.05) == ""
    host.wait(0.1)
    assert host.ask("LAS:SET:LDI?;:LAS:LIM:LDI?;:ONDELAY?") == "0,20000,3000"
    assert host.ask("ERR?") == "0"


@pytest.mark.parametrize("reset", ["*RST", "*RST 0"])
def test_a_plain_reset_goes_back_to_the_factory_and_hears_on(host, reset):
    host.say("LAS:LDI 500;LIM:LDI 1000;:ONDELAY 0")
    host.type(f"{reset}\nLAS:SET:LDI?\nONDELAY?\n".encode())
    host.wait(0.11)
    assert host.read() == b"0\r\n3000\r\n"


@pytest.mark.parametrize("seed", range(8))
def test_a_host_that_waits_125_ms_after_its_reset_is_heard(seed):
    bench = Bench(seed)
    host = Host(bench, ArroyoLaser(bench).line)
    host.type(b"*RST 1\n")
    on_the_wire_s = 7 * 10 / 38400
    host.wait(on_the_wire_s + 0.1255)
    assert host.ask("ONDELAY?;:ERR?") == "3000,0"


def test_what_stands_behind_a_thorough_reset_in_its_line_is_done_when_it_is_over(host):
    host.say("*RST 1;ERR?;LAS:LDI 5", seconds=0.12)
    assert host.read() == b""
    host.wait(0.03)
    assert host.read() == b"0\r\n"
    assert host.ask("LAS:SET:LDI?") == "5"


def test_saved_settings_come_back(host):
    host.say("LAS:LDI 500;LIM:LDI 1000")
    host.say("*SAV 3")
    host.say("LAS:LDI 1;LIM:LDI 200")
    host.say("*RCL 3")
    assert host.ask("LAS:SET:LDI?;:LAS:LIM:LDI?") == "500,1000"


def test_the_small_common_queries(host):
    assert host.ask("*OPC?") == "1"
    assert host.ask("SN?") == "SIM-LASER"
    assert host.ask("VER?") == "1.0-sim"
    host.wait(3700)
    assert host.ask("TIME?").startswith("1:01:4")
    assert host.ask("LOCAL;BEEP 1;TERM?;TERMINAL?;RADIX?;HEXFLOAT?") == "0,0,DEC,0"
    assert host.ask("ERR?") == "0"


def test_the_status_byte_says_that_an_error_waits(host):
    host.say("*CLS")
    before = int(host.ask("*STB?"))
    host.say("LAS:LDI x")
    assert int(host.ask("*STB?")) == before | 0x80


def test_a_device_may_be_found_with_no_end_of_line(bench):
    host = Host(bench, ArroyoLaser(bench, LaserOptions(terminal_mode=6)).line)
    host.say("LAS:OUT?")
    assert host.read() == b"0"
    host.say("TERM 0")
    host.say("LAS:OUT?")
    assert host.read() == b"0\r\n"


def test_a_device_may_know_no_ondelay(bench):
    bench.gate.contact.move(True)
    host = Host(bench, ArroyoLaser(bench, LaserOptions(on_delay=False)).line)
    assert host.ask("ONDELAY 0;ERR?") == "123"
    host.say("LAS:LDI 100;OUT 1")
    assert bench.diode.driven_a == 0.1


@pytest.mark.parametrize("word", ["ILBW", "I", "ICW"])
def test_a_device_may_name_constant_current_otherwise(bench, word):
    host = Host(bench, ArroyoLaser(bench, LaserOptions(current_mode=word)).line)
    assert host.ask("LAS:MODE?") == word
    assert host.ask("LAS:MODE:MDP;:LAS:MODE?") == "MDP"
    assert host.ask("LAS:MODE:I;:LAS:MODE?;:ERR?") == f"{word},0"


@pytest.mark.parametrize("model", ["4308", "9999"])
def test_a_device_may_answer_as_another_model(bench, model):
    host = Host(bench, ArroyoLaser(bench, LaserOptions(model=model, serial="OTHER")).line)
    assert host.ask("*IDN?") == f"Arroyo {model} OTHER 1.0-sim 0"


def test_a_device_may_not_answer_at_all(bench):
    host = Host(bench, ArroyoTec(bench, TecOptions(answers=False)).line)
    assert host.ask("*IDN?") == ""


def test_a_device_at_another_baud_answers_nothing_of_sense(bench):
    host = Host(bench, ArroyoLaser(bench, LaserOptions(baud=9600)).line, baud=38400)
    host.say("*IDN?\n*IDN?\nLAS:OUT?", seconds=0.5)
    assert b"Arroyo" not in host.read()
