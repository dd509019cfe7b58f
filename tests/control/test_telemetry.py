"""What the screen is shown of a tick: fresh values or none, and a record that fits the ring."""

import msgspec
import pytest

from benchmarks.rigs.sessions import constant
from benchmarks.rigs.simulated_cart import bench
from tosca_kiosk.control.telemetry import MAX_TEXT, TelemetryMaker
from tosca_kiosk.domain.interlocks import BY_SOURCE, LAMPS
from tosca_kiosk.domain.overriding import MOST_OVERRIDES
from tosca_kiosk.domain.plan import Override
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.link.numbered import NONE, Numbered
from tosca_kiosk.link.ring import MAX_RECORD_BYTES
from tosca_kiosk.link.telemetry import Telemetry


class Screen:
    """Makes telemetry of a bench's newest tick, session 7."""

    def __init__(self, cart):
        self.cart = cart
        controller = cart.controller
        self._maker = TelemetryMaker(
            controller.devices, controller.self_test, simulated=True, mono_offset_s=1000.0
        )

    def tick(self, number=7):
        controller = self.cart.controller
        inputs = self.cart.operator.inputs
        now_s = self.cart.clock.now_s()
        session = Numbered(session=number, calibration=None)
        return self._maker.make(now_s, session, controller.rules, inputs, controller.state)


@pytest.fixture
def cart():
    with bench(seed=10) as made:
        yield made


@pytest.fixture
def screen(cart):
    return Screen(cart)


@pytest.fixture
def ready(cart, tmp_path):
    """A homed cart with an open session of 5 W for 10 s."""
    cart.run(cart.operator.prepare())
    cart.open(tmp_path, constant(5.0, 10.0, ring_size_mm=2.5))
    cart.run_until(lambda: cart.controller.state.session_open, within_s=1.0)
    return cart


def emitting(cart):
    cart.run_until_script(cart.operator.treat(), lambda: cart.controller.state.beam is Beam.EMITTING)


@pytest.mark.parametrize(("rate_hz", "shown"), [(50, 50), (100, 100), (250, 100), (1000, 100)])
def test_every_tick_is_shown_up_to_a_hundred_a_second(cart, rate_hz, shown):
    controller = cart.controller
    maker = TelemetryMaker(controller.devices, controller.self_test, simulated=True, mono_offset_s=0.0)
    late_s = 0.0001
    assert sum(maker.due(tick / rate_hz + late_s) for tick in range(10 * rate_hz)) == 10 * shown


def test_before_the_devices_answer_nothing_is_known(cart, screen):
    cart.wait(0.02)
    shown = screen.tick(number=None)
    unknown = ("measured_w", "power_limit_w", "tec_c", "stage_homed", "stage_searching", "ring_size_mm")
    assert [getattr(shown, name) for name in unknown] == [None] * len(unknown)
    assert (shown.pedal_pressed, shown.stop_loop_closed, shown.gate_closed) == (None, None, None)
    assert {device.device for device in shown.devices} == {"laser", "tec", "stage", "board"}


def test_an_open_session_shows_its_plan_and_what_keeps_it_from_arming(ready, screen):
    shown = screen.tick()
    assert (shown.session_id, shown.phase, shown.steps, shown.planned_j) == (7, "ready", 1, 50.0)
    assert shown.remaining_s == 10.0
    assert shown.ring_target_mm == 2.5
    assert shown.mono_s == ready.clock.now_s() + 1000.0
    assert set(shown.lamps) == set(LAMPS)
    assert "tec_settling" in shown.refusals
    assert all(BY_SOURCE[source].lamp != "smoothing" for source in shown.refusals)


def test_figures_follow_the_treatment(ready, screen):
    emitting(ready)
    ready.run_until(lambda: ready.controller.state.elapsed_s > 2.0)
    shown = screen.tick()
    assert shown.beam == "emitting"
    assert shown.measured_w == pytest.approx(ready.world.true_power_w(), rel=0.1)
    assert shown.set_w == 5.0
    assert shown.elapsed_s + shown.remaining_s == 10.0
    assert shown.ring_size_mm == pytest.approx(2.5, abs=0.05)
    assert (shown.pedal_pressed, shown.gate_closed) == (True, True)
    assert 5.0 < shown.dose_j < 12.0


def test_a_silent_board_takes_its_values_away(ready, screen):
    emitting(ready)
    assert screen.tick().measured_w is not None
    ready.controller.devices.board.close()
    ready.wait(0.3)
    shown = screen.tick()
    assert (shown.measured_w, shown.pedal_pressed, shown.gate_closed) == (None, None, None)
    assert shown.phase == "fault"
    assert not shown.lamps["board"]


def test_a_stage_that_was_moved_out_of_the_calibrated_range_has_no_ring_size(ready, screen):
    stage = ready.operator.inputs.stage
    ready.operator.inputs = msgspec.structs.replace(
        ready.operator.inputs, stage=msgspec.structs.replace(stage, position_um=-5000.0)
    )
    assert screen.tick().ring_size_mm is None


def test_the_longest_record_fits_the_ring_and_reads_back(ready, screen):
    shown = screen.tick()
    device = msgspec.structs.replace(shown.devices[0], problem="é" * MAX_TEXT)
    everything = tuple(BY_SOURCE)
    worst = msgspec.structs.replace(
        shown,
        devices=(device,) * 4,
        refusals=everything,
        faults=everything,
        standing=everything,
        warnings=everything,
        rules_problem="é" * MAX_TEXT,
        journal_problem="é" * MAX_TEXT,
        overrides=(Override(elapsed_s=1 / 3, power_w=1 / 7),) * MOST_OVERRIDES,
    )
    record = msgspec.msgpack.encode(worst)
    assert len(record) < MAX_RECORD_BYTES
    assert msgspec.msgpack.decode(record, type=Telemetry) == worst


def test_what_is_wrong_with_the_journal_is_shown_and_cut(ready, screen):
    controller = ready.controller
    maker = TelemetryMaker(controller.devices, controller.self_test, simulated=True, mono_offset_s=0.0)
    newest = (controller.rules, ready.operator.inputs, controller.state)
    shown = maker.make(ready.clock.now_s(), NONE, *newest, "/dev/shm: no room" + "x" * MAX_TEXT)
    assert shown.journal_problem.startswith("/dev/shm: no room")
    assert len(shown.journal_problem) == MAX_TEXT
    assert screen.tick().journal_problem is None


def test_lamps_change_with_the_phase_and_else_at_20_hz(ready, screen):
    before = screen.tick().lamps
    assert screen.tick().lamps is before
    ready.wait(0.06)
    assert screen.tick().lamps is not before
