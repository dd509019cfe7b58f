"""A kiosk that sends other limits than the record has gets no light, whatever it says and whoever presses."""

import tempfile
from pathlib import Path

import msgspec
import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.sessions import constant, session_header, shipped_session_rules
from benchmarks.rigs.standin_kiosk import HOLD_S, StandInKiosk
from tests.control.control_bench import running_control
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.link.messages import Order

SECONDS = 60.0


beside = SideBySide()


def over_its_own_limits():
    """A protocol whose limits are 1 W and 1 s, with a step of 9.6 W and a minute."""
    steps = constant(9.4, SECONDS, ring_size_mm=2.0).steps
    steps = tuple(msgspec.structs.replace(step, power_start_w=9.6, power_end_w=9.6) for step in steps)
    honest = shipped_session_rules(constant(1.0, 1.0, ring_size_mm=2.0))
    lying = Protocol("test", "", steps, max_power_w=1.0, max_duration_s=1.0)
    return msgspec.structs.replace(honest, protocol=lying, power_limit_w=10.0)


def over_the_photodiodes_scale():
    """A limit beyond what the photodiode can tell from more."""
    steps = constant(9.6, SECONDS, ring_size_mm=2.0)
    honest = shipped_session_rules(constant(1.0, 1.0, ring_size_mm=2.0))
    return msgspec.structs.replace(honest, protocol=steps, power_limit_w=10.0)


def halved_on_both_sides():
    """Calibrations that call everything half of what it is: 4.6 W are 9.2, and are measured as 4.6."""

    def halved(calibration):
        curve = calibration.curve
        half = msgspec.structs.replace(curve, ys=tuple(y / 2 for y in curve.ys))
        return msgspec.structs.replace(calibration, curve=half)

    honest = shipped_session_rules(constant(4.6, SECONDS, ring_size_mm=2.0))
    known = honest.calibrations
    lying = msgspec.structs.replace(known, power=halved(known.power), photodiode=halved(known.photodiode))
    return msgspec.structs.replace(honest, calibrations=lying, power_limit_w=4.7)


LIES = [
    (over_its_own_limits, constant(1.0, 1.0, ring_size_mm=2.0), "is over 1.0 W"),
    (over_the_photodiodes_scale, constant(9.0, SECONDS, ring_size_mm=2.0), "over the limit of 9.49 W"),
    (halved_on_both_sides, constant(4.6, SECONDS, ring_size_mm=2.0), "calibrations.photodiode.curve.ys"),
]


@pytest.mark.process
@beside.cases(LIES)
def test_a_kiosk_that_lies_about_limits_is_refused_by_name_and_no_light_comes(folder, lie, honest, named):
    session = folder / "session"
    session.mkdir()
    # A path short enough for sockets, which the folder's may not be.
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime)) as control,
    ):
        control.record.session(1, honest)
        kiosk = StandInKiosk(control.socket_path)
        kiosk.prepare()
        refused = kiosk.answer(kiosk.link.open_session(session, session_header(lie()))).refused
        if refused is None:
            kiosk.until(lambda tick: set(tick.refusals) <= {"rules"})
            kiosk.order(CommandType.BEGIN_ARM)
            kiosk.wait(HOLD_S)
            refused = kiosk.order(CommandType.ARM)
        kiosk.wait(2.5)  # a pedal counts two seconds after arming
        control.judge.set("pedal.pressed", True)
        seen_w = []
        kiosk.until(lambda tick: seen_w.append(control.judge.ask()["true_power_w"]) or len(seen_w) > 100)
        faults = kiosk.link.latest().faults
        assert max(seen_w) == 0.0, f"{max(seen_w):.2f} W of true light, faults {faults}, refused {refused}"
        assert named in refused
        kiosk.link.close()


@pytest.mark.process
@beside.test
def test_numbers_that_are_none_of_a_kiosks_end_and_open_nothing(folder):
    """A STOP under control's own number for the opening is no answer to it; a huge number is no session's."""
    session = folder / "session"
    session.mkdir()
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime)) as control,
    ):
        kiosk = StandInKiosk(control.socket_path, control.record)
        kiosk.prepare()
        rules = control.record.session(1, constant(1.0, 1.0, ring_size_mm=2.0))
        header = session_header(rules)
        huge = msgspec.structs.replace(header, session_id=2**64)
        assert "no session has the number" in kiosk.answer(kiosk.link.open_session(session, huge)).refused
        kiosk.link._ask(Order(2**64, None, CommandType.STOP))
        opening = kiosk.link.open_session(session, header)
        kiosk.link._ask(Order(0, None, CommandType.STOP))
        assert "can only be opened when idle" in kiosk.answer(opening).refused
        kiosk.until(lambda tick: tick.session_id is None)
        assert control.process.poll() is None
        kiosk.link.close()
