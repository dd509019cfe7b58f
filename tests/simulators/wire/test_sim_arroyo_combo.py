"""A ComboSource is one instrument: both trees, one queue, one identity, and a laser that sees its TEC."""

import pytest

from simulators.wire.arroyo_box import BOOT_S
from simulators.wire.arroyo_combo import combo_source
from simulators.wire.arroyo_laser import ArroyoLaser, LaserOptions
from simulators.wire.arroyo_tec import ArroyoTec, TecOptions
from tests.simulators.wire.wire_bench import Bench, Host

FACTORY_OUTOFF = 40350
TEC_OFF, TEC_TEMPERATURE, HARDWARE_ERROR = 1 << 10, 1 << 11, 1 << 12
COMBO = {"model": "6310", "serial": "SIM-COMBO"}


class Rig(Host):
    def __init__(self, bench, **options):
        self.bench = bench
        self.laser, self.tec = combo_source(bench, LaserOptions(**COMBO | options))
        super().__init__(bench, self.laser.line)

    def emit(self):
        self.say("ONDELAY 0;TEC:OUT 1;LAS:LDI 2000;OUT 1")
        assert self.ask("TEC:OUT?;LAS:OUT?;ERR?") == "1,1,0"
        assert self.bench.diode.driven_a == 2.0


@pytest.fixture
def bench():
    bench = Bench()
    bench.gate.contact.move(True)
    return bench


@pytest.fixture
def rig(bench):
    return Rig(bench)


def test_it_is_one_instrument_on_one_line(rig):
    assert rig.laser.line is rig.tec.line
    assert rig.laser.errors is rig.tec.errors
    assert rig.ask("*IDN?") == "Arroyo 6310 SIM-COMBO 1.0-sim 0"
    assert rig.ask("SN?") == "SIM-COMBO"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("LAS:LDI 10;TEC:T 24;LAS:SET:LDI?;TEC:SET:T?", "10,24.00"),
        ("TEC:T 24;SET:T?;:LAS:LDI 10;SET:LDI?", "24.00,10"),
        ("TEC:LIM:ITE 2;ITE?;LAS:LIM:LDI 900;LDI?", "2.00,900"),
        ("LAS:MODE:MDP;TEC:MODE:R;LAS:MODE?;TEC:MODE?", "MDP,R"),
        ("TEC:T 24;LDI 10;ERR?", "123"),
        ("ONDELAY?;TEC:ENAB:OUTOFF?;LAS:ENAB:OUTOFF?", f"3000,1240,{FACTORY_OUTOFF}"),
    ],
)
def test_both_trees_answer_and_the_path_leads_from_one_to_the_other(rig, line, answer):
    assert rig.ask(line) == answer
    assert rig.ask("ERR?") == "0"


def test_errors_of_both_wait_in_one_queue_in_their_order(rig):
    rig.say("TEC:T 999;LAS:LDI -1;TEC:GAIN 2;LAS:OUT 1")
    assert rig.ask("ERR?") == "201,201,202,508"
    assert rig.ask("ERR?") == "0"


def test_one_status_byte_has_the_bits_of_both(rig):
    rig.emit()
    assert int(rig.ask("*STB?")) & 0b1111 == 0b1111
    rig.say("*CLS")
    assert rig.ask("LAS:EVE?;TEC:EVE?") == "0,0"
    assert int(rig.ask("*STB?")) == 0b1010
    rig.say("TEC:T 999")
    assert int(rig.ask("*STB?")) == 0b1000_1010


@pytest.mark.parametrize("reset", ["*RST", "*RST 1"])
def test_a_reset_is_both_halves_and_leaves_no_error(rig, reset):
    rig.emit()
    rig.say("TEC:T 20;LAS:LIM:LDI 3000;*CLS")
    rig.say(reset, seconds=0.3)
    assert rig.bench.diode.driven_a == 0.0
    assert rig.bench.tec.regulated == (False, 25.0, 5.0)
    assert rig.ask("LAS:OUT?;LIM:LDI?;TEC:OUT?;SET:T?;ERR?") == "0,20000,0,25.00,0"


def test_saved_settings_are_of_both(rig):
    rig.say("LAS:LDI 60;TEC:T 24;*SAV 1;LAS:LDI 0;TEC:T 30;*RCL 1")
    assert rig.ask("LAS:SET:LDI?;TEC:SET:T?;ERR?") == "60,24.00,0"


def test_after_a_blink_of_its_mains_both_outputs_come_back(rig):
    rig.emit()
    rig.say("LAS:LIM:LDI 3000;TEC:T 24")
    rig.tec.blink_mains()
    assert rig.bench.diode.driven_a == 0.0
    assert not rig.bench.tec.regulated[0]
    assert rig.ask("*IDN?") == ""
    rig.wait(BOOT_S)
    assert rig.bench.diode.driven_a == 2.0
    assert rig.ask("LAS:OUT?;LIM:LDI?;TEC:OUT?;SET:T?;ERR?") == "1,3000,1,24.00,0"


def test_a_reboot_of_either_is_the_whole_boxs(rig):
    rig.emit()
    rig.tec.reboot()
    rig.wait(BOOT_S + 0.1)
    assert rig.ask("LAS:OUT?;SET:LDI?;TEC:OUT?;ERR?") == "0,0,0,0"


BESIDE = {
    "its TEC goes off": (lambda rig: rig.say("TEC:OUT 0"), TEC_OFF, ["508"], True),
    "too hot": (lambda rig: rig.say("TEC:ENAB:OUTOFF 0;TEC:LIM:THI 20"), TEC_TEMPERATURE, ["521"], False),
    "too cold": (lambda rig: rig.say("TEC:ENAB:OUTOFF 0;TEC:LIM:TLO 30"), TEC_TEMPERATURE, ["521"], False),
    "a sensor breaks": (
        lambda rig: (rig.say("TEC:ENAB:OUTOFF 0"), setattr(rig.bench.tec, "sensor", "open")),
        HARDWARE_ERROR,
        ["511"],
        False,
    ),
}


@pytest.mark.parametrize("cause", BESIDE)
def test_what_happens_to_the_tec_switches_the_laser_off_as_outoff_says(rig, cause):
    happens, _, codes, tec_goes_off = BESIDE[cause]
    rig.emit()
    happens(rig)
    rig.wait(0.01)
    assert rig.bench.diode.driven_a == 0.0
    assert rig.ask("LAS:OUT?;TEC:OUT?;ERR?") == ",".join(["0", str(int(not tec_goes_off)), *codes])
    assert rig.ask("LAS:OUT 1;OUT?;ERR?") == ",".join(["0", *codes])


@pytest.mark.parametrize("cause", BESIDE)
def test_what_outoff_does_not_name_leaves_the_laser_on(rig, cause):
    happens, bit, _, _ = BESIDE[cause]
    rig.say(f"LAS:ENAB:OUTOFF {FACTORY_OUTOFF & ~bit}")
    rig.emit()
    happens(rig)
    rig.wait(0.5)
    assert rig.bench.diode.driven_a == 2.0
    assert rig.ask("LAS:OUT?;ERR?") == "1,0"


def test_a_tec_that_trips_takes_the_laser_along(rig):
    rig.emit()
    rig.bench.tec.module = "open"
    rig.wait(0.2)
    assert rig.bench.diode.driven_a == 0.0
    assert rig.ask("TEC:OUT?;LAS:OUT?") == "0,0"
    assert set(rig.ask("ERR?").split(",")) <= {"403", "508", "511"}


def test_the_laser_goes_dark_in_the_instant_in_which_the_tec_is_switched_off(rig):
    rig.emit()
    assert rig.ask("TEC:OUT 0;LAS:OUT?;COND?") == f"0,{1 << 9}"


def test_no_laser_driver_of_its_own_sees_a_tec(bench):
    """4300 series: OUTOFF has the same bits, and they do nothing."""
    ArroyoTec(bench)
    host = Host(bench, ArroyoLaser(bench).line)
    assert host.ask("ONDELAY 0;LAS:LDI 100;OUT 1;OUT?;ERR?") == "1,0"


def test_it_may_power_up_with_both_outputs_on(bench):
    on = {"output_on": True}
    laser, tec = combo_source(bench, LaserOptions(**COMBO, **on, setpoint_ma=900), TecOptions(**COMBO, **on))
    Host(bench, laser.line).wait(3.1)
    assert (laser.output_on, tec.output_on, bench.diode.driven_a) == (True, True, 0.9)


def test_it_may_be_found_with_no_line_end_or_without_ondelay_or_deaf(bench):
    rig = Rig(bench, terminal_mode=6, on_delay=False)
    rig.say("TEC:OUT?")
    assert rig.read() == b"0"
    assert rig.ask("TERM 0;ONDELAY 0;ERR?") == "123"
    assert Rig(Bench(), answers=False).ask("*IDN?") == ""


def test_each_half_may_ignore_a_command_and_the_whole_hangs(rig):
    rig.laser.ignores, rig.tec.ignores = "LASER:LDI", "TEC:T"
    assert rig.ask("LAS:LDI 10;TEC:T 20;LAS:SET:LDI?;TEC:SET:T?;ERR?") == "0,25.00,0"
    rig.laser.ignores = "nothing"
    assert (rig.laser.ignores, rig.tec.ignores) == ("nothing", "TEC:T")
    assert rig.ask("LAS:LDI 10;TEC:T 20;LAS:SET:LDI?;TEC:SET:T?") == "10,25.00"
    rig.tec.busy = True
    assert rig.laser.busy
    assert rig.ask("LAS:OUT?") == ""


def test_one_box_has_one_model_and_one_serial_number(bench):
    with pytest.raises(ValueError, match="TEC 5305 SIM-TEC, laser 6310 SIM-COMBO; in one box"):
        combo_source(bench, LaserOptions(**COMBO), TecOptions())
