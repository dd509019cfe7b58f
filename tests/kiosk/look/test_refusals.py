"""A protocol's refusal as a technician reads it."""

import json
import re
from copy import deepcopy

import pytest

from tosca_kiosk.domain.protocol_file import Limits, ProtocolError, parse_protocol
from tosca_kiosk.kiosk.look.refusals import spoken

STEP = {
    "step_number": 1,
    "duration_seconds": 8,
    "power_start_watts": 3.0,
    "power_end_watts": 3.0,
    "ring_size_mm": 3.0,
    "ramp_type": "constant",
}
GOOD = {
    "version": "1.0",
    "steps": [STEP, {**STEP, "step_number": 2}],
    "safety_limits": {"max_power_watts": 5.0},
}
LIMITS = Limits(10.0, 600.0, 1.0, 5.0)
MISSING = "left out"


def refusal(path, value):
    """Return why the good document is refused with one thing in it changed."""
    document = deepcopy(GOOD)
    *way, last = path
    place = document
    for part in way:
        place = place[part]
    if value == MISSING:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(ProtocolError) as raised:
        parse_protocol(json.dumps(document), "name", "name", LIMITS)
    return str(raised.value).removeprefix("name: ")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ("steps", 0, "power_start_watts"),
            12.0,
            "Step 1: power at its start 12.0 is over 5.0 W (the protocol's",
        ),
        (("steps", 1, "ring_size_mm"), 9.0, "Step 2: ring size 9.0 is outside 1.0 to 5.0 mm"),
        (("steps", 0, "duration_seconds"), MISSING, "Step 1: duration is missing"),
        (("steps", 1, "step_number"), 4, "Step 2: number 4 must be 2"),
        (("steps",), MISSING, "The steps are missing"),
        (
            ("steps", 0, "duration_seconds"),
            6000,
            "The whole duration 6008.0 is over 600.0 s (the cart's longest",
        ),
        (
            ("safety_limits", "max_power_watts"),
            50.0,
            "The protocol's highest power 50.0 is over 10.0 W (the cart's",
        ),
    ],
)
def test_a_refusal_names_the_step_and_the_quantity(path, value, said):
    assert spoken(refusal(path, value)).startswith(said)


CHANGES = [
    *[(("steps", 0, key), value) for key in STEP for value in (MISSING, "wrong", -1, 1e9)],
    (("steps", 0, "colour"), 1),
    (("steps", 0), "wrong"),
    (("steps",), []),
    (("version",), "2"),
    (("safety_limits", "max_duration_seconds"), -1),
    (("protocol_name",), ""),
]


@pytest.mark.parametrize(("path", "value"), CHANGES, ids=str)
def test_no_path_and_no_key_of_the_document_is_left_in_a_refusal(path, value):
    assert not re.search(r"\[\d|\w_\w|\w\.\w+_", spoken(refusal(path, value)))


def test_what_is_no_refusal_of_a_protocol_stays_as_it_is():
    text = "patient P-2026-0001 has a session already; end it first"
    assert spoken(text) == text
