"""Instruments that do not know a command: said where that may be, refused by name where it may not."""

from dataclasses import replace

import pytest

from hardware.interfaces import LinkState
from tests.hardware.arroyo_bench import LASER, TEC, changed, laser_bench, tec_bench
from tests.hardware.variants import BY_HAND, choose


@pytest.fixture(autouse=True)
def by_hand_again():
    yield
    choose(BY_HAND)


def lacking(make, command, **settings):
    choose(replace(BY_HAND, lacks=(command,)))
    bench = make(settings=changed(LASER if make is laser_bench else TEC, **settings))
    bench.run_until(
        lambda: bench.driver.link in (LinkState.READY, LinkState.REFUSED, LinkState.LOST), within_s=8.0
    )
    return bench


@pytest.mark.parametrize(
    ("make", "command", "said"),
    [
        (
            laser_bench,
            "ONDELAY",
            "ONDELAY of 0 ms not set: ONDELAY? is not known to it (error 123 command path not found)",
        ),
        (laser_bench, "LAS:TOL", "LAS:TOL of 100 mA, 1 s not set: LAS:TOL? is not known to it (error 123"),
        (tec_bench, "TEC:TOL", "TEC:TOL of 0.1 deg C, 5 s not set: TEC:TOL? is not known to it (error 123"),
    ],
)
def test_a_setting_at_its_default_may_be_unknown_and_is_said(make, command, said):
    bench = lacking(make, command)
    assert bench.driver.link is LinkState.READY
    assert bench.driver.problem is None
    [found] = bench.driver.found_at_start
    assert found.startswith(said)
    asked = bench.wire.sent().count(f"{command}?")
    bench.run(15.0)
    assert bench.driver.link is LinkState.READY
    assert bench.wire.sent().count(f"{command}?") == asked, "and is not asked for while it runs"


@pytest.mark.parametrize(
    ("make", "command", "settings"),
    [
        (laser_bench, "ONDELAY", {"on_delay_ms": 100}),
        (laser_bench, "LAS:TOL", {"tolerance_s": 2.0}),
        (laser_bench, "LAS:LIM:LDI", {}),
        (laser_bench, "LAS:LIM:LDV", {}),
        (laser_bench, "LAS:ENAB:OUTOFF", {}),
        (laser_bench, "LAS:MODE", {}),
        (tec_bench, "TEC:TOL", {"tolerance_c": 0.2}),
        (tec_bench, "TEC:LIM:ITE", {}),
        (tec_bench, "TEC:ENAB:OUTOFF", {}),
    ],
)
def test_what_is_configured_otherwise_or_guards_the_output_must_be_known(make, command, settings):
    bench = lacking(make, command, **settings)
    assert bench.driver.link is LinkState.REFUSED
    assert (
        f"{command}? is not known to it (error 123 command path not found): check that"
        in bench.driver.problem
    )


def test_an_instrument_that_knows_it_again_is_asked_again():
    bench = lacking(laser_bench, "ONDELAY")
    bench.wire.lacks = ()
    bench.wire.gone = True
    bench.run(0.1)
    bench.wire.gone = False
    bench.ready()
    assert bench.driver.found_at_start == ()


def test_a_question_that_is_lost_is_not_unknown():
    bench = laser_bench()
    del bench.wire.answers["LAS:MODE?"]
    bench.run_until(lambda: bench.driver.link is LinkState.LOST)
    assert "stopped answering" in bench.driver.problem


@pytest.mark.parametrize(
    ("model", "held_a", "is_the_same"),
    [("5305", 4.04, True), ("5305", 4.05, False), ("5310", 4.04, True), ("5310", 3.95, False)],
)
def test_a_tecs_limit_is_compared_at_the_step_of_its_model(model, held_a, is_the_same):
    bench = tec_bench(
        settings=changed(TEC, model=model),
        **{"*IDN?": f"Arroyo {model} SIM-0002 3.10 x", "TEC:LIM:ITE?": f"{held_a}"},
    )
    bench.wire.stuck.add("TEC:LIM:ITE?")
    bench.run_until(lambda: bench.driver.link in (LinkState.READY, LinkState.REFUSED))
    assert (bench.driver.link is LinkState.READY) is is_the_same


@pytest.mark.parametrize(("model", "most_a"), [("5305", 5), ("5310", 10)])
def test_a_tec_allows_what_its_model_does(model, most_a):
    tec_bench(settings=changed(TEC, model=model, current_limit_a=float(most_a)))
    with pytest.raises(ValueError, match=f"0 to {most_a} allowed"):
        tec_bench(settings=changed(TEC, model=model, current_limit_a=most_a + 0.1))
