"""What makes an Arroyo driver refuse an instrument: who it is, what it reads back, how it is configured."""

from dataclasses import replace

import pytest

from benchmarks.rigs.variants import LASERS
from hardware.arroyo.models import LASER_MODELS
from hardware.arroyo.models import TECS as TECS_KNOWN
from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import (
    COMBO_MODEL,
    LASER,
    TEC,
    changed,
    identity,
    laser_bench,
    limit_ma,
    tec_bench,
)
from tests.hardware.variants import ALONE, EACH_TEC, each

variant = each(LASERS)


@ALONE
@pytest.mark.parametrize("identity", ["Arroyo 4304 SIM-0001 3.10 x", "Arroyo 4320 SIM-0009 3.10 x"])
def test_another_model_or_serial_number_is_refused_with_both_names(identity):
    bench = laser_bench(**{"*IDN?": identity}).run(1.0)
    _, model, serial_number, *_ = identity.split()
    assert bench.driver.link is LinkState.REFUSED
    assert f"model {model} serial {serial_number} answers" in bench.driver.problem
    assert f"names model {changed(LASER).model} serial SIM-0001" in bench.driver.problem
    assert "correct the configuration" in bench.driver.problem
    assert set(bench.wire.sent()) == {"LAS:OUT 0", "TERMINAL 0", "TERM 0", "*IDN?"}


def test_one_flipped_character_in_the_identity_is_looked_at_again():
    bench = laser_bench()
    bench.run_until(lambda: "*IDN?" in bench.wire.sent())
    bench.wire.say_instead(b"Arroyo 4320 SIM-0009 3.10 x\r\n", after_s=0.01)
    bench.ready()
    assert bench.driver.identity.serial_number == "SIM-0001"


def test_a_refused_laser_is_told_off_again_and_again():
    bench = laser_bench(**{"*IDN?": "Arroyo 4304 SIM-0001 3.10 x"}).run(1.0)
    sent = len(bench.wire.log)
    bench.run(3.0)
    assert bench.wire.sent(since=sent) == ["LAS:OUT 0"] * 3
    assert bench.driver.link is LinkState.REFUSED


def test_a_refused_device_that_is_unplugged_is_met_anew():
    bench = laser_bench(**{"*IDN?": "Arroyo 4304 SIM-0001 3.10 x"}).run(1.0)
    bench.wire.gone = True
    bench.step()
    assert bench.driver.link is LinkState.LOST
    bench.wire.gone = False
    bench.wire.answers["*IDN?"] = identity()
    bench.ready()


@pytest.mark.parametrize(
    ("question", "got", "words"),
    [
        ("LAS:LIM:LDI?", "20000", "LAS:LIM:LDI: wanted {limit} mA, got 20000 mA"),
        ("LAS:LIM:LDI?", "10.5", "wanted {limit} mA, got 10.5 mA"),
        ("LAS:LIM:LDV?", "5", "LAS:LIM:LDV: wanted 4 V, got 5 V"),
        ("LAS:ENAB:OUTOFF?", "40334", "LAS:ENAB:OUTOFF: wanted 40350 bits, got 40334 bits"),
        ("LAS:TOL?", "100,2.0", "LAS:TOL: wanted 100 mA, 1 s, got 100 mA, 2 s"),
        ("ONDELAY?", "3000", "ONDELAY: wanted 0 ms, got 3000 ms"),
        ("LAS:SET:LDI?", "250", "LAS:LDI: wanted 0 mA, got 250 mA"),
    ],
)
def test_a_read_back_that_differs_is_refused_with_command_wanted_and_got(question, got, words, variant):
    bench = laser_bench(**{question: got})
    bench.wire.stuck.add(question)
    if question.removesuffix("?") in variant.lacks:
        assert bench.ready().driver.found_at_start == variant.said, "nothing is read back"
        return
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED)
    assert words.format(limit=limit_ma()) in bench.driver.problem
    assert bench.driver.problem.startswith("laser on sim://laser: ")
    assert bench.driver.condition_bits is None


@EACH_TEC
@pytest.mark.parametrize(
    ("question", "got", "words"),
    [
        ("TEC:LIM:ITE?", "4000", "TEC:LIM:ITE: wanted {limit:g} A, got 4000 A"),
        ("TEC:LIM:THI?", "80", "TEC:LIM:THI: wanted 40 deg C, got 80 deg C"),
        ("TEC:SET:T?", "25.01", "TEC:T: wanted 25 deg C, got 25.01 deg C"),
    ],
)
def test_a_controllers_read_back_that_differs_is_refused(question, got, words, variant):
    errors = '201,"Out of range"' + ",123" * len(variant.lacks)
    bench = tec_bench(**{question: got, "ERRSTR?": errors})
    bench.wire.stuck.add(question)
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED)
    assert words.format(limit=changed(TEC).current_limit_a) in bench.driver.problem
    assert "error 201 value out of range" in bench.driver.problem
    assert "TEC:OUT 1" not in bench.wire.sent()


def test_one_flipped_digit_in_a_read_back_is_looked_at_again():
    bench = laser_bench()
    bench.run_until(lambda: "LAS:LIM:LDI?" in bench.wire.sent())
    bench.wire.say_instead(b"10100\r\n", after_s=0.01)
    bench.ready()
    assert bench.wire.sent().count(f"LAS:LIM:LDI {limit_ma()}") == 2


def test_a_laser_that_stays_on_is_refused():
    bench = laser_bench(**{"LAS:OUT?": "1"})
    bench.wire.stuck.add("LAS:OUT?")
    bench.run(1.0)
    assert bench.driver.link is LinkState.REFUSED
    assert "stays on" in bench.driver.problem
    assert bench.wire.sent().count("LAS:OUT 0") >= 4
    assert "*CLS" not in bench.wire.sent()


@pytest.mark.parametrize("mode", ["MDP", "LDV"])
def test_a_laser_that_regulates_no_current_is_refused(mode):
    bench = laser_bench(**{"LAS:MODE?": mode}).run(1.0)
    assert bench.driver.link is LinkState.REFUSED
    assert f"LAS:MODE is {mode}" in bench.driver.problem


@EACH_TEC
def test_a_controller_that_does_not_switch_on_is_refused_with_its_reasons():
    bench = tec_bench(**{"TEC:COND?": str(1 << 6), "TEC:OUT?": "0"})
    bench.run_until(lambda: bench.driver.link is LinkState.REFUSED, within_s=8.0)
    assert "does not switch on (sensor open)" in bench.driver.problem


@ALONE
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"current_limit_ma": 20_001}, "20001 mA"),
        ({"current_limit_ma": float("nan")}, "nan mA"),
        ({"current_limit_ma": 0}, "0 mA"),
        ({"voltage_limit_v": 5.1}, "5.1 V"),
        ({"on_delay_ms": 30_001}, "ONDELAY"),
        ({"tolerance_s": 0}, "LAS:TOL"),
        ({"model": "4302"}, "a 4302 allows"),
    ],
)
def test_a_laser_setting_outside_the_model_is_refused_before_the_port_is_opened(changes, words):
    with pytest.raises(ValueError, match=words):
        laser_bench(settings=changed(LASER, **changes))


@EACH_TEC
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"setpoint_c": 40.5}, "40.5 deg C"),
        ({"setpoint_c": float("nan")}, "nan deg C"),
        ({"current_limit_a": 4000}, "TEC:LIM:ITE: 4000 A asked, 0 to {most:g} allowed"),
        ({"tolerance_c": 0.001}, "TEC:TOL"),
    ],
)
def test_a_tec_setting_out_of_range_is_refused_before_the_port_is_opened(changes, words, variant):
    model = COMBO_MODEL if variant.combo else changed(TEC).model
    with pytest.raises(ValueError, match=words.format(most=TECS_KNOWN[model].max_current_a)):
        tec_bench(settings=changed(TEC, **changes))


@ALONE
@pytest.mark.parametrize("model", LASER_MODELS)
@pytest.mark.parametrize(
    ("steps", "is_the_same"), [(0.9, True), (-0.9, True), (1, False), (-1, False), (5, False)]
)
def test_a_limit_is_compared_at_the_step_of_its_model(model, steps, is_the_same):
    settings = changed(LASER, model=model, current_limit_ma=1_000, voltage_limit_v=3)
    held_ma = 1_000 + steps * LASER_MODELS[model].limit_step_ma
    bench = laser_bench(
        settings=settings, **{"*IDN?": f"Arroyo {model} SIM-0001 3.10 2017-05", "LAS:LIM:LDI?": f"{held_ma}"}
    )
    bench.wire.stuck.add("LAS:LIM:LDI?")
    bench.run_until(lambda: bench.driver.link in (LinkState.READY, LinkState.REFUSED))
    assert (bench.driver.link is LinkState.READY) is is_the_same


@ALONE
def test_a_model_that_is_not_known_has_no_limits_and_no_driver():
    with pytest.raises(
        ValueError, match="laser: model 4310 is configured, 4302, 4304, 4308, 4320, 6305, 6310 are"
    ):
        laser_bench(settings=changed(LASER, model="4310"))
    with pytest.raises(ValueError, match="tec: model 5240 is configured, 5305, 5310, 6305, 6310 are known"):
        tec_bench(settings=replace(TEC, model="5240"))
