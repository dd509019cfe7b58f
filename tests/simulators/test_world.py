"""The world as a whole: it satisfies the plant's contract and does not notice who looks."""

import hashlib
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.plant import Plant
from simulators.settable import SETTABLE, set_value
from simulators.world import World

Input = Callable[[World], object]

# At these seconds somebody does this; odd instants between and on the points of the grid.
INPUTS: list[tuple[float, Input]] = [
    (0.0, lambda world: world.tec.regulate(True, 25.0, 4.0)),
    (0.05, lambda world: world.smoothing.set_motor_pwm(127)),
    (0.1234, lambda world: world.stage.move_to_um(3000.0, 10_000.0, 100_000.0)),
    (0.2, lambda world: world.pedal.press()),
    (0.21, lambda world: world.gate.set_coil(True)),
    (0.2501, lambda world: world.diode.drive(6.0)),
    (0.2513, lambda world: world.diode.drive(10.6)),
    (0.4, lambda world: set_value(world, "photodiode.drift", 0.9)),
    (0.5007, lambda world: set_value(world, "diode.ageing", 0.1)),
    (0.55, lambda world: set_value(world, "stage.stalled", True)),
    (0.7, lambda world: set_value(world, "stage.stalled", False)),
    (0.8, lambda world: world.diode.drive(0.0)),
    (0.803, lambda world: world.diode.drive(4.0)),
    (0.9, lambda world: world.pedal.release()),
]


def everything(world: World) -> tuple[object, ...]:
    """All that can be read, to the last bit."""
    return (
        world.diode.current_a(),
        world.diode.voltage_v(),
        world.diode.monitor_current_ua(),
        world.diode.junction_c(),
        world.true_power_w(),
        world.true_energy_j(),
        world.tec.temperature_c(),
        world.tec.mount_c(),
        world.tec.sink_c(),
        world.tec.current_a(),
        world.tec.voltage_v(),
        world.stage.position_um(),
        world.stage.moving(),
        world.stage.seconds_until_um(2000.0),
        world.smoothing.vibration_mg(),
        world.smoothing.speed_pwm(),
        world.smoothing.rest_mg(),
        world.photodiode.counts(),
        world.pedal_no.closed,
        world.pedal_nc.closed,
        world.stop_loop.closed,
        world.gate.contact.closed,
        world.ring_size_mm(),
    )


def run(seed: int, asked_at_s: list[float]) -> tuple[object, ...]:
    """Make the inputs and read everything at the given instants and at the end."""
    world = World(seed)
    plan = [(time_s, 1, action) for time_s, action in INPUTS]
    plan += [(time_s, 0, everything) for time_s in asked_at_s]
    for time_s, _, action in sorted(plan, key=lambda entry: entry[:2]):
        world.advance(time_s)
        action(world)
    world.advance(1.2345)
    return everything(world)


def test_it_is_a_plant() -> None:
    plant: Plant = World(1)
    assert plant.kernel.now_s == 0.0


def test_asked_every_millisecond_or_never_it_ends_in_the_same_floats() -> None:
    never = run(11, [])
    assert run(11, [tick * 0.001 for tick in range(1234)]) == never
    assert run(11, [tick * 0.01 for tick in range(123)]) == never


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 5), st.lists(st.floats(0.0, 1.2), max_size=30))
def test_asked_at_any_instants_it_ends_in_the_same_floats(seed: int, asked_at_s: list[float]) -> None:
    assert run(seed, asked_at_s) == run(seed, [])


def test_reading_twice_gives_the_same_twice() -> None:
    world = World(11, warm=True)
    world.diode.drive(8.0)
    for tick in range(100):
        world.advance(tick * 0.0037)
        assert everything(world) == everything(world)


def test_the_same_input_again_changes_nothing() -> None:
    """A firmware may repeat a command as often as it likes."""
    once, often = World(11), World(11)
    for world in (once, often):
        world.tec.regulate(True, 25.0, 4.0)
        world.diode.drive(8.0)
        world.smoothing.set_motor_pwm(127)
        world.gate.set_coil(True)
    for tick in range(1000):
        often.advance(tick * 0.00137)
        often.tec.regulate(True, 25.0, 4.0)
        often.diode.drive(8.0)
        often.smoothing.set_motor_pwm(127)
        often.gate.set_coil(True)
    for world in (once, often):
        world.advance(2.0)
    assert everything(once) == everything(often)


def test_another_seed_is_another_world() -> None:
    assert run(11, []) != run(12, [])


def test_component_seeds_depend_on_seed_and_name_alone() -> None:
    """A fixed value, since a seed that changed from run to run would pass any comparison within one."""
    expected = int.from_bytes(hashlib.blake2b(b"11/laser", digest_size=8).digest(), "big")
    assert World(11).random_seed("laser") == expected
    assert len({World(seed).random_seed(name) for seed in (11, 12) for name in ("laser", "tec")}) == 4


def test_a_mark_counts_once_and_calls_whoever_waits() -> None:
    world = World(1)
    called: list[str] = []
    world.when("armed", lambda: called.append("before"))
    world.advance(3.0)
    world.mark("armed")
    world.advance(5.0)
    world.mark("armed")
    world.when("armed", lambda: called.append("after"))
    assert called == ["before", "after"]
    assert world.marked_s("armed") == 3.0
    assert world.marked_s("session") is None


def test_there_is_no_emission_without_light() -> None:
    world = World(1)
    world.diode.drive(0.5)
    world.advance(1.0)
    assert world.marked_s("emission") is None
    world.diode.drive(1.0)
    world.advance(2.0)
    assert world.marked_s("emission") is not None


def test_aiming_is_a_flag() -> None:
    world = World(1)
    world.set_aiming(True)
    assert world.aiming


def test_every_settable_path_has_a_meaning() -> None:
    assert all(setting.meaning and setting.allowed for setting in SETTABLE.values())
