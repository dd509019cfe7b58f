"""The stage: limited speed and acceleration, settling, end stops, stall."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.physics.motion import plan_move
from simulators.world import World

SPEED = 10_000.0
ACCELERATION = 100_000.0
coordinate = st.floats(-40_000.0, 40_000.0)


def world_at(position_um: float, seed: int = 5) -> World:
    world = World(seed)
    world.stage.move_to_um(position_um, 500_000.0, 50_000_000.0)
    world.advance(1.0)
    assert world.stage.position_um() == position_um
    return world


def arrivals(world: World) -> list[float]:
    times: list[float] = []
    world.stage.subscribe_arrival(lambda: times.append(world.kernel.now_s))
    return times


def test_it_powers_up_within_ten_millimetres_where_the_seed_says() -> None:
    positions = [World(seed).stage.position_um() for seed in range(20)]
    assert all(-10_000.0 <= position <= 10_000.0 for position in positions)
    assert len(set(positions)) == 20
    assert World(7).stage.position_um() == World(7).stage.position_um()


def test_a_long_move_takes_its_trapezoid_and_20_ms_of_settling() -> None:
    world = world_at(0.0)
    times = arrivals(world)
    world.stage.move_to_um(20_000.0, SPEED, ACCELERATION)
    world.advance(10.0)
    assert times == [pytest.approx(1.0 + 20_000 / SPEED + SPEED / ACCELERATION + 0.02)]
    assert world.stage.position_um() == 20_000.0
    assert not world.stage.moving()


@settings(max_examples=200, deadline=None)
@given(coordinate, st.floats(-SPEED, SPEED), st.one_of(st.floats(-1500.0, 1500.0), coordinate))
def test_a_plan_is_continuous_limited_and_ends_at_rest_on_the_target(
    position_um: float, speed: float, way_um: float
) -> None:
    """Short ways too, on which it never reaches full speed."""
    target_um = position_um + way_um
    phases = plan_move(
        0.0, position_um, speed, target_um=target_um, top_speed=SPEED, acceleration=ACCELERATION
    )
    now_s = 0.0
    for phase in phases:
        assert phase.start_s == pytest.approx(now_s, abs=1e-9)
        assert phase.position_um == pytest.approx(position_um, abs=1e-4)
        assert phase.speed_um_per_s == pytest.approx(speed, abs=1e-4)
        assert abs(phase.acceleration_um_per_s2) <= ACCELERATION
        now_s, position_um = phase.end_s, phase.position_after(phase.duration_s)
        speed = phase.speed_after(phase.duration_s)
        assert abs(speed) <= SPEED + 1e-4
    assert position_um == pytest.approx(target_um, abs=1e-3)
    assert speed == pytest.approx(0.0, abs=0.1)


@settings(max_examples=20, deadline=None)
@given(coordinate, coordinate, coordinate, st.floats(0.01, 2.0))
def test_a_target_changed_on_the_way_makes_no_jump(
    start_um: float, first_um: float, second_um: float, change_s: float
) -> None:
    world = world_at(start_um)
    world.stage.move_to_um(first_um, SPEED, ACCELERATION)
    world.advance(1.0 + change_s)
    before_um = world.stage.position_um()
    world.stage.move_to_um(second_um, SPEED, ACCELERATION)
    assert world.stage.position_um() == pytest.approx(before_um, abs=1e-6)
    world.advance(20.0)
    assert world.stage.position_um() == second_um


def test_it_rings_less_than_a_micrometre_when_it_stops() -> None:
    world = world_at(0.0)
    world.stage.move_to_um(1000.0, SPEED, ACCELERATION)
    stop_s = 1.0 + 1000 / SPEED + SPEED / ACCELERATION
    seen = []
    for tenth in range(200):
        world.advance(stop_s + tenth * 0.0001)
        seen.append(world.stage.position_um() - 1000.0)
    assert 0.1 < max(map(abs, seen)) <= 1.0
    assert abs(seen[-1]) < 0.05


@settings(max_examples=40, deadline=None)
@given(coordinate, coordinate, st.floats(0.01, 0.99))
def test_seconds_until_is_when_it_is_there(start_um: float, target_um: float, part: float) -> None:
    world = world_at(start_um)
    world.stage.move_to_um(target_um, SPEED, ACCELERATION)
    between_um = start_um + part * (target_um - start_um)
    seconds = world.stage.seconds_until_um(between_um)
    assert seconds is not None
    world.advance(1.0 + seconds)
    assert world.stage.position_um() == pytest.approx(between_um, abs=0.01)


def test_seconds_until_knows_the_target_and_what_is_never_reached() -> None:
    world = world_at(1000.0)
    stage = world.stage
    assert stage.seconds_until_um(1000.0) is None
    stage.move_to_um(-1000.0, SPEED, ACCELERATION)
    to_target_s = stage.seconds_until_um(-1000.0)
    assert to_target_s == pytest.approx(2000 / SPEED + SPEED / ACCELERATION)
    assert stage.seconds_until_um(2000.0) is None
    assert stage.seconds_until_um(-1001.0) is None


@pytest.mark.parametrize(("target_um", "end_um"), [(60_000.0, 45_000.0), (-60_000.0, -45_000.0)])
def test_an_end_stop_ends_the_move(target_um: float, end_um: float) -> None:
    world = world_at(0.0)
    times = arrivals(world)
    world.stage.move_to_um(target_um, SPEED, ACCELERATION)
    world.advance(20.0)
    assert len(times) == 1
    assert world.stage.position_um() == end_um
    assert world.stage.at_left_end == (end_um < 0)
    assert world.stage.at_right_end == (end_um > 0)
    world.stage.move_to_um(target_um, SPEED, ACCELERATION)
    world.advance(20.1)
    assert world.stage.position_um() == end_um
    world.stage.move_to_um(0.0, SPEED, ACCELERATION)
    world.advance(40.0)
    assert world.stage.position_um() == 0.0
    assert not world.stage.at_left_end
    assert not world.stage.at_right_end
    assert len(times) == 3


def test_halt_brakes_and_arrives_where_it_stands() -> None:
    world = world_at(0.0)
    times = arrivals(world)
    world.stage.move_to_um(20_000.0, SPEED, ACCELERATION)
    world.advance(1.5)
    at_um = world.stage.position_um()
    world.stage.halt()
    world.advance(3.0)
    assert world.stage.position_um() == pytest.approx(at_um + SPEED**2 / (2 * ACCELERATION))
    assert len(times) == 1
    world.stage.halt()
    world.advance(4.0)
    assert len(times) == 1


def test_a_finished_move_is_over() -> None:
    world = world_at(0.0)
    world.stage.move_to_um(1000.0, SPEED, ACCELERATION)
    world.advance(5.0)
    times = arrivals(world)
    world.stage.halt()
    world.advance(10.0)
    world.stage.stalled = True
    world.stage.stalled = False
    world.advance(15.0)
    assert times == []


def test_a_stalled_stage_stands_and_goes_on_when_it_is_freed() -> None:
    world = world_at(0.0)
    times = arrivals(world)
    world.stage.move_to_um(20_000.0, SPEED, ACCELERATION)
    world.advance(1.5)
    world.stage.stalled = True
    stuck_um = world.stage.position_um()
    world.advance(10.0)
    assert world.stage.position_um() == stuck_um
    assert times == []
    assert not world.stage.moving()
    assert world.stage.seconds_until_um(20_000.0) is None
    world.stage.stalled = False
    world.advance(20.0)
    assert world.stage.position_um() == 20_000.0
    assert len(times) == 1


def test_the_ring_grows_a_millimetre_with_a_millimetre_of_travel() -> None:
    assert world_at(0.0).ring_size_mm() == 2.0
    assert world_at(3000.0).ring_size_mm() == 5.0


@pytest.mark.parametrize("target_um", [math.nan, math.inf])
def test_a_target_that_is_no_position_is_refused(target_um: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        World(5).stage.move_to_um(target_um, SPEED, ACCELERATION)


@pytest.mark.parametrize(("speed", "acceleration"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (math.nan, 1.0)])
def test_a_move_without_speed_is_refused(speed: float, acceleration: float) -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        World(5).stage.move_to_um(0.0, speed, acceleration)
