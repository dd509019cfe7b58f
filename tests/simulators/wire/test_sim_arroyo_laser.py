"""The simulated laser driver does to its diode what WIRE.md says."""

import pytest

from simulators.wire.arroyo_box import BOOT_S
from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from tests.simulators.wire.wire_bench import Bench, Host

INTERLOCK, OPEN, SHORT, OUT_OF_TOLERANCE, OUTPUT = 1 << 4, 1 << 7, 1 << 8, 1 << 9, 1 << 10


class Rig(Host):
    def __init__(self, bench, options=None):
        self.bench = bench
        self.laser = ArroyoLaser(bench, options)
        super().__init__(bench, self.laser.line)

    def emit(self, current_ma=2000):
        self.say("ONDELAY 0")
        self.say(f"LAS:LDI {current_ma}")
        self.say("LAS:OUT 1")

    def conditions(self):
        return int(self.ask("LAS:COND?"))


@pytest.fixture
def bench():
    bench = Bench()
    bench.gate.contact.move(True)
    return bench


@pytest.fixture
def rig(bench):
    return Rig(bench)


def test_currents_are_milliamperes_on_the_wire_and_amperes_in_the_diode(rig):
    rig.emit(2500)
    assert rig.bench.diode.driven_a == pytest.approx(2.5)
    assert float(rig.ask("LAS:LDI?")) == pytest.approx(2500, abs=2500 * 0.0005 + 4)
    assert float(rig.ask("LAS:LDV?")) == pytest.approx(1.75, abs=0.01)
    assert float(rig.ask("LAS:MDI?")) == pytest.approx(250, abs=3)
    assert float(rig.ask("LAS:MDP?")) == pytest.approx(1250, abs=3)


def test_current_flows_only_after_the_on_delay_though_the_output_counts_as_on(rig):
    rig.say("LAS:LDI 1000")
    rig.say("LAS:OUT ON", seconds=2.9)
    assert rig.ask("LAS:OUT?") == "1"
    assert rig.bench.diode.driven_a == 0.0
    rig.wait(0.3)
    assert rig.bench.diode.driven_a == 1.0


def test_output_off_takes_the_current_away_also_during_the_delay(rig):
    rig.say("LAS:LDI 1000")
    rig.say("LAS:OUT 1")
    rig.say("LAS:OUT OFF", seconds=5.0)
    assert rig.bench.diode.driven_a == 0.0
    rig.emit()
    rig.say("LAS:OUT 0")
    assert rig.bench.diode.driven_a == 0.0
    assert float(rig.ask("LAS:LDI?")) == pytest.approx(0.0, abs=4.0)


def test_a_set_point_over_the_limit_is_refused_and_changes_nothing(rig):
    rig.say("LAS:LIM:LDI 1000")
    rig.say("LAS:LDI 800")
    assert rig.ask("LAS:LDI 1001;ERR?") == "201"
    assert rig.ask("LAS:SET:LDI?") == "800"


def test_lowering_the_limit_drags_the_set_point_down_without_switching_off(rig):
    rig.emit(5000)
    rig.say("LAS:LIM:LDI 3000")
    assert rig.ask("LAS:SET:LDI?;:LAS:OUT?") == "3000,1"
    assert rig.bench.diode.driven_a <= 3.0


def test_set_points_have_1_ma_and_limits_100_ma(rig):
    rig.say("LAS:LIM:LDI 10549")
    rig.say("LAS:LDI 1234.4")
    assert rig.ask("LAS:LIM:LDI?;:LAS:SET:LDI?") == "10500,1234"


OLDER = [
    ("LAS:I 50", "LAS:SET:LDI?", "50"),
    ("LAS:LDI 50", "LAS:SET:I?", "50"),
    ("LAS:LIM:I 5000", "LAS:LIM:LDI?", "5000"),
    ("LAS:LIM:LDI 5000", "LAS:LIM:I?", "5000"),
    ("LAS:MODE:IPD", "LAS:MODE?", "MDI"),
    ("LAS:MODE:PPD", "LAS:MODE?", "MDP"),
    ("LAS:MODE:I", "LAS:MODE?", "ILBW"),
    ("", "LAS:SET:LDV?", "0.000"),
    ("", "LAS:SET:MDI?", "0.0"),
    ("LAS:MDI 500", "LAS:SET:IPD?", "500.0"),
    ("LAS:IPD 500.5", "LAS:SET:MDI?", "500.5"),
    ("", "LAS:SET:MDP?", "0.0"),
    ("LAS:MDP 40", "LAS:SET:PPD?", "40.0"),
    ("LAS:PPD 40", "LAS:SET:MDP?", "40.0"),
    ("LAS:STEP 250", "LAS:STEP?", "250"),
]


@pytest.mark.parametrize(("said", "asked", "answer"), OLDER)
def test_older_spellings_and_rarer_questions(rig, said, asked, answer):
    rig.say(said)
    assert rig.ask(f"{asked};:ERR?") == f"{answer},0"


def test_the_set_points_of_the_other_modes_are_kept_beside_the_current(rig):
    rig.say("LAS:LDI 100;LDV 1.25;MDI 300;MDP 40")
    kept = "LAS:SET:LDI?;LDV?;MDI?;MDP?;:ERR?"
    assert rig.ask(kept) == "100,1.250,300.0,40.0,0"
    rig.say("*SAV 2;*RST")
    assert rig.ask(kept) == "0,0.000,0.0,0.0,0"
    rig.say("*RCL 2")
    assert rig.ask(kept) == "100,1.250,300.0,40.0,0"


@pytest.mark.parametrize(
    ("mode", "setpoint", "driven_a"),
    [("LDV", "LDV 1.8", 3.0), ("MDI", "MDI 200", 2.0), ("MDP", "MDP 750", 1.5)],
)
def test_each_mode_regulates_what_it_is_named_after(rig, mode, setpoint, driven_a):
    rig.say(f"ONDELAY 0;LAS:MODE:{mode};LAS:{setpoint};LDI 500;OUT 1", seconds=1.0)
    assert rig.bench.diode.driven_a == pytest.approx(driven_a, abs=0.003)
    assert rig.ask("LAS:OUT?;:ERR?") == "1,0"
    rig.wait(10.0)
    assert rig.conditions() == OUTPUT
    rig.say("LAS:LDV 0;MDI 0;MDP 0", seconds=1.0)
    assert rig.bench.diode.driven_a == pytest.approx(0.0, abs=0.002)
    rig.say(f"LAS:{setpoint}", seconds=1.0)
    assert rig.bench.diode.driven_a == pytest.approx(driven_a, abs=0.003)
    rig.say("LAS:OUT 0")
    assert rig.bench.diode.driven_a == 0.0


@pytest.mark.parametrize(("mode", "setpoint"), [("MDI", "MDI 9999"), ("MDP", "MDP 99999")])
def test_in_every_mode_the_current_limit_clamps(rig, mode, setpoint):
    rig.say(f"ONDELAY 0;LAS:LIM:LDI 1000;LAS:MODE:{mode};LAS:{setpoint};OUT 1", seconds=1.0)
    assert rig.bench.diode.driven_a == pytest.approx(1.0, abs=0.2)
    assert rig.conditions() & (OUTPUT | 1) == OUTPUT | 1


def test_a_mode_without_a_set_point_lets_nothing_flow(rig):
    rig.say("ONDELAY 0;LAS:MODE:MDP;LAS:LDI 2000;OUT 1", seconds=1.0)
    assert rig.bench.diode.driven_a == 0.0


@pytest.mark.parametrize(
    ("refused", "asked", "kept"),
    [
        ("LAS:LIM:LDV 2;:LAS:LDV 2.01", "LAS:SET:LDV?", "1.500"),
        ("LAS:LDV -0.1", "LAS:SET:LDV?", "1.500"),
        ("LAS:MDI -1", "LAS:SET:MDI?", "300.0"),
        ("LAS:MDP 1E999", "LAS:SET:MDP?", "40.0"),
    ],
)
def test_a_set_point_that_is_refused_changes_nothing(rig, refused, asked, kept):
    rig.say("LAS:LDV 1.5;MDI 300;MDP 40")
    assert rig.ask(f"{refused};ERR?") == "201"
    assert rig.ask(asked) == kept


def test_lowering_the_voltage_limit_drags_the_voltage_set_point_down(rig):
    rig.say("LAS:LDV 3;LIM:LDV 2")
    assert rig.ask("LAS:SET:LDV?;:ERR?") == "2.000,0"


def test_older_spellings_measure_too(rig):
    rig.emit(2500)
    assert float(rig.ask("LAS:I?")) == pytest.approx(2500, abs=6)
    assert float(rig.ask("LAS:IPD?")) == pytest.approx(250, abs=3)
    assert float(rig.ask("LAS:PPD?")) == pytest.approx(1250, abs=3)


def test_steps_of_10_ua_move_the_set_point_within_its_limits(rig):
    rig.emit(1000)
    rig.say("LAS:STEP 500;INC;INC")
    assert rig.ask("LAS:SET:LDI?") == "1010"
    assert rig.bench.diode.driven_a == pytest.approx(1.010)
    rig.say("LAS:DEC")
    assert rig.ask("LAS:SET:LDI?") == "1005"
    rig.say("LAS:STEP 10;INC;INC;INC;INC;INC;INC;INC;INC;INC;INC")
    assert rig.ask("LAS:SET:LDI?") == "1006"
    assert rig.ask("LAS:LDI 0;DEC;:ERR?") == "201"
    assert rig.ask("LAS:LIM:LDI 100;:LAS:LDI 100;INC;:ERR?") == "201"
    assert rig.ask("LAS:SET:LDI?") == "100"


def test_after_a_blink_of_its_mains_it_is_as_it_was_with_its_output_on(rig):
    rig.say("LAS:LIM:LDI 3000;:TERM 4")
    rig.emit(2000)
    rig.laser.blink_mains()
    assert rig.bench.diode.driven_a == 0.0
    rig.wait(1.0)
    rig.laser.blink_mains()
    rig.wait(BOOT_S - 0.1)
    assert rig.bench.diode.driven_a == 0.0
    rig.wait(0.2)
    assert rig.bench.diode.driven_a == 2.0
    assert rig.ask("LAS:OUT?;LIM:LDI?").rstrip() == "1,3000"
    rig.say("LAS:OUT 0")
    rig.laser.blink_mains()
    rig.wait(BOOT_S + 5.0)
    assert rig.bench.diode.driven_a == 0.0


def test_the_limit_clamps_up_to_200_ma_away_from_where_it_was_set():
    clamped = set()
    for seed in range(12):
        bench = Bench(seed)
        bench.gate.contact.move(True)
        rig = Rig(bench)
        rig.say("LAS:LIM:LDI 5000")
        rig.emit(5000)
        driven_a = bench.diode.driven_a
        assert 4.8 <= driven_a <= 5.0
        clamped.add(driven_a < 5.0)
        assert bool(rig.conditions() & 1) == (driven_a < 5.0)
        assert rig.ask("LAS:OUT?") == "1"
    assert clamped == {True, False}


def test_power_up_finds_the_factory_settings(rig):
    assert rig.ask("LAS:OUT?;SET:LDI?") == "0,0"
    assert rig.ask("LAS:LIM:LDI?;LDV?") == "20000,5.00"
    assert rig.ask("LAS:ENAB:OUTOFF?;:LAS:MODE?;:ONDELAY?") == "40350,ILBW,3000"


def test_it_may_power_up_with_its_output_on(bench):
    rig = Rig(bench, LaserOptions(output_on=True, setpoint_ma=4000))
    rig.wait(3.1)
    assert bench.diode.driven_a == 4.0
    assert rig.ask("LAS:OUT?") == "1"


def test_an_opening_interlock_drops_the_output_at_that_instant(rig):
    rig.emit()
    dropped_s = []
    rig.bench.gate.contact.subscribe(
        lambda: dropped_s.append((rig.kernel.now_s, rig.bench.diode.driven_a, rig.laser.output_on))
    )
    rig.kernel.after(0.0123, lambda: rig.bench.gate.contact.move(False))
    moment_s = rig.kernel.now_s + 0.0123
    rig.wait(1.0)
    assert dropped_s == [(moment_s, 0.0, False)]
    assert rig.ask("ERRSTR?") == '501,"Interlock open"'
    assert rig.conditions() & (INTERLOCK | OUTPUT) == INTERLOCK


def test_the_interlock_cannot_be_masked(rig):
    rig.say("LAS:ENAB:OUTOFF 0")
    rig.emit()
    rig.bench.gate.contact.move(False)
    assert rig.bench.diode.driven_a == 0.0


def test_a_closing_interlock_does_not_bring_the_output_back(rig):
    rig.emit()
    rig.bench.gate.contact.move(False)
    rig.bench.gate.contact.move(True)
    rig.wait(5.0)
    assert rig.ask("LAS:OUT?") == "0"
    assert rig.bench.diode.driven_a == 0.0


def test_an_open_interlock_refuses_the_output(rig):
    rig.bench.gate.contact.move(False)
    rig.say("LAS:OUT 1")
    assert rig.ask("LAS:OUT?") == "0"
    assert rig.ask("ERR?") == "501"


@pytest.mark.parametrize(("circuit", "bit", "code"), [("open", OPEN, "507"), ("short", SHORT, "509")])
def test_a_broken_diode_circuit_switches_off_and_is_fleeting(rig, circuit, bit, code):
    rig.emit()
    rig.say("*CLS")
    rig.bench.diode.circuit = circuit
    rig.wait(0.02)
    assert rig.laser.output_on is False
    assert rig.conditions() & bit == 0
    assert int(rig.ask("LAS:EVE?")) & bit == bit
    assert int(rig.ask("LAS:EVE?")) & bit == 0
    assert rig.ask("ERR?") == code


def test_the_voltage_limit_switches_off_at_once(rig):
    rig.say("LAS:LIM:LDV 2.5")
    rig.emit()
    rig.bench.diode.extra_v = 1.0
    rig.wait(0.01)
    assert rig.laser.output_on is False
    assert int(rig.ask("LAS:EVE?")) & 2
    assert rig.ask("ERR?") == "505"


def test_a_masked_condition_does_not_switch_off(rig):
    rig.say(f"LAS:ENAB:OUTOFF {40350 & ~2}")
    rig.say("LAS:LIM:LDV 2.5")
    rig.emit()
    rig.bench.diode.extra_v = 1.0
    rig.wait(0.1)
    assert rig.ask("LAS:OUT?") == "1"
    assert rig.conditions() & 2


def test_a_change_of_mode_with_the_output_on_switches_it_off(rig):
    rig.emit()
    rig.say("LAS:MODE:ILBW")
    assert rig.ask("LAS:OUT?;MODE?;:ERR?") == "1,ILBW,0"
    rig.say("LAS:MODE:IHBW")
    assert rig.ask("LAS:OUT?;MODE?;:ERR?") == "0,IHBW,514"


def test_tolerance_is_reached_after_its_time_and_lost_with_the_window(rig):
    rig.say("LAS:TOL 10,2.0")
    assert rig.ask("LAS:TOL?") == "10,2.0"
    rig.emit()
    assert rig.conditions() & OUT_OF_TOLERANCE
    rig.wait(2.5)
    assert not rig.conditions() & OUT_OF_TOLERANCE
    rig.bench.diode.driven_a -= 0.5
    rig.wait(0.01)
    assert rig.conditions() & OUT_OF_TOLERANCE


def test_out_of_tolerance_switches_off_only_when_enabled_and_lost(rig):
    rig.say(f"LAS:ENAB:OUTOFF {40350 | OUT_OF_TOLERANCE}")
    rig.say("LAS:TOL 10,1.0")
    rig.emit()
    rig.wait(2.0)
    assert rig.ask("LAS:OUT?") == "1"
    rig.bench.diode.driven_a -= 0.5
    rig.wait(0.01)
    assert rig.ask("LAS:OUT?;:ERR?") == "0,510"


def test_a_thermal_trip_switches_off_and_keeps_it_off(rig):
    rig.emit()
    rig.laser.thermal_trip = True
    rig.wait(0.01)
    assert rig.ask("LAS:OUT?;:ERR?") == "0,537"
    rig.say("LAS:OUT 1")
    assert rig.ask("LAS:OUT?;:ERR?") == "0,537"


def test_the_laser_bits_of_the_status_byte_are_2_and_3(rig):
    rig.emit()
    assert int(rig.ask("*STB?")) & 0b1100 == 0b1100
    rig.say("*CLS")
    assert int(rig.ask("*STB?")) & 0b1100 == 0b1000
