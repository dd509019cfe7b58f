"""Which PINs an account can be given: six digits that others do not try first."""

from __future__ import annotations

import pytest

from tosca_kiosk.domain.pin_rules import NOT_SIX_DIGITS, WEAK_PIN, is_weak, pin_problem

WEAK = {
    "one digit": "000000 777777",
    "two digits": "121212 112211 111222 550055",
    "a run": "123456 654321 012345 890123 098765 210987 246802",
    "two runs": "123789 321987 456123 123321",
    "groups": "123123 112233 907907 884466",
    "a day first": "310184 010100 291299 150688",
    "a month first": "013184 123100 061588",
    "a year first": "840131 001231 880615",
    "a whole year": "198407 071984 190031 312099 200615",
}


@pytest.mark.parametrize("pin", [pin for pins in WEAK.values() for pin in pins.split()])
def test_a_pin_that_others_try_first_is_weak_and_is_not_repeated(pin):
    assert pin_problem(pin) == WEAK_PIN
    assert pin not in WEAK_PIN


@pytest.mark.parametrize("pin", ["271828", "314159", "141421", "806917", "999583", "329476", "508713"])
def test_any_other_pin_may_be_set(pin):
    assert pin_problem(pin) is None


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "12345²", " 12345"])
def test_what_is_no_pin_is_no_weak_one_either(pin):
    assert pin_problem(pin) == NOT_SIX_DIGITS


def test_seven_of_eight_pins_are_left_so_that_guessing_gets_no_easier():
    assert sum(is_weak(f"{number:06d}") for number in range(0, 1_000_000, 97)) / (1_000_000 / 97) < 0.13
