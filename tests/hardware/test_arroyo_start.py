"""The start sequence of both Arroyo drivers, and what makes them give up and begin anew."""

import pytest

from benchmarks.rigs.variants import LASERS, TECS
from hardware.conversation import TRIES
from hardware.interfaces import Identity, LinkState, Origin
from tests.hardware.arroyo_bench import (
    TEC,
    changed,
    identity,
    laser_bench,
    limit_ma,
    tec_bench,
)
from tests.hardware.variants import ALONE, EACH_TEC, each

variant = each(LASERS)
LASER_START = [
    "LAS:OUT 0",
    "LAS:OUT 0",
    "TERMINAL 0",
    "TERM 0",
    "*IDN?",
    "RADIX DEC",
    "HEXFLOAT 0",
    "LAS:OUT?",
    "ERRSTR?",
    "LAS:EVE?",
    "LAS:COND?",
    "LAS:SET:LDI?",
    "*CLS",
    "LAS:LDI 0",
    "LAS:SET:LDI?",
    "LAS:MODE?",
    "LAS:LIM:LDI 10500",
    "LAS:LIM:LDI?",
    "LAS:LIM:LDV 4.00",
    "LAS:LIM:LDV?",
    "LAS:ENAB:OUTOFF 40350",
    "LAS:ENAB:OUTOFF?",
    "LAS:TOL 100,1.0",
    "LAS:TOL?",
    "ONDELAY 0",
    "ONDELAY?",
]
TEC_START = [
    "",
    "TERMINAL 0",
    "TERM 0",
    "*IDN?",
    "RADIX DEC",
    "HEXFLOAT 0",
    "ERRSTR?",
    "TEC:COND?",
    "TEC:MODE?",
    "TEC:LIM:ITE 4.00",
    "TEC:LIM:ITE?",
    "TEC:ENAB:OUTOFF 1240",
    "TEC:ENAB:OUTOFF?",
    "TEC:TOL 0.10,5.0",
    "TEC:TOL?",
    "TEC:LIM:THI?",
    "TEC:LIM:TLO?",
    "TEC:T 25.00",
    "TEC:SET:T?",
    "TEC:LIM:THI 40.00",
    "TEC:LIM:THI?",
    "TEC:LIM:TLO 10.00",
    "TEC:LIM:TLO?",
    "TEC:T 25.00",
    "TEC:SET:T?",
    "TEC:OUT 1",
    "TEC:COND?",
]
BENCHES = pytest.mark.parametrize(
    ("make", "start", "variant"),
    [
        pytest.param(make, start, variant, id=f"{start[-1]} {name}")
        for make, start, table in ((laser_bench, LASER_START, LASERS), (tec_bench, TEC_START, TECS))
        for name, variant in table.items()
    ],
    indirect=["variant"],
)


def met_with(start, variant):
    """Return what is sent at the start, as far as this instrument answers at once."""
    is_laser = start is LASER_START
    limits = {
        "LAS:LIM:LDI 10500": f"LAS:LIM:LDI {limit_ma()}" if is_laser else "",
        "TEC:LIM:ITE 4.00": "" if is_laser else f"TEC:LIM:ITE {changed(TEC).current_limit_a:.2f}",
    }
    lines = [limits.get(line, line) for line in start]
    for command in variant.lacks:
        del lines[lines.index(f"{command}?") + 1 :]
    return lines


@BENCHES
@pytest.mark.parametrize("period_s", [0.001, 0.010, 0.020])
def test_the_start_sequence_is_the_pages_at_every_polling_rate(make, start, period_s, variant):
    bench = make(period_s).ready()
    start = met_with(start, variant)
    assert bench.wire.sent()[: len(start)] == start
    assert bench.driver.problem is None
    assert bench.driver.origin is Origin.SIM
    assert bench.driver.unanswered_questions == TRIES * len(variant.lacks)
    assert bench.driver.refused_answers == 0
    assert bench.driver.found_at_start == variant.said


@BENCHES
@pytest.mark.parametrize("ends", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("chunk", [1, None])
@pytest.mark.parametrize("echo", [True, False])
def test_it_starts_with_every_line_end_an_echo_and_byte_by_byte(make, start, ends, chunk, echo, variant):
    bench = make(0.002)
    bench.wire.ends, bench.wire.chunk, bench.wire.echo = ends, chunk, echo
    bench.ready()
    start = met_with(start, variant)
    assert bench.wire.sent()[: len(start)] == start
    assert bench.driver.refused_answers == 0


@ALONE
def test_an_answer_without_sense_is_refused_after_three_tries():
    bench = laser_bench(**{"LAS:OUT?": "perhaps"})
    bench.wire.stuck.add("LAS:OUT?")
    bench.run(2.0)
    assert bench.driver.link is LinkState.REFUSED
    assert bench.driver.problem.startswith("laser on sim://laser: LAS:OUT? is not answered properly")
    assert [line for line in bench.wire.sent() if line != "LAS:OUT 0"][5:] == [
        "LAS:OUT?",
        *("*IDN?", "LAS:OUT?"),
        *("*IDN?", "LAS:OUT?"),
    ]


def test_what_was_in_the_line_before_is_drained():
    bench = laser_bench()
    bench.wire.say(b'201,"Out of range"\r\nArroyo 4302 OTHER 1 1\r\n')
    bench.ready()
    _, model, serial_number, *firmware = identity().split()
    assert bench.driver.identity == Identity(
        model=model, serial_number=serial_number, firmware=" ".join(firmware)
    )


def test_errors_events_and_conditions_are_recorded_before_they_are_cleared(variant):
    conditions = str(1 << 4 | 1 << 9 | 1 << 8)
    bench = laser_bench(**{"LAS:EVE?": "144", "LAS:COND?": conditions})
    bench.wire.queued.append('501,"Interlock"')
    bench.ready()
    assert bench.driver.found_at_start == (
        "error 501 laser interlock open",
        "event open circuit",
        "condition short circuit",
        *variant.said,
    )
    sent = bench.wire.sent()
    assert max(sent.index("ERRSTR?"), sent.index("LAS:EVE?"), sent.index("LAS:COND?")) < sent.index("*CLS")
    assert sent.count("*CLS") == 1


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"LAS:EVE?": str(1 << 10)}, ("output found on; switched off first of all",)),
        ({"LAS:SET:LDI?": "4000"}, ("set point 4000 mA; set to 0",)),
        ({}, ()),
    ],
)
def test_a_laser_found_on_is_off_before_anything_else_and_that_is_reported(answers, found, variant):
    bench = laser_bench(**answers)
    bench.step()
    assert bench.wire.sent() == ["LAS:OUT 0", "LAS:OUT 0"]
    bench.ready()
    assert bench.driver.found_at_start == (*found, *variant.said)


def test_half_a_command_left_in_the_lasers_buffer_does_not_swallow_the_off():
    bench = laser_bench(**{"LAS:OUT?": "1"})
    bench.wire.half = "LAS:LD"
    bench.step()
    assert bench.wire.sent() == ["LAS:LDLAS:OUT 0", "LAS:OUT 0"]
    assert bench.wire.answers["LAS:OUT?"] != "1", "it has taken the second"


HOT, COLD = ("60.00", "50.00"), ("5.00", "-5.00")


@EACH_TEC
@pytest.mark.parametrize(("held", "held_c"), [(HOT, 55.0), (COLD, 0.0), (("30.00", "20.00"), 21.0)])
def test_no_limit_or_set_point_is_refused_on_the_way_whatever_the_controller_holds(held, held_c):
    """A controller may refuse a limit that crosses the other or the set point, and a set point outside."""
    high, low = held
    bench = tec_bench(**{"TEC:LIM:THI?": high, "TEC:LIM:TLO?": low}).ready()
    place = {"TEC:LIM:THI": float(high), "TEC:LIM:TLO": float(low), "TEC:T": held_c}
    writes = [line.split(" ") for line in bench.wire.sent() if line.split(" ")[0] in place and " " in line]
    assert len(writes) >= 3
    for command, value in writes:
        place[command] = float(value)
        assert place["TEC:LIM:TLO"] < place["TEC:T"] < place["TEC:LIM:THI"], (command, value)
    assert place == {"TEC:LIM:THI": 40.0, "TEC:LIM:TLO": 10.0, "TEC:T": 25.0}


@EACH_TEC
def test_a_controllers_trips_are_recorded_and_its_usual_bits_are_not(variant):
    bench = tec_bench(**{"ERRSTR?": "402", "TEC:COND?": str(1 << 6 | 1 << 9 | 1 << 10)}).ready()
    found = ("error 402 TEC sensor open", "condition sensor open")
    assert bench.driver.found_at_start == (*found, *variant.said)


@BENCHES
def test_nobody_at_the_line_is_lost_after_three_tries(make, start, variant):
    bench = make()
    bench.wire.deaf = True
    bench.run_until(lambda: bench.driver.link is LinkState.LOST)
    assert bench.wire.sent().count("*IDN?") == (2 if variant.combo else 3), "the other half tries too"
    assert bench.now_s == pytest.approx(0.2 + 3 * 0.5, abs=0.06)
    for word in (bench.wire.url, "38400 baud", "switched on", "cable"):
        assert word in bench.driver.problem


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (b"\xf8\x80\x00\xfe\x80", "the bytes make no sense at 38400 baud: check the baud rate and the cable"),
        (b"ILX Lightwave,LDX-3620,1\r\n", "LDX-3620,1\\r\\n' is no answer of a laser: check that the port"),
        (b"STAT=0\n", "'STAT=0\\n' is no answer of a laser: check that the port is this device's"),
    ],
)
def test_what_is_no_arroyos_answer_is_told_and_the_device_met_again_when_it_makes_sense(noise, said):
    bench = laser_bench()
    bench.wire.deaf = True
    bench.run(0.3)
    bench.wire.say(noise)
    bench.run_until(lambda: bench.driver.link is LinkState.LOST)
    assert bench.driver.problem.startswith("laser on sim://laser: ")
    assert said in bench.driver.problem
    bench.wire.deaf = False
    bench.ready()
    assert bench.driver.problem is None


@pytest.mark.parametrize("ready", [False, True], ids=["at the start", "while running"])
@pytest.mark.parametrize("noise", [b"\xf8\x80\x00\xfe", b"\xf8\x80\r\x00\xfe\n", b"\x1f1\r\n", b"\r\n"])
def test_noise_to_every_question_is_a_lost_device_and_never_a_refused_one(ready, noise):
    """As a device that speaks at another speed answers; it is met when its speed is right again."""
    bench = laser_bench()
    if ready:
        bench.ready()
    true, bench.wire.answers = bench.wire.answers, {}
    links, heard = set(), 0
    for _ in range(800):
        asked = sum("?" in line for line in bench.wire.sent())
        if asked > heard:
            bench.wire.say(noise, after_s=0.02)
        heard = asked
        bench.step()
        links.add(bench.driver.link)
    assert links <= {LinkState.READY, LinkState.CONNECTING, LinkState.LOST}
    assert LinkState.LOST in links
    bench.wire.answers = true
    bench.run_until(lambda: bench.driver.link is LinkState.READY, within_s=12.0)
    assert bench.driver.problem is None


def test_noise_from_before_is_no_answer():
    bench = laser_bench()
    bench.wire.deaf = True
    bench.wire.say(b"what another program has asked for\r\n")
    bench.run(2.0)
    assert bench.driver.link is LinkState.LOST


@ALONE
def test_a_start_question_without_an_answer_is_asked_again_after_realigning():
    bench = laser_bench()
    del bench.wire.answers["LAS:EVE?"]
    bench.run_until(lambda: bench.driver.unanswered_questions == 1)
    bench.wire.answers["LAS:EVE?"] = "0"
    bench.ready()
    sent = bench.wire.sent()
    at = sent.index("LAS:EVE?")
    assert sent[at + 1 : at + 3] == ["*IDN?", "LAS:EVE?"]


def test_a_port_that_is_not_there_is_tried_again_with_growing_pauses():
    bench = laser_bench()
    bench.wire.gone = True
    bench.run(34.0)
    assert bench.driver.link is LinkState.LOST
    assert "laser: port sim://laser is not there" in bench.driver.problem
    pauses = [b - a for a, b in zip(bench.wire.openings, bench.wire.openings[1:], strict=False)]
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 8, 8], abs=0.02)


def test_the_pauses_begin_anew_when_it_was_ready():
    bench = laser_bench()
    bench.wire.gone = True
    bench.run(5.0)
    bench.wire.gone = False
    bench.ready()
    bench.wire.gone = True
    bench.run(2.0)
    first, second = bench.wire.openings[-2:]
    assert second - first == pytest.approx(1.0, abs=0.02)


def test_commands_do_not_hurry_the_opening():
    bench = laser_bench()
    bench.wire.gone = True
    for tick in range(100):
        bench.step(lambda tick=tick: bench.driver.want(tick % 2 == 0, 0.0))
    assert len(bench.wire.openings) == 2
