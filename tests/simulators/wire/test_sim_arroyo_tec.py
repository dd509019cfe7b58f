"""The simulated TEC controller does what WIRE.md says; its currents are amperes."""

import pytest

from simulators.wire.arroyo_box import BOOT_S
from simulators.wire.arroyo_tec import MISSING_SENSOR, ArroyoTec, TecOptions
from tests.simulators.wire.wire_bench import Bench, Host

OUT_OF_TOLERANCE, OUTPUT = 1 << 9, 1 << 10


class Rig(Host):
    def __init__(self, bench, options=None):
        self.bench = bench
        self.device = ArroyoTec(bench, options)
        self.plant = bench.tec
        super().__init__(bench, self.device.line)


@pytest.fixture
def rig():
    return Rig(Bench())


def test_the_plant_regulates_to_the_set_point_within_the_current_limit(rig):
    rig.say("TEC:LIM:ITE 3.5;:TEC:T 27.125")
    rig.say("TEC:OUT 1")
    assert rig.plant.regulated == (True, pytest.approx(27.12, abs=0.006), 3.5)
    assert rig.ask("TEC:OUT?;LIM:ITE?") == "1,3.50"
    rig.say("TEC:OUT 0")
    assert rig.plant.regulated[0] is False


def test_measured_values_are_degrees_amperes_and_volts(rig):
    rig.plant.temperature, rig.plant.current = 31.4, -2.25
    assert float(rig.ask("TEC:T?")) == pytest.approx(31.4, abs=0.04)
    assert float(rig.ask("TEC:ITE?")) == pytest.approx(-2.25, abs=0.03)
    assert float(rig.ask("TEC:V?")) == pytest.approx(1.0, abs=0.03)


def test_power_up_finds_the_factory_settings(rig):
    assert rig.ask("TEC:OUT?;MODE?;SET:T?") == "0,T,25.00"
    assert rig.ask("TEC:ENAB:OUTOFF?") == "1240"


def test_it_may_power_up_regulating():
    rig = Rig(Bench(), TecOptions(output_on=True, setpoint_c=30.0))
    assert rig.plant.regulated == (True, 30.0, 5.0)


def test_it_is_stable_when_it_has_stayed_in_the_window_for_the_time(rig):
    rig.wait(100.0)
    rig.say("TEC:TOL 0.5,3.0")
    rig.say("TEC:T 25;OUT 1")
    assert int(rig.ask("TEC:COND?")) == OUTPUT | OUT_OF_TOLERANCE
    rig.wait(3.2)
    assert int(rig.ask("TEC:COND?")) == OUTPUT
    rig.plant.temperature = 26.0
    rig.wait(0.2)
    assert int(rig.ask("TEC:COND?")) == OUTPUT | OUT_OF_TOLERANCE


def test_switched_off_it_is_out_of_tolerance_once_the_temperature_has_left_the_window(rig):
    rig.say("TEC:TOL 0.5,3.0")
    rig.say("TEC:T 25;OUT 1")
    rig.wait(3.5)
    rig.say("TEC:OUT 0")
    rig.wait(30.0)
    assert int(rig.ask("TEC:COND?")) == 0
    rig.plant.temperature = 25.6
    rig.wait(0.2)
    assert int(rig.ask("TEC:COND?")) == OUT_OF_TOLERANCE
    rig.plant.temperature = 25.0
    rig.wait(30.0)
    assert int(rig.ask("TEC:COND?")) == OUT_OF_TOLERANCE


def test_switched_off_before_it_was_stable_it_stays_out_of_tolerance(rig):
    rig.say("TEC:TOL 0.5,3.0")
    rig.say("TEC:T 25;OUT 1")
    rig.wait(1.0)
    rig.say("TEC:OUT 0")
    rig.wait(30.0)
    assert int(rig.ask("TEC:COND?")) == OUT_OF_TOLERANCE


def test_a_current_can_be_driven_within_its_limit(rig):
    rig.say("TEC:LIM:ITE 3;:TEC:ITE -2.5;MODE:ITE;:TEC:OUT 1")
    assert rig.plant.driven_a == -2.5
    assert rig.ask("TEC:SET:ITE?") == "-2.50"
    assert rig.ask("TEC:ITE 3.1;:ERR?") == "201"
    rig.say("TEC:LIM:ITE 1")
    assert rig.plant.driven_a == -1.0
    rig.say("TEC:OUT 0")
    assert rig.plant.driven_a == 0.0


def test_the_sensor_its_resistance_and_its_constants_can_be_asked(rig):
    assert rig.ask("TEC:SEN?") == "1"
    assert float(rig.ask("TEC:R?")) == pytest.approx(10.0, abs=0.02)
    assert len(rig.ask("TEC:CONST?").split(",")) == 3
    rig.plant.temperature = 35.0
    assert 5.0 < float(rig.ask("TEC:R?")) < 8.0


@pytest.mark.parametrize("said", MISSING_SENSOR)
def test_a_missing_sensor_is_told_by_no_temperature(rig, said):
    rig.device.missing_sensor = said
    rig.plant.sensor = "open"
    assert rig.ask("TEC:T?") == said


@pytest.mark.parametrize(("model", "max_a"), [("5305", 5), ("5310", 10)])
def test_a_model_has_its_most_current(model, max_a):
    rig = Rig(Bench(), TecOptions(model=model))
    assert rig.ask("TEC:LIM:ITE?") == f"{max_a}.00"
    assert rig.ask(f"TEC:LIM:ITE {max_a - 2};ITE?;:ERR?") == f"{max_a - 2}.00,0"
    assert rig.ask(f"TEC:LIM:ITE {max_a}.01;:ERR?") == "201"


def test_after_a_blink_of_its_mains_it_regulates_on(rig):
    rig.say("TEC:T 30;OUT 1")
    rig.device.blink_mains()
    assert rig.plant.regulated[0] is False
    rig.wait(BOOT_S + 0.1)
    assert rig.plant.regulated == (True, 30.0, 5.0)


def test_limits_refuse_set_points_beyond_them_and_drag_it_along(rig):
    rig.say("TEC:LIM:THI 35;TLO 10")
    assert rig.ask("TEC:T 35.01;:ERR?") == "201"
    assert rig.ask("TEC:T 9.99;:ERR?") == "201"
    rig.say("TEC:T 30;LIM:THI 28")
    assert rig.ask("TEC:SET:T?;:TEC:LIM:THI?;TLO?") == "28.00,28.00,10.00"
    assert rig.ask("TEC:LIM:THI 5;:ERR?") == "201"


@pytest.mark.parametrize(
    ("fault", "bit", "code"),
    [
        ({"temperature": 50.0}, 3, "407"),
        ({"temperature": 5.0}, 4, "407"),
        ({"sensor": "open"}, 6, "402"),
        ({"module": "open"}, 7, "403"),
    ],
)
def test_the_default_conditions_switch_the_output_off(rig, fault, bit, code):
    rig.say("TEC:LIM:THI 40;TLO 10")
    rig.say("TEC:OUT 1")
    rig.say("*CLS")
    for name, value in fault.items():
        setattr(rig.plant, name, value)
    rig.wait(0.2)
    assert rig.ask("TEC:OUT?;:ERR?") == f"0,{code}"
    assert int(rig.ask("TEC:EVE?")) >> bit & 1
    assert rig.plant.regulated[0] is False


def test_a_shorted_sensor_shows_but_does_not_switch_off_by_default(rig):
    rig.say("TEC:OUT 1")
    rig.plant.sensor = "short"
    rig.wait(0.2)
    assert int(rig.ask("TEC:COND?")) >> 5 & 1
    assert rig.ask("TEC:OUT?") == "1"


def test_the_current_limit_shows_in_bit_0(rig):
    rig.say("TEC:LIM:ITE 2;:TEC:OUT 1")
    rig.plant.current = -2.0
    assert int(rig.ask("TEC:COND?")) & 1


def test_getting_worse_at_the_current_limit_is_a_runaway(rig):
    rig.say("TEC:OUT 1")
    rig.plant.current = 5.0
    for kelvin in range(20):
        rig.plant.temperature = 25.0 + 0.2 * kelvin
        rig.wait(1.0)
    assert int(rig.ask("TEC:COND?")) >> 12 & 1


def test_gains_are_kept_and_even_32_is_not_refused(rig):
    rig.say("TEC:GAIN PID;PID 32,0.5,0")
    assert rig.ask("TEC:GAIN?;PID?;:ERR?") == "PID,32.0000,0.5000,0.0000,0"
    assert rig.ask("TEC:GAIN 7;:ERR?") == "202"


@pytest.mark.parametrize("form", ["30", "30.0", "+3E1", "#H1E", "#O36", "#B11110", "#E41F00000"])
def test_a_gain_of_the_table_is_taken_in_every_form_of_a_number(rig, form):
    rig.say("TEC:GAIN 100")
    assert rig.ask(f"TEC:GAIN {form};GAIN?;:ERR?") == "30,0"


def test_out_of_tolerance_switches_off_only_when_enabled_and_lost(rig):
    """WIRE.md names no error for it."""
    rig.say(f"TEC:ENAB:OUTOFF {1240 | OUT_OF_TOLERANCE};TEC:TOL 0.5,1.0;T 25;OUT 1")
    rig.wait(2.0)
    assert rig.ask("TEC:OUT?") == "1"
    rig.plant.temperature = 26.0
    rig.wait(0.2)
    assert rig.ask("TEC:OUT?;:ERR?") == "0,0"


@pytest.mark.parametrize("command", ["TEC:TOL 0.001,5", "TEC:TOL 1,60", "TEC:LIM:ITE 5.1", "TEC:LIM:THI 251"])
def test_values_outside_the_page_are_refused(rig, command):
    assert rig.ask(f"{command};:ERR?") == "201"


def test_a_change_of_mode_switches_off(rig):
    rig.say("TEC:OUT 1;MODE:ITE")
    assert rig.ask("TEC:OUT?;MODE?") == "0,ITE"


def test_the_tec_bits_of_the_status_byte_are_0_and_1(rig):
    rig.say("TEC:OUT 1")
    assert int(rig.ask("*STB?")) & 0b11 == 0b11


def test_laser_commands_are_unknown(rig):
    assert rig.ask("LAS:OUT 1;ERR?") == "123"
