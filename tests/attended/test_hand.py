"""What keys mean: a held key as each kind of terminal sends it, and everything that is not one."""

from types import SimpleNamespace

import pytest

from tosca_kiosk.attended.hand import Hand
from tosca_kiosk.attended.held_key import FIRST_REPEAT_WITHIN_S, NEW_PRESS_AFTER_S, REPEATS_WITHIN_S
from tosca_kiosk.domain.inputs import CommandType

TURN_S = 0.02
NEED_S = 1.5
BEGIN, CANCEL, ARM = CommandType.BEGIN_ARM, CommandType.CANCEL_ARM, CommandType.ARM
PAUSE, STOP = CommandType.PAUSE, CommandType.STOP


class Desk:
    """Plays keys, and control as far as a hold goes. asked: what the hand ordered, with when."""

    def __init__(self):
        self.hand = Hand()
        self.hand.may_arm = True
        self.now_s = 0.0
        self.phase = "ready"
        self.hold_s = None
        self.asked = []

    def turn(self, struck=b"", step_s=TURN_S, **how):
        self.now_s += step_s
        if self.hold_s is not None:
            self.hold_s += step_s
        shown = SimpleNamespace(phase=self.phase, hold_s=self.hold_s, arm_hold_s=NEED_S)
        for command in self.hand.asks(struck, self.now_s, shown, **how):
            self.asked.append(command)
            self.hold_s = 0.0 if command is BEGIN else None
            if command is ARM:
                self.phase = "armed"

    def play(self, until_s, times_s):
        """Strike the space bar at these times, each in the turn that comes after it."""
        began_s, due = self.now_s, sorted(times_s)
        while self.now_s - began_s < until_s:
            count = sum(1 for each in due if self.now_s - began_s <= each < self.now_s - began_s + TURN_S)
            self.turn(b" " * count)


def held(first_s, every_s, for_s):
    """When a key that is held for so long sends its character."""
    times, now_s = [0.0], first_s
    while now_s < for_s:
        times.append(now_s)
        now_s += every_s
    return times


@pytest.mark.parametrize(
    ("first_s", "every_s"),
    [(0.25, 0.092), (0.66, 0.04), (0.5, 0.03), (0.66, 0.2)],
    ids=["console", "X11", "others", "slow line"],
)
def test_a_held_key_arms_and_never_before_control_has_counted(first_s, every_s):
    desk = Desk()
    desk.play(3.0, held(first_s, every_s, 3.0))
    assert desk.asked == [BEGIN, ARM]


@pytest.mark.parametrize("for_s", [0.0, 0.3, 0.7, 1.0, 1.4])
@pytest.mark.parametrize(("first_s", "every_s"), [(0.25, 0.092), (0.66, 0.04)])
def test_a_key_that_is_let_go_too_early_arms_nothing(first_s, every_s, for_s):
    desk = Desk()
    desk.play(4.0, held(first_s, every_s, for_s))
    assert desk.asked == [BEGIN, CANCEL]


def test_silence_is_noticed_within_what_a_terminal_may_pause():
    for repeats, within_s in ((0, FIRST_REPEAT_WITHIN_S), (3, REPEATS_WITHIN_S)):
        desk = Desk()
        desk.play(0.5 + 0.05 * repeats, [0.0, *(0.4 + 0.05 * each for each in range(repeats))])
        last_s = desk.now_s
        while CANCEL not in desk.asked:
            desk.turn()
            assert desk.now_s - last_s <= within_s + 2 * TURN_S


def test_a_key_struck_now_and_then_is_not_held():
    desk = Desk()
    desk.play(6.0, [0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1])
    assert ARM not in desk.asked


def test_a_pasted_block_of_spaces_is_one_press():
    desk = Desk()
    desk.turn(b" " * 4000)
    desk.play(3.0, [])
    assert desk.asked == [BEGIN, CANCEL]


@pytest.mark.parametrize("key", [b"x", b"\r", b"\x03", b"\x1a", b"\x1b[A", b"\x00", "é".encode(), b"  q "])
@pytest.mark.parametrize("phase", ["ready", "armed", "treating", "fault", "idle"])
def test_any_other_key_is_stop_in_every_phase(phase, key):
    desk = Desk()
    desk.phase = phase
    desk.turn(key)
    assert desk.asked == [STOP]


def test_a_new_press_takes_arming_back_and_the_one_that_armed_does_not():
    desk = Desk()
    desk.play(4.0, held(0.25, 0.092, 4.0))
    assert (desk.asked, desk.phase) == ([BEGIN, ARM], "armed")
    desk.play(NEW_PRESS_AFTER_S + 0.1, [])
    desk.turn(b" ")
    assert desk.asked == [BEGIN, ARM, PAUSE]


def test_a_key_still_held_when_light_is_wanted_again_begins_nothing():
    """Each light has a press of its own."""
    desk = Desk()
    desk.play(2.0, held(0.25, 0.092, 2.0))
    desk.phase = "ready"
    desk.play(4.0, held(0.0, 0.092, 4.0))
    assert desk.asked == [BEGIN, ARM]
    desk.play(1.0, [])
    desk.play(3.0, held(0.25, 0.092, 3.0))
    assert desk.asked == [BEGIN, ARM, BEGIN, ARM]


def test_what_came_while_nobody_looked_holds_nothing():
    desk = Desk()
    desk.play(0.5, held(0.25, 0.05, 0.5))
    desk.turn(b" " * 30, step_s=3.0, stood_still=True)
    assert desk.asked == [BEGIN, CANCEL]
    desk.turn(b" ", step_s=0.05)
    desk.play(2.0, [0.0, 0.1])
    assert desk.asked == [BEGIN, CANCEL]
    desk.turn(b"q" * 30, step_s=3.0, stood_still=True)
    assert desk.asked[-1] is STOP


def test_where_no_light_is_wanted_a_held_key_is_nothing():
    desk = Desk()
    desk.hand.may_arm = False
    desk.play(3.0, held(0.25, 0.05, 3.0))
    assert desk.asked == []
