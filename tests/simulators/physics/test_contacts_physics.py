"""Pedal, stop loop and gate relay as their wires see them."""

import pytest

from simulators.physics.contacts import SwitchContact
from simulators.world import World


def edges(world: World, contact: SwitchContact) -> list[tuple[float, bool]]:
    seen: list[tuple[float, bool]] = []
    contact.subscribe(lambda: seen.append((world.kernel.now_s, contact.closed)))
    return seen


@pytest.mark.parametrize("seed", range(10))
def test_pressing_leaves_one_contact_travels_and_bounces_on_the_other(seed: int) -> None:
    world = World(seed)
    no_edges, nc_edges = edges(world, world.pedal_no), edges(world, world.pedal_nc)
    world.pedal.press()
    world.advance(0.1)
    assert world.pedal_no.closed
    assert not world.pedal_nc.closed
    assert nc_edges[0] == (0.0, False)
    assert 0.004 <= no_edges[0][0] - nc_edges[-1][0] <= 0.015
    assert (len(no_edges) - 1) / 2 in {2, 3, 4, 5}
    assert no_edges[-1][0] < 0.04


def test_the_pedal_comes_back_the_same_way() -> None:
    world = World(1)
    world.pedal.press()
    world.advance(1.0)
    no_edges, nc_edges = edges(world, world.pedal_no), edges(world, world.pedal_nc)
    world.pedal.release()
    world.advance(2.0)
    assert no_edges[0] == (1.0, False)
    assert nc_edges[-1][1]
    assert no_edges[-1][0] < nc_edges[0][0]


def test_both_contacts_are_never_closed_together() -> None:
    world = World(1)
    together = []
    for contact in (world.pedal_no, world.pedal_nc):
        contact.subscribe(lambda: together.append(world.pedal_no.closed and world.pedal_nc.closed))
    for second in range(1, 21):
        (world.pedal.press if second % 2 else world.pedal.release)()
        world.advance(float(second))
    assert len(together) > 100
    assert not any(together)


def test_a_foot_that_changes_its_mind_ends_where_it_is() -> None:
    world = World(1)
    world.pedal.press()
    world.advance(0.003)
    world.pedal.release()
    world.advance(1.0)
    assert not world.pedal_no.closed
    assert world.pedal_nc.closed


def test_pressing_a_pressed_pedal_does_nothing() -> None:
    world = World(1)
    world.pedal.press()
    world.advance(1.0)
    seen = edges(world, world.pedal_no)
    world.pedal.press()
    world.advance(2.0)
    assert seen == []


def test_a_broken_wire_reads_open_whatever_the_foot_does() -> None:
    world = World(1)
    world.pedal_no.fault = "open"
    world.pedal.press()
    world.advance(1.0)
    assert not world.pedal_no.closed
    assert not world.pedal_nc.closed
    world.pedal_no.fault = "ok"
    assert world.pedal_no.closed


def test_the_stop_loop_opens_at_once_and_stays_open_until_reset() -> None:
    world = World(1)
    seen = edges(world, world.stop_loop)
    world.stop_loop.press()
    world.advance(1.0)
    world.stop_loop.reset()
    assert seen == [(0.0, False), (1.0, True)]


def test_the_gate_takes_five_milliseconds_both_ways() -> None:
    world = World(1)
    seen = edges(world, world.gate.contact)
    world.gate.set_coil(True)
    world.advance(1.0)
    world.gate.set_coil(True)
    world.gate.set_coil(False)
    world.advance(2.0)
    assert seen == [(0.005, True), (1.005, False)]


def test_a_coil_pulse_shorter_than_the_relay_never_reaches_the_contact() -> None:
    world = World(1)
    seen = edges(world, world.gate.contact)
    world.gate.set_coil(True)
    world.advance(0.004)
    world.gate.set_coil(False)
    world.advance(1.0)
    assert seen == []


@pytest.mark.parametrize(("fault", "closed"), [("closed", True), ("open", False)])
def test_a_faulty_gate_stays_where_its_fault_says(fault, closed: bool) -> None:
    world = World(1)
    world.gate.contact.fault = fault
    for on in (True, False):
        world.gate.set_coil(on)
        world.advance(world.kernel.now_s + 1.0)
        assert world.gate.contact.closed == closed
