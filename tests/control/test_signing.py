"""Who signs an order: one PIN at a time, wrong ones delay the next of the same account, and none is kept."""

from __future__ import annotations

import pytest

from tosca_kiosk.control.signing import KEPT_S, MOST_ACCOUNTS, Signing
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.pin_tries import WRONG_PIN_DELAYS_S
from tosca_kiosk.domain.questions import NoAnswer, PinAnswer
from tosca_kiosk.link.messages import SignedOrder

PIN = "271828"


class Asked:
    """Takes questions, as Helpers does; the test answers them."""

    def __init__(self):
        self.questions = []

    def ask_pin(self, username, pin, now_s):
        self.questions.append((username, pin))
        return len(self.questions)


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def signing(asked):
    return Signing(asked)


def order(username="sue", pin=PIN):
    return SignedOrder(7, None, CommandType.ACKNOWLEDGE, username, pin, "seen")


def tried(signing, asked, now_s, role=None, username="sue"):
    """Sign once; return what came of it."""
    at_once = signing.take(order(username), now_s)
    return at_once or signing.heard(PinAnswer(len(asked.questions), role), now_s)


def test_a_right_pin_gives_the_order_with_the_accounts_role_and_forgets_the_pin(signing, asked):
    signed = tried(signing, asked, 0.0, "supervisor")
    assert (signed.role, signed.refused, signed.order.username, signed.order.reason) == (
        "supervisor",
        None,
        "sue",
        "seen",
    )
    assert asked.questions == [("sue", PIN)]
    assert PIN not in str(vars(signing)) + signed.order.pin


def test_wrong_pins_delay_the_next_one_more_and_more_and_none_is_looked_at_meanwhile(signing, asked):
    now_s = 0.0
    for wrong, delay_s in enumerate((*WRONG_PIN_DELAYS_S, WRONG_PIN_DELAYS_S[-1]), start=1):
        assert tried(signing, asked, now_s).tried.wait_s == delay_s
        if delay_s > 0.0:
            refused = tried(signing, asked, now_s + delay_s - 0.01, "supervisor")
            assert refused.role is None
            assert not refused.tried.looked_at
        assert len(asked.questions) == wrong
        now_s += delay_s
    assert tried(signing, asked, now_s, "supervisor").role == "supervisor"
    assert tried(signing, asked, now_s).tried.wait_s == 0.0, "a right one ends the row"


def test_another_account_does_not_wait_for_it(signing, asked):
    for _ in range(2):
        tried(signing, asked, 0.0)
    assert tried(signing, asked, 0.0, "admin", username="ann").role == "admin"


def test_one_pin_is_looked_at_at_a_time(signing, asked):
    assert signing.take(order(), 0.0) is None
    assert "another PIN" in signing.take(order("ann"), 0.0).refused
    assert len(asked.questions) == 1
    assert signing.heard(PinAnswer(99, "admin"), 0.0) is None, "an answer to another question"
    assert signing.heard(PinAnswer(1, "supervisor"), 0.0).role == "supervisor"


def test_a_pin_that_nobody_could_look_at_signs_nothing_and_counts_for_nothing(signing, asked):
    signing.take(order(), 0.0)
    signed = signing.heard(NoAnswer(1, "later than 2 s"), 2.0)
    assert (signed.role, signed.tried) == (None, None)
    assert "later than 2 s" in signed.refused
    assert tried(signing, asked, 2.0).tried.wait_s == 0.0


def test_an_account_that_the_record_locks_waits_as_long(signing, asked):
    signing.take(order(), 0.0)
    signed = signing.heard(PinAnswer(1, None, 12.3), 0.0)
    assert "wait 13 s" in signed.refused
    assert (signed.tried.looked_at, signed.tried.wait_s) == (False, 12.3)


def test_made_up_names_fill_no_memory_and_free_no_account_that_waits(signing, asked):
    for _ in range(3):
        tried(signing, asked, 0.0) if not signing._tries else tried(signing, asked, 100.0)
    for number in range(10 * MOST_ACCOUNTS):
        tried(signing, asked, 100.0, username=f"name {number}")
    assert len(signing._tries) <= MOST_ACCOUNTS
    assert tried(signing, asked, 100.1, "supervisor").role is None


def test_made_up_names_push_out_nobodys_count_and_are_forgotten_in_time(signing, asked):
    tried(signing, asked, 0.0)  # one wrong PIN, which no delay follows yet
    for number in range(2 * MOST_ACCOUNTS):
        tried(signing, asked, 1.0, username=f"name {number}")
    assert signing._tries["sue"].wrong == 1
    looked_at = len(asked.questions)
    assert "too many accounts" in tried(signing, asked, 2.0, "supervisor", "john").refused
    assert len(asked.questions) == looked_at, "nobody looks meanwhile"
    assert tried(signing, asked, 2.0 + KEPT_S, "supervisor", "john").role == "supervisor"
