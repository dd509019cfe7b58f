"""What an operator reads where a command is refused: every text as it stands on the screen."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tests.domain.steady_light import DARK_LASER, INPUTS, LONG_AGO_S, NOW_S, OFF, SESSION, STATE, reads
from tosca_kiosk.domain.commands import NOT_KNOWN_DARK, judge
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs, TurnedAway
from tosca_kiosk.domain.state import Phase

READY: dict[str, Any] = OFF | {"dark_since_s": LONG_AGO_S}
IDLE: dict[str, Any] = READY | {"phase": Phase.IDLE, "session_open": False, "elapsed_s": 0.0}
HELD: dict[str, Any] = READY | {"hold_since_s": NOW_S - 2.0}
FAULT: dict[str, Any] = READY | {"phase": Phase.FAULT, "faults": ("tec",), "latched_s": LONG_AGO_S}
BOTH: dict[str, Any] = FAULT | {"faults": ("stop_loop", "tec")}
LIGHT_JUST_NOW: dict[str, Any] = READY | {"dark_since_s": NOW_S - 0.5}

STAGELESS = msgspec.structs.replace(DARK_LASER, stage=None)
WARM = msgspec.structs.replace(DARK_LASER, tec=reads("tec", "output_on")(False).tec)
STOPPED = msgspec.structs.replace(
    WARM,
    board=msgspec.structs.replace(DARK_LASER.board, stop_loop_closed=False),
    stage=reads("stage", "index_known")(False).stage,
)
SHINING = msgspec.structs.replace(
    DARK_LASER, laser=None, board=msgspec.structs.replace(DARK_LASER.board, photodiode_v=0.06)
)
COVERED = msgspec.structs.replace(DARK_LASER, frame_covered=True)
MOVED = msgspec.structs.replace(DARK_LASER, runtime_ok=False)
UNTESTED = msgspec.structs.replace(DARK_LASER, self_test_problem="The last one is 25 h old.")
DELAYED = msgspec.structs.replace(DARK_LASER, real_time_problem="Its memory is not locked.")
LIT = msgspec.structs.replace(DARK_LASER, laser=msgspec.structs.replace(DARK_LASER.laser, set_current_ma=1.0))
LOST = msgspec.structs.replace(DARK_LASER, laser=None)
FULL_DISK = msgspec.structs.replace(DARK_LASER, disk_ok=False)

PRESSED = (
    "The emergency stop is pressed or its wire is open. "
    "Turn the red button to release it. A supervisor resets."
)
NOT_DARK = "wait until the laser is read back off and the photodiode is dark"
COOLING = "The laser's cooling does not run. Check the temperature controller, then reset."
NOT_HOMED = "The ring stage is silent, tripped or not homed. Home the stage, then reset."

# command, by whom, what the state differs in, what is read, what is answered
ANSWERS: list[tuple[CommandType, str | None, dict[str, Any], Inputs, str | None]] = [
    (CommandType.OPEN_SESSION, None, IDLE, DARK_LASER, None),
    (
        CommandType.OPEN_SESSION,
        None,
        IDLE | {"finished": True},
        DARK_LASER,
        "a closed session is not opened again",
    ),
    (
        CommandType.OPEN_SESSION,
        None,
        IDLE | {"elapsed_s": 0.01},
        DARK_LASER,
        "a closed session is not opened again",
    ),
    (
        CommandType.OPEN_SESSION,
        None,
        IDLE | {"abort_reason": "screen"},
        DARK_LASER,
        "a closed session is not opened again",
    ),
    (CommandType.OPEN_SESSION, None, IDLE, LIT, NOT_KNOWN_DARK),
    (CommandType.OPEN_SESSION, None, IDLE, STOPPED, f"{PRESSED} {NOT_HOMED}"),
    (
        CommandType.OPEN_SESSION,
        None,
        IDLE,
        UNTESTED,
        "No self-test of this cart counts. (The last one is 25 h old.) Test the cart.",
    ),
    (CommandType.HOME_STAGE, None, READY, DARK_LASER, None),
    (CommandType.HOME_STAGE, None, READY, STAGELESS, "the stage does not answer"),
    (CommandType.HOME_STAGE, None, FAULT, INPUTS, "wait until the laser is read back off"),
    (CommandType.HOME_STAGE, None, FAULT, SHINING, "wait until the laser is read back off"),
    (CommandType.HOME_STAGE, None, FAULT, LIT, "wait until the laser is read back off"),
    (CommandType.HOME_STAGE, None, FAULT, LOST, None),
    (
        CommandType.HOME_STAGE,
        None,
        FAULT | {"dark_since_s": None},
        LOST,
        "wait until the laser is read back off",
    ),
    (CommandType.BEGIN_ARM, None, READY, DARK_LASER, None),
    (CommandType.BEGIN_ARM, None, READY | {"finished": True}, DARK_LASER, "the treatment is finished"),
    (CommandType.ARM, None, HELD, DARK_LASER, None),
    (CommandType.ARM, None, READY, DARK_LASER, "hold for 1.5 s to arm"),
    (CommandType.ARM, None, HELD | {"hold_since_s": NOW_S - 1.0}, DARK_LASER, "hold for 1.5 s to arm"),
    (CommandType.ARM, None, HELD, INPUTS, "release the pedal first"),
    (
        CommandType.ARM,
        None,
        HELD,
        FULL_DISK,
        "The disk has less than 2 GB free. Make room on the disk.",
    ),
    (
        CommandType.ARM,
        None,
        HELD,
        COVERED,
        "The camera's picture is black or clipped all over. "
        "Uncover the lens; look at exposure and room light.",
    ),
    (
        CommandType.ARM,
        None,
        HELD,
        MOVED,
        "The folder in which the cart's processes meet was removed or replaced. "
        "End the session, then restart the cart.",
    ),
    (CommandType.ARM, None, HELD, WARM, COOLING),
    (
        CommandType.ARM,
        None,
        HELD | {"loop_proved": False},
        DARK_LASER,
        "The laser has not told yet that its interlock loop is open. Wait until it has.",
    ),
    (
        CommandType.ARM,
        None,
        HELD,
        DELAYED,
        "Control may be delayed by other programs. (Its memory is not locked.) Give control its real-time "
        "rights, or let the site's configuration allow light without them.",
    ),
    (CommandType.ACKNOWLEDGE, "technician", FAULT, DARK_LASER, None),
    (
        CommandType.ACKNOWLEDGE,
        "admin",
        FAULT | {"latched_s": NOW_S},
        DARK_LASER,
        "a fault must be seen before it is reset",
    ),
    (CommandType.ACKNOWLEDGE, "technician", BOTH, DARK_LASER, "a supervisor must reset this"),
    (CommandType.ACKNOWLEDGE, None, FAULT, DARK_LASER, "a technician must reset this"),
    (
        CommandType.ACKNOWLEDGE,
        "supervisor",
        BOTH,
        STOPPED,
        f"Still there: {PRESSED} Still there: {COOLING}",
    ),
    (CommandType.CLOSE_SESSION, None, READY, DARK_LASER, None),
    (CommandType.CLOSE_SESSION, None, LIGHT_JUST_NOW, INPUTS, NOT_DARK),
    (CommandType.CLOSE_SESSION, None, FAULT | {"session_open": False}, DARK_LASER, "no session is open"),
]

TAKEN_IN = {
    CommandType.OPEN_SESSION: {Phase.IDLE},
    CommandType.HOME_STAGE: {Phase.IDLE, Phase.READY, Phase.FAULT},
    CommandType.BEGIN_ARM: {Phase.READY},
    CommandType.CANCEL_ARM: {Phase.READY},
    CommandType.ARM: {Phase.READY},
    CommandType.PAUSE: {Phase.ARMED, Phase.TREATING},
    CommandType.STOP: set(Phase),
    CommandType.ACKNOWLEDGE: {Phase.IDLE, Phase.READY, Phase.FAULT},
    CommandType.CLOSE_SESSION: {Phase.READY, Phase.FAULT},
    CommandType.RUN_SELF_TEST: {Phase.IDLE},
    CommandType.AIMING_ON: set(Phase),
    CommandType.AIMING_OFF: set(Phase),
    CommandType.CONFIRM_KEY_OFF: {Phase.READY, Phase.FAULT},
    CommandType.POWER_OVERRIDE: {Phase.READY},
    CommandType.RING_OVERRIDE: {Phase.READY},
    CommandType.SELECT_STATION: {Phase.READY},
}
NOT_NOW = {
    CommandType.OPEN_SESSION: "a session can only be opened when idle",
    CommandType.HOME_STAGE: "the stage is not homed while armed or treating",
    CommandType.BEGIN_ARM: "arming begins from ready",
    CommandType.CANCEL_ARM: "nothing is being armed",
    CommandType.ARM: "arming ends from ready",
    CommandType.PAUSE: "there is nothing to pause",
    CommandType.ACKNOWLEDGE: "pause the treatment first",
    CommandType.CLOSE_SESSION: "pause the treatment first",
    CommandType.RUN_SELF_TEST: "the cart is tested while no session is open and nothing is latched",
    CommandType.CONFIRM_KEY_OFF: "pause the treatment first",
    CommandType.POWER_OVERRIDE: "the power is overridden in a pause alone",
    CommandType.RING_OVERRIDE: "the ring is overridden in a pause alone",
    CommandType.SELECT_STATION: "a station is selected while nothing is armed or latched",
}


@pytest.mark.parametrize(
    ("kind", "role", "state", "inputs", "answer"),
    ANSWERS,
    ids=[f"{kind}-{answer or 'taken'}"[:60] for kind, _, _, _, answer in ANSWERS],
)
def test_a_command_is_taken_or_answered_with_its_reason(
    kind: CommandType, role: str | None, state: dict[str, Any], inputs: Inputs, answer: str | None
) -> None:
    of = msgspec.structs.replace(STATE, **state)
    given = Command(7, kind, role)
    assert judge(SESSION, of, inputs, given) == (given, answer)


def test_a_session_without_a_protocol_is_not_opened() -> None:
    planless = msgspec.structs.replace(SESSION, protocol=None)
    of = msgspec.structs.replace(STATE, **IDLE)
    refused = judge(planless, of, DARK_LASER, Command(1, CommandType.OPEN_SESSION)).refused
    assert refused == "no protocol was chosen"


@pytest.mark.parametrize("kind", CommandType)
@pytest.mark.parametrize("phase", Phase)
def test_a_command_out_of_its_phase_is_answered_with_what_it_waits_for(
    phase: Phase, kind: CommandType
) -> None:
    of = msgspec.structs.replace(STATE, **READY | {"phase": phase})
    given = Command(7, kind, "admin")
    answer = judge(SESSION, of, DARK_LASER, given)
    if phase not in TAKEN_IN[kind]:
        assert answer == (given, NOT_NOW[kind])
    else:
        assert answer.refused not in NOT_NOW.values()


def test_arming_that_is_called_off_stops_the_motor_and_must_be_held_anew() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.run(5.1)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert not cart.tick(CommandType.CANCEL_ARM).outputs.motor_on
    assert cart.state.hold_since_s is None
    assert cart.tick(CommandType.ARM).replies[0].refused == "hold for 1.5 s to arm"


def test_what_was_turned_away_is_in_the_record() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.inject["turned_away"] = lambda none: (TurnedAway("arm", "not from this screen"),)
    told = [event.details for event in cart.tick().events if event.event_type == "user_action"]
    assert told == [{"action": "arm", "refused": "not from this screen"}]
