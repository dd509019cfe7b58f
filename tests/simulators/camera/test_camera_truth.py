"""What the camera sees of a world, in the same process and over the world's socket."""

import pytest

from simulators.camera.asked_world import SILENT_S, AskedWorld
from simulators.camera.truth import CameraFaults, OpticalState, motor_vibration_mg, optical_state
from simulators.input_socket import input_socket
from simulators.world import World


@pytest.fixture
def world():
    return World(seed=1, warm=True)


def test_a_world_at_rest_has_no_light_and_a_ring_where_the_stage_stands(world):
    assert optical_state(world) == OpticalState(ring_diameter_mm=world.ring_size_mm())


def test_motor_laser_and_aiming_beam_are_seen(world):
    world.set_aiming(True)
    world.smoothing.set_motor_pwm(127)
    world.diode.drive(5.0)
    world.advance(2.0)
    state = optical_state(world)
    assert state.aiming_on
    assert state.laser_power_w == world.true_power_w() > 3.0
    assert state.vibration_mg == pytest.approx(2447 - 300, rel=0.01)


def test_a_dead_motor_smooths_nothing_whatever_the_accelerometer_says(world):
    world.smoothing.set_motor_pwm(127)
    world.advance(1.0)
    world.smoothing.accelerometer_present = False
    assert optical_state(world).vibration_mg > 1000
    whole_mg = optical_state(world).vibration_mg
    world.smoothing.strength = 0.25
    assert optical_state(world).vibration_mg == pytest.approx(whole_mg / 4.0)
    world.smoothing.strength = 0.0
    assert optical_state(world).vibration_mg == 0.0


def test_vibration_follows_the_measured_table():
    assert [motor_vibration_mg(pwm) for pwm in (0, 76, 127)] == [0.0, 975.0, 2147.0]
    assert 975.0 < motor_vibration_mg(90) < 1665.0


def test_each_fault_of_the_camera_is_seen_under_its_own_name(world):
    usual_state = optical_state(world)
    for name in CameraFaults.__slots__:
        usual = getattr(world.camera, name)
        other = (not usual) if isinstance(usual, bool) else 0.25
        setattr(world.camera, name, other)
        assert optical_state(world) == usual_state._replace(**{name: other})
        setattr(world.camera, name, usual)


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(tmp_path, clock):
    asked = AskedWorld(tmp_path / "world.sock", clock)
    yield asked
    asked.close()


@pytest.fixture
def run(world, tmp_path, clock):
    """Let the world and the asker's clock run for so long, with the world's socket open."""
    with input_socket(CartOf(world), tmp_path / "world.sock"):

        def run_for(seconds):
            world.advance(world.kernel.now_s + seconds)
            clock.now_s += seconds

        yield run_for


class CartOf:
    """As much of a cart as the socket needs to be asked."""

    def __init__(self, world):
        self.world = world


def test_without_a_world_there_is_no_light(asked):
    assert asked() == asked() == OpticalState()


def test_each_call_returns_the_answer_to_the_one_before(asked, run, world):
    world.set_aiming(True)
    world.camera.defocus_mm = 1.5
    assert not asked().aiming_on
    run(0.02)
    assert asked() == optical_state(world)
    assert asked().defocus_mm == 1.5


def test_when_the_world_falls_silent_its_light_goes_out(asked, run, world, clock):
    world.set_aiming(True)
    asked()
    run(0.02)
    clock.now_s += SILENT_S
    assert asked().aiming_on
    clock.now_s += SILENT_S + 0.01
    silent = asked()
    assert not silent.aiming_on
    assert silent.ring_diameter_mm == world.ring_size_mm()
