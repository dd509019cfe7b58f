"""A procedure on the simulated cart: what is wrong fails with its reason, and nothing comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kiosk_command import Cart
from tests.e2e.treat_bench import TECHNICIAN

pytestmark = pytest.mark.slow

WRONG = {
    "photodiode.blocked: true": "The photodiode does not see the calibration's light.",
    "meter.factor: 10": "is no reading of a meter whose range ends at 15 W",
    "meter.time_constant_s: 30": "the meter still moved when the light ended, so it was read too early",
    "stage.stalled: true": "not at 1000 um within 10 s",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_fails_with_its_reason_and_makes_no_calibration(
    wrong: str, tmp_path: Path, warm: Path
) -> None:
    cart, here = Cart(tmp_path / "data"), ("--config", str(warm))
    cart.text("users", "add", TECHNICIAN, "--full-name", "Jane Doe", "--role", "technician", *here)
    before = cart.json("calibrations", "list", *here)["calibrations"]
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(
        f"name: Wrong\ndescription: It.\nevents:\n  - at: session + 0s\n    {wrong}\n", encoding="utf-8"
    )
    measure = ("calibrate", "photodiode", "--tech", TECHNICIAN, "--fast", "--scenario", str(scenario), *here)
    done = cart.run(*measure)
    assert done.exit_code == 1
    assert WRONG[wrong] in done.stderr
    assert cart.json("calibrations", "list", *here)["calibrations"] == before
    (session,) = cart.json("calibrations", "sessions", *here)["sessions"]
    assert session["verdict"] == "failed"
